"""Runs the fuzz targets: seconds from the seeds of the tree, or long with corpora that are kept."""

import concurrent.futures
import os
import pathlib
import shutil
import subprocess

from builds import JOBS, ROOT, StageError, run, say
from results import Counts

SECONDS = 10
LONG_SECONDS = 600
LONG_AT_ONCE = 2

# What stops a target that hangs or eats memory; both are findings.
# By the wall clock: beside other work an input of a millisecond has waited ten seconds for a core.
_LIMITS = ["-timeout=60", "-rss_limit_mb=2048"]


def build_targets(builds):
    builds.configure("fuzz", "fuzz")
    targets = builds.targets_like("fuzz", "fuzz_[a-z0-9_]+")
    if not targets:
        raise StageError("the preset 'fuzz' has no targets")
    builds.build("fuzz", targets)
    return targets


def _seeds(target):
    folder = ROOT / "tests" / "fuzz" / "corpus" / target
    return [folder] if folder.is_dir() else []


def _run(command):
    return run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
               errors="replace")


def _report(result, target, inputs):
    print(result.stdout[-8000:], flush=True)
    say(f"{target} failed; its input is in {inputs}")
    return Counts(failed=1)


def fuzz_briefly(builds):
    """Every target for some seconds, from the seeds, in a scratch corpus."""
    targets = build_targets(builds)
    folder = builds.folder("fuzz")
    say(f"fuzzing {len(targets)} targets, {JOBS} at a time: {', '.join(targets)}")

    def one(target):
        scratch = folder / "fuzz-work" / target
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True)
        result = _run([folder / "bin" / target, f"-max_total_time={SECONDS}", *_LIMITS,
                       "-print_final_stats=1", f"-artifact_prefix={scratch}/crash-", scratch,
                       *_seeds(target)])
        return Counts(passed=1) if result.returncode == 0 else _report(result, target, scratch)

    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        return sum(pool.map(one, targets), Counts())


def corpora_folder():
    """Where corpora outlive builds and clones."""
    named = os.environ.get("SRSPROXY_FUZZ_CORPORA")
    if named:
        return pathlib.Path(named).expanduser().resolve()
    cache = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(cache) / "srsproxy" / "fuzz"


def long_seconds():
    text = os.environ.get("SRSPROXY_FUZZ_SECONDS") or str(LONG_SECONDS)
    if not text.isdecimal() or int(text) == 0:
        raise StageError(f"SRSPROXY_FUZZ_SECONDS is '{text}', not a number of seconds")
    return int(text)


class LongTarget:
    """One target with its folders: `corpus`, the inputs that reach what the seeds do not, and
    `crashes`, the inputs that failed."""

    def __init__(self, program, home):
        self._program = program
        self._target = program.name
        self._home = home
        self._corpus = home / "corpus"
        self._crashes = home / "crashes"
        self._old = home / "old"
        if self._old.is_dir() and not self._corpus.is_dir():
            self._old.rename(self._corpus)  # The last run ended within its merge.
        for folder in (self._corpus, self._crashes):
            folder.mkdir(parents=True, exist_ok=True)

    def run(self, seconds):
        """One case for the inputs that failed before, one for the time of fuzzing."""
        counts = self._repeat_crashes()
        result = _run([self._program, f"-max_total_time={seconds}", *_LIMITS,
                       "-print_final_stats=1", f"-artifact_prefix={self._crashes}/",
                       self._corpus, *_seeds(self._target)])
        if result.returncode == 0:
            counts += Counts(passed=1)
        else:
            counts += _report(result, self._target, self._crashes)
        before, after = self._merge()
        runs = [line.split()[-1] for line in result.stdout.splitlines()
                if line.startswith("stat::number_of_executed_units")]
        say(f"{self._target}: {runs[0] if runs else 'unknown'} runs; {after} of {before} inputs "
            f"kept beside the seeds")
        return counts

    def _repeat_crashes(self):
        """An input that fails no more joins the corpus."""
        counts = Counts()
        for path in sorted(self._crashes.iterdir()):
            result = _run([self._program, *_LIMITS, path])
            if result.returncode == 0:
                path.rename(self._corpus / path.name)
                counts += Counts(passed=1)
            else:
                counts += _report(result, self._target, path)
        return counts

    def _merge(self):
        """Leaves in the corpus only what reaches more than the seeds do. The old corpus stays until
        the new one is whole, so that an interrupted run loses nothing."""
        fresh = self._home / "merging"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir()
        seeds = set()
        for folder in _seeds(self._target):
            for seed in folder.iterdir():
                shutil.copy(seed, fresh / seed.name)
                seeds.add(seed.name)
        before = sum(1 for _ in self._corpus.iterdir())
        result = _run([self._program, "-merge=1", *_LIMITS, f"-artifact_prefix={self._crashes}/",
                       fresh, self._corpus])
        if result.returncode != 0:
            say(f"{self._target}: the corpus is left unmerged:\n{result.stdout[-2000:]}")
            return before, before
        for name in seeds:
            (fresh / name).unlink()
        shutil.rmtree(self._old, ignore_errors=True)
        self._corpus.rename(self._old)
        fresh.rename(self._corpus)
        shutil.rmtree(self._old)
        return before, sum(1 for _ in self._corpus.iterdir())


def fuzz_long(builds):
    """Every target for minutes, two at a time, each from the seeds and what earlier runs found."""
    seconds, home = long_seconds(), corpora_folder()
    targets = build_targets(builds)
    wanted = os.environ.get("SRSPROXY_FUZZ_TARGETS", "").split()
    unknown = [name for name in wanted if name not in targets]
    if unknown:
        raise StageError(f"SRSPROXY_FUZZ_TARGETS: '{unknown[0]}' is not one of "
                         f"{', '.join(targets)}")
    targets = wanted or targets
    say(f"fuzzing {len(targets)} targets, {seconds} s each, {LONG_AT_ONCE} at a time; their "
        f"corpora are in {home}")
    programs = builds.folder("fuzz") / "bin"
    with concurrent.futures.ThreadPoolExecutor(LONG_AT_ONCE) as pool:
        return sum(pool.map(lambda target: LongTarget(programs / target, home / target)
                            .run(seconds), targets), Counts())
