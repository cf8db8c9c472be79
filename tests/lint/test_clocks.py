"""Deadlines run by the monotonic clock: whoever sets the machine's time ends no session."""

import re

from tree import code_lines, tracked

_WALL_CLOCK = re.compile(r"\babsl::Now\(|\bsystem_clock\b|\bgettimeofday\b|(?<![\w:.>])time\(")
# What people read: the name of a file, the log, what a certificate says.
_MAY_READ_IT = ("src/dataplane/core/clock.h", "src/dataplane/core/log.cc",
                "src/dataplane/data_plane.cc", "src/dataplane/directory/state_folder.cc")


def test_the_data_plane_reads_no_wall_clock():
    found = [f"{path}:{number}: {code.strip()}"
             for path in tracked("src/dataplane/*.h", "src/dataplane/*.cc")
             if str(path) not in _MAY_READ_IT
             for number, code in code_lines(path) if _WALL_CLOCK.search(code)]
    assert not found, "\n".join(found)
