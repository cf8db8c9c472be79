"""No loop over a member of what a call has just returned.

In `for (auto& x : snapshot()->items)` the pointer that snapshot() returned is gone before the first
turn (C++23 mends it); when another thread puts a new snapshot in place, the items are gone too.
"""

import re

import pytest

from tree import code_lines, tracked

_OVER_A_MEMBER = re.compile(r"\bfor \([^;]* : .*\)->\w+")
# The same of a StatusOr that has just been returned.
_OVER_A_VALUE = re.compile(r"\bfor \([^;]* : [^;{]*\)\.value\(\)[\w\[\].()]*\)( \{)?$")


def wrong(code):
    return bool(_OVER_A_MEMBER.search(code) or _OVER_A_VALUE.search(code))


@pytest.mark.parametrize("code, found", [
    ("  for (const auto& origin : origins.snapshot()->origins) {", True),
    ("  for (auto& x : Find(key)->second.items) Use(x);", True),
    ("  for (const Reply& item : reply.AsArray().value()) {", True),
    ("  for (const char* rule : rules) made.push_back(Parse(rule).value());", False),
    ("  for (const auto& origin : snapshot->origins) {", False),
    ("  for (const auto& x : Items()) {", False),
    ("  for (size_t i = 0; i < Find(key)->size(); ++i) {", False),
])
def test_the_rule(code, found):
    assert wrong(code) is found


def test_this_tree():
    found = [f"{path}:{number}: {code.strip()}"
             for path in tracked("src/*.h", "src/*.cc", "tools/*.h", "tools/*.cc")
             for number, code in code_lines(path) if wrong(code)]
    found += [f"{path}:{number}: {code.strip()}" for path in tracked("tests/*.h", "tests/*.cc")
              for number, code in code_lines(path) if _OVER_A_VALUE.search(code)]
    assert not found, "\n".join(found)
