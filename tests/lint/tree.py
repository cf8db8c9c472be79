"""The files of the project."""

import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]


def tracked(*patterns):
    """Paths relative to ROOT of the files under version control that match, and still exist."""
    listing = subprocess.run(["git", "-c", "safe.directory=*", "ls-files", "-z", "--", *patterns],
                             cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout.decode()
    return [pathlib.Path(name) for name in listing.split("\0")
            if name and (ROOT / name).is_file()]


def lines(path):
    """Numbered lines of a text file, from 1."""
    return enumerate((ROOT / path).read_text(errors="replace").splitlines(), 1)


def code_lines(path):
    """The same for C++, without comments and without what stands in raw strings."""
    text = (ROOT / path).read_text(errors="replace")
    text = re.sub(r'(?s)R"(\w*)\(.*?\)\1"', lambda raw: "\n" * raw[0].count("\n"), text)
    return enumerate((line.split("//")[0].rstrip() for line in text.splitlines()), 1)
