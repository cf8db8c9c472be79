"""No OK status is handed on as a failure; ok_status.py tells the rule."""

import pytest

from ok_status import status_functions, unsure_returns, unsure_statuses
from tree import ROOT, tracked

DECLARED = "absl::Status Check(int n); net::Task<absl::Status> Send(int n);"

CERTAIN = [
    "if (!x.ok()) return x.status();",
    "if (!x.ok()) co_return x.status();",
    "if (auto x = F(); !x.ok()) return done(x.status());",
    "if (!x.ok() && !gone) co_return x.status();",
    "if (gone && (!x.ok())) return x.status();",
    "if (!x.ok()) { log(); return x.status(); }",
    "if (!x.ok()) { if (gone) return; done(x.status()); }",
    "if (!x.ok()) { for (const auto& y : all) { y.done(x.status()); } }",
    "if (!x.ok()) return std::move(x).status();",
    "if (!x->ok()) return x->status();",
    "if (!a.b[1].ok()) return a.b[1].status();",
    "if (!a.f(1, g(2)).ok()) return a.f(1, g(2)).status();",
    "if (absl::IsNotFound(x.status())) return x.status();",
    "if (gone && absl::IsNotFound(x.status())) return x.status();",
    "if ((absl::IsNotFound(x.status()) || absl::IsAborted(x.status())) && y) return x.status();",
    "if (x.ok()) return *x; return x.status();",
    "if (x.ok()) { y = *x; return; } done(x.status());",
    "if (x.ok() || gone) return 1; log(); { log(); return x.status(); }",
    "if (x.ok()) { if (gone) { log(); } return 1; } return x.status();",
    "while (true) { if (x.ok()) continue; return x.status(); }",
    "if (x.ok()) { use(*x); } else { done(x.status()); }",
    "if (x.ok()) use(*x); else done(x.status());",
    "if (gone) { log(); } else if (!x.ok()) { done(x.status()); }",
    "if (x.ok()) { use(); } else if (gone) { log(); } else { done(x.status()); }",
    "return x.ok() ? f(*x) : x.status();",
    "const auto code = x.ok() ? Read(*x) : x.status();",
    "return !x.ok() ? x.status() : f(*x);",
    "done(x.ok() ? absl::StatusOr<int>(1) : x.status());",
    "return !x.ok() && Tell(x.status());",
    "return x.ok() || Tell(x.status());",
    "if (!x.ok()) call([why = x.status()] { Tell(why); });",
    "if (!x.ok()) { auto later = [&] { Tell(x.status()); }; }",
    "switch (n) { case 1: if (x.ok()) return 1; return x.status(); default: break; }",
    # Only looked at.
    "if (gone || !x.ok()) Log(x.status().message());",
    "const bool missing = absl::IsNotFound(x.status());",
    "Log(MessageOf(x.status()));",
    "const absl::Status why = x.status();",
    "End(SideOf(bridge_.status()), bridge_.status());",
    "// return x.status();",
    'Log("return x.status();");',
]

UNCERTAIN = [
    "return x.status();",
    "done(x.status());",
    "if (gone || !x.ok()) co_return x.status();",
    "if (!x.ok() || gone) return x.status();",
    "if ((!x.ok() || gone) && here) return x.status();",
    "if (gone) { return x.status(); }",
    "if (x.ok()) return x.status();",
    "if (!y.ok()) return x.status();",
    "if (!x.y.ok()) return x.status();",
    "if (!ax.ok()) return x.status();",
    "if (absl::IsNotFound(x.status()) || gone) return x.status();",
    "if (x.ok() && here) return *x; return x.status();",
    "if (x.ok()) log(); return x.status();",
    "if (x.ok()) { log(); } return x.status();",
    "if (!x.ok()) { log(); } return x.status();",
    "if (!x.ok()) log(); else done(x.status());",
    "if (here) { if (x.ok()) return 1; } return x.status();",
    "return x.ok() ? x.status() : f(1);",
    "return gone || !x.ok() ? x.status() : f(1);",
    "return gone && x.ok() ? f(1) : x.status();",
    "return x.ok() && Tell(x.status());",
    "return gone || Tell(x.status());",
    "if (gone || !x.ok()) why_ = x.status();",
]


def in_function(body, returns="absl::StatusOr<int>"):
    return f"{returns} F(int n) {{ {body} }}"


@pytest.mark.parametrize("body", CERTAIN)
def test_what_is_certain_is_let_be(body):
    assert not list(unsure_statuses(in_function(body)))


@pytest.mark.parametrize("body", UNCERTAIN)
def test_what_may_be_ok_is_found(body):
    assert list(unsure_statuses(in_function(body))) == [(1, "x")]


RETURNED = [
    # (a function, whether a Status that may be OK is returned as a StatusOr)
    (in_function("absl::Status s = Check(1); return s;"), True),
    (in_function("const auto s = Check(1); if (!s.ok() || gone) return s; return 1;"), True),
    (in_function("const auto s = Check(1); if (!s.ok()) return s; return 1;"), False),
    (in_function("if (auto s = Check(1); !s.ok()) return s; return 1;"), False),
    (in_function("auto s = co_await Send(1); if (gone) co_return s; co_return 1;",
                 "net::Task<absl::StatusOr<int>>"), True),
    (in_function("auto s = co_await a.Send(1); if (!s.ok()) co_return s; co_return 1;",
                 "net::Task<absl::StatusOr<int>>"), False),
    (in_function("auto s = Other(1); return s;"), False),
    (in_function("auto s = Check(1); return s;", "absl::Status"), False),
    (in_function("auto s = co_await Send(1); co_return s;", "net::Task<absl::Status>"), False),
    ("void F() { auto f = []() -> absl::StatusOr<int> { auto s = Check(1); return s; }; }", True),
    ("absl::StatusOr<int> F() { auto f = [] { auto s = Check(1); return s; }; return 1; }", False),
    ("absl::StatusOr<int> A::F(int n) const { absl::Status s = G(); if (n || s.ok()) return 1; "
     "return s; }", False),
]


@pytest.mark.parametrize("function, found", RETURNED)
def test_a_status_that_is_returned_as_a_status_or(function, found):
    functions = status_functions([DECLARED])
    assert functions == {"Check", "Send"}
    assert bool(list(unsure_returns(function, functions))) is found


def test_this_tree():
    paths = tracked("src/*.h", "src/*.cc", "tools/*.h", "tools/*.cc")
    sources = {path: (ROOT / path).read_text() for path in paths}
    functions = status_functions(sources.values())
    assert "SendToClient" in functions
    found = [f"{path}:{line}: '{name}' may be OK where it is handed on as a failure"
             for path, source in sources.items()
             for line, name in [*unsure_statuses(source), *unsure_returns(source, functions)]]
    assert not found, "\n".join(found)
