"""No end-to-end test asserts a metric to have come to a value: it waits for it.

What a client sees and what a page counts are told by different threads: an answer is in the
client's hands before the session behind it is counted as ended.
"""

import ast

import pytest

from tree import ROOT, tracked


def asserted(text):
    """The lines that assert `x.metric(…) == …`."""
    return [node.lineno for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.Assert) and isinstance(node.test, ast.Compare)
            and isinstance(node.test.ops[0], ast.Eq)
            and isinstance(node.test.left, ast.Call)
            and isinstance(node.test.left.func, ast.Attribute)
            and node.test.left.func.attr == "metric"]


@pytest.mark.parametrize("code, found", [
    ("assert proxy.metric('sessions') == 2", True),
    ("assert proxy.metric('sessions', role='viewer') == 2, 'both play'", True),
    ("assert proxy.metric('bytes_total') > 1000", False),
    ("proxy.wait_for_metric('sessions', 2)", False),
    ("before = proxy.metric('sessions')", False),
])
def test_the_rule(code, found):
    assert bool(asserted(code)) is found


def test_this_tree():
    found = [f"{path}:{line}" for path in tracked("tests/e2e/*.py")
             for line in asserted((ROOT / path).read_text())]
    assert not found, "wait_for_metric() waits: " + ", ".join(found)
