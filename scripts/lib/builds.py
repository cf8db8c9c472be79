"""The build folders of scripts/test: configured, built, and what of them was slow."""

import os
import pathlib
import re
import resource
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
JOBS = os.cpu_count() or 2


class StageError(Exception):
    """A stage that could not run to its end: a build that failed, a tool that is missing."""


def say(text):
    print(f"==> {text}", flush=True)


def run(command, **kwargs):
    return subprocess.run([str(part) for part in command], cwd=ROOT, **kwargs)


def duration(seconds):
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def cpu_seconds():
    """What the processes that this one waited for have used."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def slow_outputs(log, since):
    """(seconds, file) of all that ninja made after `since`, a time of the system's clock."""
    found = {}
    try:
        lines = log.read_text().splitlines()
    except OSError:
        return []
    for line in lines:
        fields = line.split("\t")
        if len(fields) != 5 or int(fields[2]) < since * 1e9:
            continue
        # What one command makes has one beginning and one end: a generated header and its source.
        found[tuple(fields[:2])] = ((int(fields[1]) - int(fields[0])) / 1000, fields[3])
    return list(found.values())


class Builds:
    """The build folders, each configured and built at most once for the same targets."""

    def __init__(self, root=ROOT / "build"):
        self._root = root
        self._done = set()
        self.slow = []  # (seconds, what) of all that was built.

    def folder(self, name):
        return self._root / name

    def configure(self, name, preset, *definitions):
        if (name, "configure") in self._done:
            return
        command = ["cmake", "--preset", preset, "-B", self.folder(name), *definitions]
        result = run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if result.returncode != 0:
            raise StageError(f"cmake could not configure '{name}':\n{result.stdout}")
        self._done.add((name, "configure"))

    def build(self, name, targets):
        key = (name, tuple(targets))
        if key in self._done:
            return
        say(f"building {name}: {', '.join(targets)}")
        environment = dict(os.environ, NINJA_STATUS="[%f/%t, %es] ")
        began = time.time()
        result = run(["ninja", "-C", self.folder(name), *targets], env=environment)
        self.slow += [(seconds, f"{name}: {output}") for seconds, output in
                      slow_outputs(self.folder(name) / ".ninja_log", began)]
        if result.returncode != 0:
            raise StageError(f"the build '{name}' failed")
        self._done.add(key)

    def test_names(self, name, label):
        listing = run(["ctest", "--test-dir", self.folder(name), "-N", "-L", f"^{label}$"],
                      stdout=subprocess.PIPE, text=True, check=True).stdout
        return re.findall(r"Test +#\d+: (\S+)", listing)

    def targets_like(self, name, pattern):
        listing = run(["ninja", "-C", self.folder(name), "-t", "targets", "all"],
                      stdout=subprocess.PIPE, text=True, check=True).stdout
        return sorted(set(re.findall(rf"^({pattern}): phony$", listing, re.MULTILINE)))
