"""The stages of scripts/test: build, run, count, and say at the end what passed and what was slow.

Each stage says which build it needs; a build is made once a run. Test programs write JUnit files
(GoogleTest and pytest by case, CTest by program), and the summary is counted from those.
"""

import argparse
import dataclasses
import json
import os
import pathlib
import shutil
import sys
import time

import chroot
import fuzzing
from builds import JOBS, ROOT, Builds, StageError, cpu_seconds, duration, run, say
from results import Counts, Row, read_results

SHIPPED = ["srsproxy", "srsproxyctl", "page"]
SLOWEST = 10

# End-to-end tests wait, they do not work: 0.1 to 0.5 cores a file.
E2E_JOBS = 3 * JOBS
ASAN_E2E_JOBS = 2 * JOBS

# The folders that CTest runs in: the preset of each, and what is defined besides. tests/lint looks
# at all of them for tests that no stage runs.
FOLDERS = {
    "release": ("release",),
    "asan": ("asan",),
    "tsan": ("tsan", "-DSRSPROXY_DATAPLANE_ONLY=ON"),
    "tsan-control": ("tsan", "-DSRSPROXY_CTL=OFF"),
}


@dataclasses.dataclass
class Stage:
    """`tests`: the folder and the label of the tests that it runs with CTest."""
    name: str
    about: str
    run: callable
    by_default: bool = True
    tests: tuple = None


class Runner:
    """Builds, runs tests, and remembers how long each took."""

    def __init__(self):
        self.builds = Builds()
        self.slow_tests = []  # (seconds, what)
        self.parts = []  # Rows of what the stage that runs consists of, if it tells them.

    def build(self, name, targets):
        self.builds.configure(name, *FOLDERS[name])
        self.builds.build(name, targets)
        return Counts()

    def test(self, name, label, targets=None, jobs=JOBS):
        """Runs the tests with the label; without targets only those tests are built."""
        self.builds.configure(name, *FOLDERS[name])
        if targets is None:
            targets = self.builds.test_names(name, label)
            if not targets:
                raise StageError(f"no test of '{name}' is labelled '{label}'")
        self.builds.build(name, targets)
        return self._ctest(name, label, jobs)

    def _ctest(self, name, label, jobs):
        folder = self.builds.folder(name)
        results = folder / "test-results" / label
        shutil.rmtree(results, ignore_errors=True)
        results.mkdir(parents=True)
        ctest_file = results / "ctest.xml"
        suppressions = ROOT / "tests" / "support" / "tsan.suppressions"
        environment = dict(os.environ, GTEST_OUTPUT=f"xml:{results}/", E2E_RESULTS=str(results),
                           ASAN_OPTIONS="detect_stack_use_after_return=1",
                           UBSAN_OPTIONS="print_stacktrace=1",
                           TSAN_OPTIONS="halt_on_error=1:second_deadlock_stack=1")
        if name == "tsan-control":
            environment["TSAN_OPTIONS"] += f":suppressions={suppressions}"
        run(["ctest", "--test-dir", folder, "-L", f"^{label}$", "-j", jobs, "--output-on-failure",
             "--no-tests=error", "--output-junit", ctest_file], env=environment)
        counts, times = read_results(ctest_file, results)
        self.slow_tests += [(seconds, f"{name}: {what}") for seconds, what in times]
        return counts


def program(*command, env=None):
    """What has no cases of its own: one case, by its exit code."""
    failed = run(command, env=env).returncode != 0
    return Counts(passed=int(not failed), failed=int(failed))


