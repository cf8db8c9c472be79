"""The stages of scripts/test: build, run, count, and say at the end what passed.

Each stage says which build it needs; a build is made once a run. Test programs write JUnit files
(GoogleTest and pytest by case, CTest by program), and the summary is counted from those.
"""

import argparse
import concurrent.futures
import dataclasses
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parents[2]
JOBS = os.cpu_count() or 2
FUZZ_SECONDS = 10
SHIPPED = ["srsproxy", "srsproxyctl", "page"]


class StageError(Exception):
    """A stage that could not run to its end: a build that failed, a tool that is missing."""


@dataclasses.dataclass
class Counts:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other):
        return Counts(self.passed + other.passed, self.failed + other.failed,
                      self.skipped + other.skipped)


@dataclasses.dataclass
class Stage:
    name: str
    about: str
    run: callable
    by_default: bool = True


def say(text):
    print(f"==> {text}", flush=True)


def run(command, **kwargs):
    return subprocess.run([str(part) for part in command], cwd=ROOT, **kwargs)


class Builds:
    """The build folders, each configured and built at most once for the same targets."""

    def __init__(self):
        self._done = set()

    def folder(self, name):
        return ROOT / "build" / name

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
        result = run(["ninja", "-C", self.folder(name), *targets], env=environment)
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


def read_cases(path):
    """The counts of one JUnit file; None when it is missing or cut off."""
    try:
        root = xml.etree.ElementTree.parse(path).getroot()
    except (OSError, xml.etree.ElementTree.ParseError):
        return None
    counts = Counts()
    for case in root.iter("testcase"):
        skipped = (case.find("skipped") is not None or
                   case.get("status") in ("notrun", "disabled") or
                   case.get("result") in ("skipped", "suppressed"))
        if case.find("failure") is not None or case.find("error") is not None:
            counts.failed += 1
        elif skipped:
            counts.skipped += 1
        else:
            counts.passed += 1
    return counts


def count_results(ctest_file, case_folder):
    """Counts cases where a program told them, and whole programs where it did not."""
    try:
        root = xml.etree.ElementTree.parse(ctest_file).getroot()
    except (OSError, xml.etree.ElementTree.ParseError):
        raise StageError(f"ctest left no results in {ctest_file}") from None
    total = Counts()
    for program in root.iter("testcase"):
        failed = program.get("status") == "fail"
        cases = read_cases(case_folder / f"{program.get('name')}.xml")
        if cases is None:
            skipped = program.get("status") in ("notrun", "disabled")
            cases = Counts(passed=int(not failed and not skipped), failed=int(failed),
                           skipped=int(skipped))
        elif failed and cases.failed == 0:
            cases.failed = 1  # It ended badly after its last case: a crash, a leak, a time-out.
        total += cases
    return total


def ctest(builds, name, label, jobs=JOBS):
    folder = builds.folder(name)
    results = folder / "test-results" / label
    shutil.rmtree(results, ignore_errors=True)
    results.mkdir(parents=True)
    ctest_file = results / "ctest.xml"
    environment = dict(os.environ, GTEST_OUTPUT=f"xml:{results}/", E2E_RESULTS=str(results),
                       ASAN_OPTIONS="detect_stack_use_after_return=1",
                       UBSAN_OPTIONS="print_stacktrace=1",
                       TSAN_OPTIONS="halt_on_error=1:second_deadlock_stack=1")
    run(["ctest", "--test-dir", folder, "-L", f"^{label}$", "-j", jobs, "--output-on-failure",
         "--no-tests=error", "--output-junit", ctest_file], env=environment)
    return count_results(ctest_file, results)


