"""What tests left behind: cases counted, and the slow ones named."""

import dataclasses
import xml.etree.ElementTree

from builds import StageError


@dataclasses.dataclass
class Counts:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other):
        return Counts(self.passed + other.passed, self.failed + other.failed,
                      self.skipped + other.skipped)


@dataclasses.dataclass
class Row:
    """Of the summary: a stage, and the parts of which it consists, if it tells them."""
    name: str
    result: str  # "ok" or "failed"
    counts: Counts
    seconds: float
    cpu: float  # Seconds, of all its processes.
    parts: list = dataclasses.field(default_factory=list)

    @staticmethod
    def from_json(row):
        """Of what dataclasses.asdict() made of a row."""
        return Row(**row | {"counts": Counts(**row["counts"]),
                            "parts": [Row.from_json(part) for part in row["parts"]]})


def _parse(path):
    try:
        return xml.etree.ElementTree.parse(path).getroot()
    except (OSError, xml.etree.ElementTree.ParseError):
        return None


def _case_time(case):
    try:
        return float(case.get("time", 0))
    except ValueError:
        return 0.0


def read_cases(path):
    """The counts of a JUnit file and (seconds, case) of each; None when it is missing or cut."""
    root = _parse(path)
    if root is None:
        return None
    counts, times = Counts(), []
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
        times.append((_case_time(case), f"{case.get('classname')}.{case.get('name')}"))
    return counts, times


def read_results(ctest_file, case_folder):
    """The counts and the times of one run of CTest, by case where a program told them, else by
    program. A program that CTest could not start counts as failed: nobody built it."""
    root = _parse(ctest_file)
    if root is None:
        raise StageError(f"ctest left no results in {ctest_file}")
    total, times = Counts(), []
    for program in root.iter("testcase"):
        status = program.get("status")
        failed = status in ("fail", "notrun")
        told = read_cases(case_folder / f"{program.get('name')}.xml")
        if told is None:
            total += Counts(passed=int(not failed and status != "disabled"), failed=int(failed),
                            skipped=int(status == "disabled"))
            times.append((_case_time(program), program.get("name")))
            continue
        cases, case_times = told
        if failed and cases.failed == 0:
            cases.failed = 1  # It ended badly after its last case: a crash, a leak, a time-out.
        total += cases
        times += case_times
    return total, times
