"""Deadlines run by the monotonic clock: setting the machine's time ends no session and no call."""

import re

from tree import code_lines, tracked

_WALL_CLOCK = re.compile(r"\babsl::Now\b|\bsystem_clock\b|\bgettimeofday\b|(?<![\w:.>])time\("
                         r"|\bCLOCK_REALTIME\b|\bGPR_CLOCK_REALTIME\b")
# gRPC takes a deadline of this kind, too, and then goes by the wall clock.
_WALL_DEADLINE = re.compile(r"\bToChronoTime\(|\bToTimespec\(")
# What people read: the name of a file, the log, what a certificate says.
_MAY_READ_IT = ("src/dataplane/core/clock.h", "src/dataplane/core/log.cc",
                "src/dataplane/listener_certificate.cc", "src/dataplane/directory/state_folder.cc",
                "src/controlplane/access/access_files.cc", "tools/srsproxyctl/output/environment.h")


def _found(pattern, but=()):
    return [f"{path}:{number}: {code.strip()}"
            for path in tracked("src/*.h", "src/*.cc", "tools/*.h", "tools/*.cc")
            if str(path) not in but
            for number, code in code_lines(path) if pattern.search(code)]


def test_no_deadline_is_read_off_the_wall_clock():
    found = _found(_WALL_CLOCK, but=_MAY_READ_IT)
    assert not found, "\n".join(found)


def test_no_deadline_is_a_time_of_the_day():
    found = _found(_WALL_DEADLINE)
    assert not found, "\n".join(found)


def test_a_file_that_may_read_the_wall_clock_does():
    lines = {str(path) for path in tracked(*_MAY_READ_IT)
             if any(_WALL_CLOCK.search(code) for _, code in code_lines(path))}
    assert lines == set(_MAY_READ_IT)