def make_stages(builds):
    def labelled(name, label, targets, jobs=JOBS):
        def stage():
            builds.configure(name, name)
            builds.build(name, targets)
            return ctest(builds, name, label, jobs)
        return stage

    def build_only(name, targets):
        def stage():
            builds.configure(name, name)
            builds.build(name, targets)
            return Counts()
        return stage

    def asan_e2e():
        build_only("release", SHIPPED)()  # For srsproxyctl.
        return labelled("asan", "e2e", ["all", "page"])()

    def tidy():
        builds.configure("tidy", "dev", "-DSRSPROXY_PCH=OFF")
        result = run([sys.executable, "tests/lint/clang_tidy.py", builds.folder("tidy"),
                      "--jobs", JOBS])
        return Counts(passed=int(result.returncode == 0), failed=int(result.returncode != 0))

    def tsan():
        builds.configure("tsan", "tsan", "-DSRSPROXY_DATAPLANE_ONLY=ON")
        names = builds.test_names("tsan", "tsan")
        if not names:
            raise StageError("no test is labelled 'tsan'")
        builds.build("tsan", names)
        return ctest(builds, "tsan", "tsan", jobs=1)

    def fuzz():
        builds.configure("fuzz", "fuzz")
        targets = builds.targets_like("fuzz", "fuzz_[a-z0-9_]+")
        if not targets:
            raise StageError("the preset 'fuzz' has no targets")
        builds.build("fuzz", targets)
        say(f"fuzzing {len(targets)} targets, {JOBS} at a time: {', '.join(targets)}")
        with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
            results = pool.map(lambda target: fuzz_one(builds.folder("fuzz"), target), targets)
            return sum(results, Counts())

    def demo():
        result = run(["scripts/demo", "--check"])
        return Counts(passed=int(result.returncode == 0), failed=int(result.returncode != 0))

    return [
        Stage("build", "what ships, warnings are errors", build_only("release", SHIPPED)),
        Stage("lint", "layers, formatting, docs, words", labelled("release", "lint", SHIPPED)),
        Stage("cli", "unit tests of srsproxyctl",
              labelled("release", "cli", [*SHIPPED, "srsproxyctl_test"])),
        Stage("e2e", "real clients and origins", labelled("release", "e2e", SHIPPED)),
        Stage("demo", "scripts/demo --check", demo),
        Stage("asan-build", "all with ASan and UBSan", build_only("asan", ["all", "page"])),
        Stage("asan-unit", "unit tests under ASan and UBSan",
              labelled("asan", "unit", ["all", "page"])),
        Stage("asan-integration", "integration tests, the same",
              labelled("asan", "integration", ["all", "page"])),
        Stage("asan-e2e", "real clients and origins, the same", asan_e2e),
        Stage("tsan", "what crosses threads, under TSan", tsan),
        Stage("fuzz", f"{FUZZ_SECONDS} s for each fuzz target", fuzz),
        Stage("unit", "unit tests of the release build; only when named",
              labelled("release", "unit", ["all"]), by_default=False),
        Stage("integration", "integration tests, the same; only when named",
              labelled("release", "integration", ["all"]), by_default=False),
        Stage("tidy", "clang-tidy over src/ and tools/; only when named", tidy, by_default=False),
    ]


def fuzz_one(folder, target):
    """Runs from the seeds in a scratch corpus, so that the tree stays as it is."""
    scratch = folder / "fuzz-work" / target
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    seeds = ROOT / "tests" / "fuzz" / "corpus" / target
    command = [folder / "bin" / target, f"-max_total_time={FUZZ_SECONDS}", "-timeout=10",
               "-print_final_stats=1", f"-artifact_prefix={scratch}/crash-", scratch]
    if seeds.is_dir():
        command.append(seeds)
    result = run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                 errors="replace")
    if result.returncode == 0:
        return Counts(passed=1)
    print(result.stdout[-8000:], flush=True)
    say(f"{target} failed; its input is in {scratch}")
    return Counts(failed=1)


def duration(seconds):
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def main():
    stages = make_stages(Builds())
    known = {stage.name: stage for stage in stages}
    parser = argparse.ArgumentParser(prog="scripts/test", description=__doc__)
    parser.add_argument("stages", nargs="*", metavar="STAGE",
                        help="default: all that are not marked 'only when named'")
    parser.add_argument("--list", action="store_true", help="list the stages and stop")
    arguments = parser.parse_args()
    if arguments.list:
        for stage in stages:
            print(f"{stage.name:18}{stage.about}")
        return 0
    unknown = [name for name in arguments.stages if name not in known]
    if unknown:
        parser.error(f"unknown stage '{unknown[0]}'; the stages are: {', '.join(known)}")
    chosen = ([known[name] for name in arguments.stages] or
              [stage for stage in stages if stage.by_default])

    began = time.monotonic()
    rows = []
    total = Counts()
    for number, stage in enumerate(chosen, 1):
        say(f"stage {number} of {len(chosen)}: {stage.name} ({stage.about}), "
            f"{duration(time.monotonic() - began)} since the start")
        stage_began = time.monotonic()
        try:
            counts = stage.run()
            result = "failed" if counts.failed else "ok"
        except StageError as error:
            print(f"Error: {error}", file=sys.stderr, flush=True)
            counts, result = Counts(failed=1), "failed"
        total += counts
        rows.append((stage.name, result, counts, time.monotonic() - stage_began))
        say(f"{stage.name}: {result} in {duration(rows[-1][3])}")

    print(f"\n{'STAGE':18}{'RESULT':8}{'PASSED':>8}{'FAILED':>8}{'SKIPPED':>9}{'TIME':>8}")
    for name, result, counts, seconds in rows:
        print(f"{name:18}{result:8}{counts.passed:8}{counts.failed:8}{counts.skipped:9}"
              f"{duration(seconds):>8}")
    print(f"{'total':26}{total.passed:8}{total.failed:8}{total.skipped:9}"
          f"{duration(time.monotonic() - began):>8}\n")
    print(f"{total.passed} passed, {total.failed} failed", flush=True)
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main())
