"""The layout of the code: clang-format, line lengths, and files that end as they should."""

import subprocess

from tree import ROOT, code_lines, lines, tracked

CPP = ("*.h", "*.cc")
TEXT = CPP + ("*.py", "*.sh", "*.proto", "CMakeLists.txt", "*.cmake", "scripts/*", ".ci/*")


def test_clang_format_would_change_nothing():
    files = [str(path) for path in tracked(*CPP)]
    result = subprocess.run(["clang-format", "--dry-run", "-Werror", *files], cwd=ROOT,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            check=False)
    assert result.returncode == 0, result.stdout[-4000:]


def test_lines_are_at_most_100_columns_long():
    numbered = [(path, code_lines(path)) for path in tracked(*CPP)]
    numbered += [(path, lines(path)) for path in tracked("*.py", "scripts/*")]
    wrong = [f"{path}:{number}: {len(line)} columns" for path, found in numbered
             for number, line in found if len(line) > 100]
    assert not wrong, "\n".join(wrong)


def test_no_tabs_and_no_blanks_at_the_end_of_a_line():
    wrong = [f"{path}:{number}" for path in tracked(*TEXT) for number, line in lines(path)
             if "\t" in line or line != line.rstrip()]
    assert not wrong, "\n".join(wrong)


def test_files_end_with_one_newline():
    wrong = []
    for path in tracked(*TEXT, "*.md"):
        data = (ROOT / path).read_bytes()
        if data and (not data.endswith(b"\n") or data.endswith(b"\n\n")):
            wrong.append(str(path))
    assert not wrong, wrong


def test_scripts_are_executable_and_parse():
    for path in tracked("scripts/*", ".ci/*"):
        if (ROOT / path).read_text().startswith("#!"):
            assert (ROOT / path).stat().st_mode & 0o111, f"{path} is not executable"
            subprocess.run(["bash", "-n", ROOT / path], check=True)
