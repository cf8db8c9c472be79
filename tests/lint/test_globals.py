"""No mutable state outside of objects: what a thread may touch must be visible where it is used.

clang-tidy (cppcoreguidelines-avoid-non-const-global-variables) sees more; this is quick.
"""

import re

from tree import code_lines, tracked

# Code at column 0 is at namespace scope; a variable there has no parenthesis before its value.
_AT_NAMESPACE_SCOPE = re.compile(r"(?:static\s+|thread_local\s+|inline\s+)*"
                                 r"[A-Za-z_][\w:<>,*& ]*[ *&>]\w+\s*(?:=(?!=)|;|\{.*\};)")
_NOT_A_VARIABLE = re.compile(
    r"(?:#|//|using\b|return\b|namespace\b|class\b|struct\b|enum\b|template\b|typedef\b|extern\b|"
    r"friend\b|public\b|private\b|protected\b|concept\b|union\b|case\b|default\b|co_)")
_STATIC_LOCAL = re.compile(r"\s+(?:static|thread_local)\s[^()]*?\w+\s*(?:=(?!=)|;|\{)")
_CONSTANT = re.compile(r"\b(const|constexpr|constinit const)\b")


def mutable_globals(path):
    for number, code in code_lines(path):
        if _CONSTANT.search(code):
            continue
        at_namespace_scope = _AT_NAMESPACE_SCOPE.match(code) and not _NOT_A_VARIABLE.match(code)
        if at_namespace_scope or _STATIC_LOCAL.match(code):
            yield f"{path}:{number}: {code.strip()}"


def test_no_mutable_globals():
    found = [where for path in tracked("src/*.h", "src/*.cc", "tools/*.h", "tools/*.cc")
             for where in mutable_globals(path)]
    assert not found, "\n".join(found)