def make_stages(runner):
    def build(name, about, folder, targets):
        return Stage(name, about, lambda: runner.build(folder, targets))

    def tests(name, about, folder, label, targets=None, jobs=JOBS, by_default=True):
        return Stage(name, about, lambda: runner.test(folder, label, targets, jobs), by_default,
                     (folder, label))

    def asan_e2e():
        runner.build("release", SHIPPED)  # For srsproxyctl.
        return runner.test("asan", "e2e", asan, ASAN_E2E_JOBS)

    def faults(runs, *options):
        """Each run has a seed of its own, which the driver prints first."""
        def stage():
            runner.build("asan", ["srsproxy"])
            python = "/usr/bin/python3"
            environment = dict(os.environ, ASAN_OPTIONS="detect_stack_use_after_return=1",
                               UBSAN_OPTIONS="print_stacktrace=1",
                               SRSPROXY_BIN=str(runner.builds.folder("asan") / "bin" / "srsproxy"))
            commands = [[python, "-B", "-m", "pytest", "-q", "tests/faults"]]
            commands += [[python, "-B", "tests/faults/driver.py", *options]] * runs
            counts = [program(*command, env=environment) for command in commands]
            return sum(counts, Counts())
        return stage

    def soak():
        """The driver prints its seed first."""
        runner.build("release", ["srsproxy", "srsproxyctl"])
        programs = runner.builds.folder("release") / "bin"
        return program("/usr/bin/python3", "-B", "tests/soak/soak.py",
                       env=dict(os.environ, SRSPROXY_BIN=str(programs / "srsproxy"),
                                SRSPROXYCTL_BIN=str(programs / "srsproxyctl")))

    def tidy():
        runner.builds.configure("tidy", "dev", "-DSRSPROXY_PCH=OFF")
        return program(sys.executable, "tests/lint/clang_tidy.py", runner.builds.folder("tidy"),
                       "--jobs", JOBS)

    asan = ["all", "page"]
    stages = [
        build("build", "what ships, warnings are errors", "release", SHIPPED),
        tests("lint", "layers, formatting, docs, words", "release", "lint", SHIPPED),
        tests("cli", "unit tests of srsproxyctl", "release", "cli",
              [*SHIPPED, "srsproxyctl_test"]),
        tests("e2e", "real clients and origins", "release", "e2e", SHIPPED, E2E_JOBS),
        Stage("demo", "scripts/demo --check", lambda: program("scripts/demo", "--check")),
        build("asan-build", "all with ASan and UBSan", "asan", asan),
        tests("asan-unit", "unit tests under ASan and UBSan", "asan", "unit", asan),
        tests("asan-integration", "integration tests, the same", "asan", "integration", asan),
        Stage("asan-e2e", "real clients and origins, the same", asan_e2e, tests=("asan", "e2e")),
        Stage("faults", "2000 sequences of faults under ASan and UBSan", faults(1)),
        tests("tsan", "what crosses threads of the data plane, under TSan", "tsan", "tsan", jobs=1),
        Stage("fuzz", f"{fuzzing.SECONDS} s for each fuzz target",
              lambda: fuzzing.fuzz_briefly(runner.builds)),
        # Only when named: what takes long, or finds little that the stages above do not.
        tests("tsan-control", "what crosses gRPC's threads, under TSan", "tsan-control",
              "tsan-control", jobs=1, by_default=False),
        Stage("fuzz-long", f"{fuzzing.LONG_SECONDS // 60} minutes for each fuzz target",
              lambda: fuzzing.fuzz_long(runner.builds), by_default=False),
        tests("unit", "unit tests of the release build", "release", "unit", ["all"],
              by_default=False),
        tests("integration", "integration tests, the same", "release", "integration", ["all"],
              by_default=False),
        Stage("faults-long", "ten seeds with 5000 sequences each",
              faults(10, "--sequences", "5000"), by_default=False),
        Stage("soak", "half an hour of mixed load, with all that may happen to clients and origins",
              soak, by_default=False),
        Stage("chroot", "the two commands of the README on a Debian 12 made for it",
              lambda: chroot.run_chroot([stage.name for stage in stages], runner.parts),
              by_default=False),
        Stage("tidy", "clang-tidy over src/ and tools/", tidy, by_default=False),
    ]
    return stages


