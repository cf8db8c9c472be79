"""Every test runs: each label that a test carries is a stage of scripts/test that builds the test,
and no test waits to be named. The builds are asked, by configuring them, not the CMake files.
"""

import collections
import concurrent.futures
import json
import re
import subprocess
import sys

import pytest

from tree import ROOT, lines

sys.path.insert(0, str(ROOT / "scripts" / "lib"))

from builds import Builds  # noqa: E402
from stages import FOLDERS, Runner, make_stages  # noqa: E402


@pytest.fixture(scope="module")
def labels(tmp_path_factory):
    """Of each folder that stages use: its tests, and the labels of each."""
    builds = Builds(tmp_path_factory.mktemp("builds"))

    def configured(name):
        builds.configure(name, *FOLDERS[name])
        listing = subprocess.run(
            ["ctest", "--test-dir", builds.folder(name), "--show-only=json-v1"],
            stdout=subprocess.PIPE, check=True).stdout
        return {test["name"]: next((entry["value"] for entry in test["properties"]
                                    if entry["name"] == "LABELS"), [])
                for test in json.loads(listing)["tests"]}

    with concurrent.futures.ThreadPoolExecutor() as pool:
        return dict(zip(FOLDERS, pool.map(configured, FOLDERS)))


def ran(labels, stages):
    """(test, label) of all that these stages run."""
    return {(test, stage.tests[1]) for stage in stages if stage.tests
            for test, carried in labels[stage.tests[0]].items() if stage.tests[1] in carried}


def test_every_label_is_run_by_a_stage_that_builds_the_test(labels):
    carried = {(test, label) for tests in labels.values() for test, own in tests.items()
               for label in own}
    never = sorted(carried - ran(labels, make_stages(Runner())))
    assert not never, "labels that never run: " + ", ".join(f"{label} of {test}"
                                                            for test, label in never)


def test_every_test_runs_by_default(labels):
    stages = [stage for stage in make_stages(Runner()) if stage.by_default]
    ran_by_default = {test for test, _ in ran(labels, stages)}
    never = sorted({test for tests in labels.values() for test in tests} - ran_by_default)
    assert not never, f"run only when their stage is named: {', '.join(never)}"


def test_every_stage_has_tests(labels):
    empty = [stage.name for stage in make_stages(Runner())
             if stage.tests and not ran(labels, [stage])]
    assert not empty, f"stages without a test: {', '.join(empty)}"


def test_every_end_to_end_file_has_its_row():
    folder = ROOT / "tests" / "e2e"
    rows = collections.Counter(line.split()[0] for _, line in lines("tests/e2e/files.txt")
                               if line and not line.startswith("#"))
    files = {path.stem for path in folder.glob("test_*.py")}
    wrong = [f"{name}.py has no row: say in which build it runs" for name in files - rows.keys()]
    wrong += [f"{name}.py is not there" for name in rows.keys() - files]
    wrong += [f"{name} stands there {times} times" for name, times in rows.items() if times > 1]
    assert not wrong, "tests/e2e/files.txt: " + "; ".join(sorted(wrong))


def test_what_takes_long_runs_only_when_named_and_the_docs_say_so():
    named = {stage.name for stage in make_stages(Runner()) if not stage.by_default}
    assert named >= {"chroot", "soak", "faults-long", "fuzz-long"}
    text = (ROOT / "docs" / "testing.md").read_text().split("## Only when named")[1]
    told = {name for line in text.splitlines() if line.startswith("| `")
            for name in re.findall(r"`([\w-]+)`", line.split("|")[1])}
    assert told == named
