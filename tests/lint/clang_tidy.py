"""Runs clang-tidy over src/ and tools/, with the compile commands of a build folder.

usage: clang_tidy.py BUILD_FOLDER [--jobs N] [FILE...]

The folder must be configured without precompiled headers, which clang cannot read from GCC; what
is generated (protobuf) is built first.
"""

import argparse
import concurrent.futures
import json
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]

# GCC's options that clang does not know, and its name for coroutines, which clang 14 has as well.
_UNKNOWN = {"-fcoroutines", "-fpch-preprocess", "-Wno-stringop-overread", "-Wno-restrict",
            "-Wno-maybe-uninitialized"}
_EXTRA = ["-D__cpp_impl_coroutine=201902L", "-Wno-builtin-macro-redefined",
          "-Wno-unknown-warning-option"]


def commands(folder):
    """Compile commands of our own sources, as clang-tidy takes them."""
    kept = []
    for entry in json.loads((folder / "compile_commands.json").read_text()):
        path = pathlib.Path(entry["file"])
        if not path.is_relative_to(ROOT) or path.relative_to(ROOT).parts[0] not in ("src", "tools"):
            continue
        words = [word for word in entry["command"].split() if word not in _UNKNOWN]
        compiler = next(index for index, word in enumerate(words)
                        if re.search(r"(c\+\+|g\+\+)[^/]*$", word))
        entry["command"] = " ".join(words[compiler:] + _EXTRA)
        kept.append(entry)
    return kept


def make_generated_headers(folder):
    """Only the headers, protobuf's and the scripts': clang-tidy needs nothing compiled."""
    targets = subprocess.run(["ninja", "-C", folder, "-t", "targets", "all"], check=True,
                             stdout=subprocess.PIPE, text=True).stdout
    headers = re.findall(r"^(\S+(?:\.pb|/script_sources)\.h): ", targets, re.MULTILINE)
    if headers:
        subprocess.run(["ninja", "-C", folder, "--quiet", *headers], check=True)


def check(folder, path):
    began = time.monotonic()
    result = subprocess.run(["clang-tidy", "--quiet", "-p", folder, path], cwd=ROOT,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    errors = [] if result.returncode == 0 else [result.stdout, result.stderr]
    return path, "\n".join(errors), time.monotonic() - began


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("files", nargs="*", type=pathlib.Path)
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_intermixed_args()

    make_generated_headers(arguments.folder)
    found = commands(arguments.folder)
    own = arguments.folder / "clang-tidy"
    own.mkdir(exist_ok=True)
    (own / "compile_commands.json").write_text(json.dumps(found))
    wanted = {path.resolve() for path in arguments.files}
    files = [entry["file"] for entry in found
             if not wanted or pathlib.Path(entry["file"]) in wanted]

    failed = 0
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        for number, (path, errors, seconds) in enumerate(
                pool.map(lambda path: check(own, path), files), 1):
            print(f"[{number}/{len(files)}, {seconds:.1f}s] {pathlib.Path(path).relative_to(ROOT)}"
                  f"{': FAILED' if errors else ''}", flush=True)
            if errors:
                failed += 1
                print(errors, flush=True)
    print(f"clang-tidy: {len(files) - failed} of {len(files)} files are clean")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