def show_list(stages):
    for stage in stages:
        named = "" if stage.by_default else "; only when named"
        print(f"{stage.name:18}{stage.about}{named}")
    print(f"""
Of fuzz-long:
  SRSPROXY_FUZZ_SECONDS   seconds for each target ({fuzzing.LONG_SECONDS})
  SRSPROXY_FUZZ_TARGETS   only these targets, by name (all)
  SRSPROXY_FUZZ_CORPORA   where corpora and failing inputs are kept ({fuzzing.corpora_folder()})
Of soak:
  SRSPROXY_SOAK_MINUTES   how long, from 5 minutes up (30)
Of chroot:
  SRSPROXY_CHROOT_STAGES  what scripts/test runs there: stages, or 'all' ({chroot.DEFAULT_STAGES})
  SRSPROXY_CHROOT_CCACHE  a folder of ccache to use there (none: everything is compiled)""")


def show_slowest(title, times):
    if not times:
        return
    print(f"{title}:")
    for seconds, what in sorted(times, reverse=True)[:SLOWEST]:
        print(f"{seconds:8.1f} s  {what}")
    print()


def run_stages(chosen, runner):
    """Runs them in order; a row for each."""
    began = time.monotonic()
    rows = []
    for number, stage in enumerate(chosen, 1):
        say(f"stage {number} of {len(chosen)}: {stage.name} ({stage.about}), "
            f"{duration(time.monotonic() - began)} since the start")
        stage_began, cpu_began = time.monotonic(), cpu_seconds()
        runner.parts = []
        try:
            counts = stage.run()
            result = "failed" if counts.failed else "ok"
        except StageError as error:
            print(f"Error: {error}", file=sys.stderr, flush=True)
            counts, result = Counts(failed=1), "failed"
        rows.append(Row(stage.name, result, counts, time.monotonic() - stage_began,
                        cpu_seconds() - cpu_began, runner.parts))
        say(f"{stage.name}: {result} in {duration(rows[-1].seconds)}")
    return rows


def show_row(row, indent=""):
    print(f"{indent + row.name:18}{row.result:8}{row.counts.passed:8}{row.counts.failed:8}"
          f"{row.counts.skipped:9}{duration(row.seconds):>8}{duration(row.cpu):>8}")
    for part in row.parts:
        show_row(part, indent + "  ")


def show_summary(rows):
    """TIME beside CPU says what waits and what works."""
    print(f"\n{'STAGE':18}{'RESULT':8}{'PASSED':>8}{'FAILED':>8}{'SKIPPED':>9}{'TIME':>8}"
          f"{'CPU':>8}")
    for row in rows:
        show_row(row)
    total = sum((row.counts for row in rows), Counts())
    print(f"{'total':26}{total.passed:8}{total.failed:8}{total.skipped:9}"
          f"{duration(sum(row.seconds for row in rows)):>8}"
          f"{duration(sum(row.cpu for row in rows)):>8}\n")
    print(f"{total.passed} passed, {total.failed} failed", flush=True)
    return total


def main():
    runner = Runner()
    stages = make_stages(runner)
    known = {stage.name: stage for stage in stages}
    parser = argparse.ArgumentParser(prog="scripts/test", description=__doc__)
    parser.add_argument("stages", nargs="*", metavar="STAGE",
                        help="default: all that are not marked 'only when named'")
    parser.add_argument("--list", action="store_true", help="list the stages and stop")
    parser.add_argument("--results", type=pathlib.Path, metavar="FILE",
                        help="write the summary there too, as JSON")
    arguments = parser.parse_args()
    if arguments.list:
        show_list(stages)
        return 0
    unknown = [name for name in arguments.stages if name not in known]
    if unknown:
        parser.error(f"unknown stage '{unknown[0]}'; the stages are: {', '.join(known)}")
    chosen = ([known[name] for name in arguments.stages] or
              [stage for stage in stages if stage.by_default])

    rows = run_stages(chosen, runner)
    if arguments.results:
        arguments.results.write_text(json.dumps([dataclasses.asdict(row) for row in rows]))
    print()
    show_slowest("Slowest tests", runner.slow_tests)
    show_slowest("Slowest to build", runner.builds.slow)
    return 1 if show_summary(rows).failed else 0


if __name__ == "__main__":
    sys.exit(main())
