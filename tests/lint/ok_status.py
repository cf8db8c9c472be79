"""Finds places where an OK status may be handed on as a failure.

`return x.status();` in a function that returns a StatusOr aborts the process when `x` is OK after
all, as in `if (!x.ok() || client_left) return x.status();`. So each `x.status()` that leaves its
place, and each Status returned as a StatusOr, has to stand where `!x.ok()` is certain:

- in the branch of an `if` whose condition is `!x.ok()`, alone or with others by `&&`; a question
  that only a failure answers with yes, absl::IsNotFound(x.status()), is as good;
- behind `x.ok() ? ... :`, `!x.ok() &&` or `x.ok() ||` in the same expression;
- after an `if` with `x.ok()`, alone or with others by `||`, that leaves by return, break or
  continue, or in its `else`.

A variable of type absl::Status may be made of either.

This reads words, not types: what it cannot follow has to be written so that it can.
"""

import dataclasses
import re

# These only look: an OK status harms none of them.
INSPECTORS = re.compile(r"(?:absl::Is[A-Z]\w*|MessageOf|SideOf|EndReasonOf|ErrorInfoOf|AddError)")
# Have a status() of their own, which says more than whether they failed.
OWN_STATUS = {"bridge_", "sources_"}
JUMPS = ("return", "co_return", "break", "continue", "throw")

_TOKEN = re.compile(
    r'R"(?P<raw>\w*)\((?s:.*?)\)(?P=raw)"|"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'|'
    r"//[^\n]*|/\*(?s:.*?)\*/|^[ \t]*\#(?:[^\n\\]|\\.|\\\n)*|[A-Za-z_]\w*|"
    r"\d(?:[\w.]|'\d|[eE][+-])*|::|->|&&|\|\||[-+*/%&|^<>=!]=|<=>|\+\+|--|\S", re.MULTILINE)
_PAIRS = {"(": ")", "[": "]", "{": "}"}


@dataclasses.dataclass
class Token:
    text: str
    line: int
    pair: int = -1  # The index of its other bracket.


def tokens_of(source):
    tokens, open_ = [], []
    line, at = 1, 0
    for match in _TOKEN.finditer(source):
        line += source.count("\n", at, match.start())
        at = match.start()
        text = match[0]
        if text.startswith(("//", "/*")) or text.lstrip().startswith("#"):
            continue
        if text.startswith(('"', "'", 'R"')):
            text = '""'
        tokens.append(Token(text, line))
        if text in _PAIRS:
            open_.append(len(tokens) - 1)
        elif text in _PAIRS.values() and open_:
            tokens[-1].pair = open_.pop()
            tokens[tokens[-1].pair].pair = len(tokens) - 1
    return tokens


class Code:
    """The tokens of one file, and what is certain at each place."""

    def __init__(self, source):
        self.tokens = tokens_of(source)
        self.parents = self._find_parents()

    def _find_parents(self):
        """For each token the bracket that it stands in, or -1."""
        parents, open_ = [], [-1]
        for index, token in enumerate(self.tokens):
            if token.text in _PAIRS.values() and token.pair >= 0 and open_[-1] == token.pair:
                open_.pop()
            parents.append(open_[-1])
            if token.text in _PAIRS and token.pair >= 0:
                open_.append(index)
        return parents

    def text(self, begin, end):
        """Without spaces, and with `*x` and `std::move(x)` as plain `x`."""
        words = "".join(token.text + (" " if token.text in ("return", "co_return", "co_await")
                                      else "") for token in self.tokens[begin:end])
        words = re.sub(r"std::move\((\*?[\w.>\-:]+)\)", r"\1", words)
        return words.replace("->", ".")

    def is_word(self, index):
        return 0 <= index < len(self.tokens) and re.match(r"\w", self.tokens[index].text)

    def subject_start(self, dot):
        """Where the expression begins whose member the `.` or `->` at `dot` asks for."""
        at = dot
        while True:
            at -= 1
            if self.tokens[at].text in (")", "]") and self.tokens[at].pair >= 0:
                at = self.tokens[at].pair
                if self.is_word(at - 1) and self.tokens[at - 1].text not in JUMPS:
                    at -= 1
            elif not self.is_word(at):
                return at + 1
            if at > 0 and self.tokens[at - 1].text in (".", "->", "::"):
                at -= 1
                continue
            return at

    def uses(self):
        """(subject, index where the expression begins, index after it) of each x.status()."""
        for index, token in enumerate(self.tokens):
            if token.text != "status" or index < 2:
                continue
            if [t.text for t in self.tokens[index + 1:index + 3]] != ["(", ")"]:
                continue
            if self.tokens[index - 1].text not in (".", "->"):
                continue
            start = self.subject_start(index - 1)
            yield self.text(start, index - 1), start, index + 3

    def is_certain(self, subject, at):
        """Whether `!subject.ok()` holds at the token `at`."""
        while at >= 0:
            if self._by_expression(subject, at) or self._by_statements(subject, at):
                return True
            at = self.parents[at]
        return False

    # ---- Within an expression

    def _by_expression(self, subject, at):
        """By what stands before `at` in the same expression and bracket."""
        begin = self._expression_start(at)
        parts, joints = self._split(begin, at, ("&&", "||", "?", ":"))
        for number, joint in enumerate(joints):
            part = parts[number]
            # a && HERE, a || HERE, a ? x : HERE; `&&` binds more closely than the others.
            following = joints[number:]
            if joint == "&&" and all(one == "&&" for one in following):
                if self._fails(part, subject):
                    return True
            if joint == "||" and all(one in ("&&", "||") for one in following):
                if self._succeeds(part, subject) and "&&" not in joints[:number]:
                    return True
            if joint == "?" and self._joint_reaches(following):
                if self._succeeds_of(parts[:number + 1], joints[:number], subject):
                    return True
            if joint == "?" and ":" not in following:
                if self._fails_of(parts[:number + 1], joints[:number], subject):
                    return True
        return False

    @staticmethod
    def _joint_reaches(following):
        """Whether what comes last stands behind the `:` of the `?` that `following` begins with."""
        depth = 0
        for joint in following:
            depth += (joint == "?") - (joint == ":")
            if depth == 0:
                return True
        return False

    def _expression_start(self, at):
        begin = at
        while begin > 0 and self.parents[begin - 1] == self.parents[at]:
            text = self.tokens[begin - 1].text
            if text in (";", ",", "return", "co_return", "=", "case", "{") or \
                    (text == "}" and not self._inside_expression(begin - 1)) or \
                    (text == ")" and self._is_condition(self.tokens[begin - 1].pair)):
                break
            begin = self._before(begin)
        return begin

    def _before(self, begin):
        """Where the word, or the bracket and all in it, begins that ends before `begin`."""
        last = self.tokens[begin - 1]
        closes = last.text in _PAIRS.values() and last.pair >= 0
        return last.pair if closes else begin - 1

    def _is_condition(self, bracket):
        before = self.tokens[bracket - 1].text if bracket > 0 else ""
        return before in ("if", "while", "for", "switch") or (
            before == "constexpr" and self.tokens[bracket - 2].text == "if")

    def _split(self, begin, end, separators):
        """The pieces of [begin, end) between separators that stand in no bracket within."""
        parts, joints, start, index = [], [], begin, begin
        while index < end:
            token = self.tokens[index]
            if token.text in _PAIRS and begin <= token.pair < end:
                index = token.pair
            elif token.text in separators:
                parts.append((start, index))
                joints.append(token.text)
                start = index + 1
            index += 1
        parts.append((start, end))
        return parts, joints

    def _fails(self, part, subject):
        """Whether [begin, end) is a condition that holds only when the subject failed."""
        return self._fails_of(*self._split(*self._bare(part), ("&&", "||")), subject)

    def _fails_of(self, parts, joints, subject):
        if "||" in joints:
            # Of alternatives each one has to say so.
            groups = self._groups(parts, joints)
            return all(any(self._one_fails(part, subject) for part in group) for group in groups)
        return any(self._one_fails(part, subject) for part in parts)

    def _succeeds(self, part, subject):
        """Whether [begin, end) is a condition that holds whenever the subject is OK."""
        return self._succeeds_of(*self._split(*self._bare(part), ("&&", "||")), subject)

    def _succeeds_of(self, parts, joints, subject):
        return any(len(group) == 1 and self._one_succeeds(group[0], subject)
                   for group in self._groups(parts, joints))

    @staticmethod
    def _groups(parts, joints):
        groups = [[parts[0]]]
        for part, joint in zip(parts[1:], joints):
            if joint == "||":
                groups.append([part])
            else:
                groups[-1].append(part)
        return groups

    def _bare(self, part):
        begin, end = part
        while (begin < end and self.tokens[begin].text == "(" and
               self.tokens[begin].pair == end - 1):
            begin, end = begin + 1, end - 1
        return begin, end

    def _one_fails(self, part, subject):
        begin, end = self._bare(part)
        if (begin, end) != part:
            return self._fails((begin, end), subject)
        words = self.text(begin, end)
        if words == f"!{subject}.ok()":
            return True
        asked = re.fullmatch(r"absl::Is[A-Z]\w*\((.*)\)", words)
        return bool(asked) and asked[1] in (f"{subject}.status()", subject)

    def _one_succeeds(self, part, subject):
        begin, end = self._bare(part)
        if (begin, end) != part:
            return self._succeeds((begin, end), subject)
        return self.text(begin, end) == f"{subject}.ok()"

    # ---- By statements before it, and around it

    def _by_statements(self, subject, at):
        """By the `if` that `at` is in a branch of, and those before it in the same block."""
        begin = self._statement_start(at)
        if self._by_branches(subject, begin):
            return True
        begin = self._outermost(begin)
        parent = self.parents[at]
        if parent >= 0 and self.tokens[parent].text != "{":
            return False
        while begin > 0 and self.parents[begin - 1] == parent:
            begin = self._previous_statement(begin)
            if self._early_exit(subject, begin):
                return True
        return False

    def _statement_start(self, at):
        begin = self._before(at + 1)
        parent = self.parents[at]
        while begin > 0 and self.parents[begin - 1] == parent:
            text = self.tokens[begin - 1].text
            if text in (";", "}", "else", "do", ":") and not self._inside_expression(begin - 1):
                break
            if text == ")" and self._is_condition(self.tokens[begin - 1].pair):
                break
            begin = self._before(begin)
        return begin

    def _inside_expression(self, index):
        """Whether the token ends no statement: the `:` of a `?`, a `}` within an expression."""
        token = self.tokens[index]
        if token.text == ":":
            at = index
            while at > 0 and self.parents[at - 1] == self.parents[index]:
                at -= 1
                if self.tokens[at].text == "?":
                    return True
                if self.tokens[at].text in (";", "{", "}", "case", "default"):
                    return False
            return False
        if token.text == "}":
            after = self.tokens[index + 1].text if index + 1 < len(self.tokens) else ""
            before = self.tokens[token.pair - 1].text if token.pair > 0 else ""
            return after in (",", ")", ".", ";", "->", "(") or before in ("=", "(", ",", "return")
        return False

    def _by_branches(self, subject, begin):
        """By each `if` of which the statement at `begin` is a branch."""
        while begin > 0:
            before = self.tokens[begin - 1]
            if before.text == "{" and begin - 1 == self.parents[begin]:
                return False  # Its owner is asked for when the block is.
            if before.text == ")" and self._is_condition(before.pair):
                if self._condition_fails(before.pair, subject):
                    return True
                begin = self._keyword_of(before.pair)
            elif before.text == "else":
                condition, start = self._if_before_else(begin - 1)
                if condition is None:
                    return False
                if self._condition_succeeds(condition, subject):
                    return True
                begin = start
            else:
                return False
        return False

    def _keyword_of(self, bracket):
        return bracket - (2 if self.tokens[bracket - 1].text == "constexpr" else 1)

    def _if_before_else(self, else_):
        """(the bracket of its condition, where the `if` begins)"""
        at = else_ - 1
        if self.tokens[at].text == "}":
            at = self.tokens[at].pair
        else:
            at = self._statement_start(at)
        before = self.tokens[at - 1]
        if before.text != ")" or not self._is_condition(before.pair):
            return None, at
        return before.pair, self._keyword_of(before.pair)

    def _condition_parts(self, bracket):
        """[begin, end) of the condition, without what is declared before it."""
        end = self.tokens[bracket].pair
        parts, _ = self._split(bracket + 1, end, (";",))
        return parts[-1]

    def _condition_fails(self, bracket, subject):
        return self.tokens[bracket - 1].text in ("if", "while") and \
            self._fails(self._condition_parts(bracket), subject)

    def _condition_succeeds(self, bracket, subject):
        return self.tokens[bracket - 1].text == "if" and \
            self._succeeds(self._condition_parts(bracket), subject)

    def _previous_statement(self, begin):
        """Where the statement begins that ends before `begin`."""
        at = begin - 1
        if self.tokens[at].text in (";", "}"):
            at -= 1
        if self.tokens[begin - 1].text == "}" and self.tokens[begin - 1].pair >= 0:
            at = self.tokens[begin - 1].pair
        if at < 0 or self.parents[at] != self.parents[begin - 1]:
            return begin - 1
        return min(self._outermost(self._statement_start(at)), begin - 1)

    def _outermost(self, start):
        """Where the statement begins of which the one at `start` is a branch, if it is one."""
        while start > 0:
            before = self.tokens[start - 1]
            if before.text == "else":
                _, start = self._if_before_else(start - 1)
            elif before.text == ")" and self._is_condition(before.pair):
                start = self._keyword_of(before.pair)
            else:
                break
        return start

    def _early_exit(self, subject, begin):
        """Whether the statement leaves when the subject is OK."""
        if self.tokens[begin].text != "if":
            return False
        bracket = begin + 1 + (self.tokens[begin + 1].text == "constexpr")
        return self._condition_succeeds(bracket, subject) and self._leaves(bracket)

    def _leaves(self, bracket):
        """Whether the branch behind the condition ends with a jump, and there is no else."""
        start = self.tokens[bracket].pair + 1
        if self.tokens[start].text != "{":
            return self.tokens[start].text in JUMPS
        end = self.tokens[start].pair
        if end + 1 < len(self.tokens) and self.tokens[end + 1].text == "else":
            return False
        if self.tokens[end - 1].text != ";":
            return False
        return self.tokens[self._statement_start(end - 2)].text in JUMPS

    # ---- What leaves its place

    def leaves_its_place(self, start, end):
        """Whether the x.status() in [start, end) is more than looked at."""
        if self.tokens[end].text in (".", "->"):
            return False
        if re.search(r"absl::Status\w+=$", self.text(max(0, start - 5), start)):
            return False  # A variable that may be OK; how it is returned is looked at on its own.
        bracket = self.parents[start]
        if bracket > 0 and self.tokens[bracket].text == "(" and self.is_word(bracket - 1):
            name = self.tokens[bracket - 1].text
            if bracket > 2 and self.tokens[bracket - 2].text == "::":
                name = self.tokens[bracket - 3].text + "::" + name
            return not INSPECTORS.fullmatch(name)
        return True


def status_functions(sources):
    """The names of functions that return a Status, now or awaited, and in no file anything else."""
    declared = re.compile(r"((?:[\w:]+<)*[\w:]+(?:<[^;(){}=]*>)?>*)[ \n]+[&*]?(?:\w+::)?(\w+)\(")
    yes, no = set(), set()
    for source in sources:
        for type_, name in declared.findall(source):
            if type_ in ("return", "co_return", "co_await", "new", "else", "delete"):
                continue
            plain = re.fullmatch(r"(?:(?:net::)?Task<)?absl::Status>?", type_)
            (yes if plain else no).add(name)
    return yes - no


def unsure_statuses(source):
    """(line, subject) of each x.status() that may be OK and is handed on."""
    code = Code(source)
    for subject, start, end in code.uses():
        if subject in OWN_STATUS or not code.leaves_its_place(start, end):
            continue
        if not code.is_certain(subject, start):
            yield code.tokens[start].line, subject


def unsure_returns(source, functions):
    """(line, name) of each Status that may be OK and is returned as a StatusOr. `functions`: the
    names of those that return a Status."""
    code = Code(source)
    tokens = code.tokens
    for index, token in enumerate(tokens):
        if token.text not in ("return", "co_return") or index + 2 >= len(tokens):
            continue
        if not code.is_word(index + 1) or tokens[index + 2].text != ";":
            continue
        name = tokens[index + 1].text
        body = _function_body(code, index)
        if body is None or not _returns_status_or(code, body):
            continue
        if _is_status(code, body, index, name, functions) and not code.is_certain(name, index):
            yield token.line, name


def _function_body(code, index):
    """The `{` of the function or lambda that the token is in."""
    at = code.parents[index]
    while at >= 0:
        if code.tokens[at].text == "{":
            before = at - 1
            while before > 0 and (code.tokens[before].text in ("const", "override", "final",
                                                               "mutable", "noexcept")):
                before -= 1
            words = code.text(max(0, before - 40), at)
            is_function = code.tokens[before].text == "]" or (
                code.tokens[before].text == ")" and
                not code._is_condition(code.tokens[before].pair))
            # `->` reads as `.`.
            if is_function or re.search(r"\)(?:mutable)?\.[\w:]+(?:<[^{};()]*>)?$", words):
                return at
        at = code.parents[at]
    return None


def _returns_status_or(code, body):
    """Whether the function's head says that it returns a StatusOr."""
    begin = body
    while begin > 0 and code.tokens[begin - 1].text not in (";", "{", "}") and body - begin < 120:
        begin -= 1
    head = code.text(begin, body)
    lambda_ = re.search(r"\](?:\(.*\))?(?:mutable)?\.(.*)$", head)
    if "](" in head or "]{" in head or head.endswith("]"):
        return bool(lambda_) and lambda_[1].startswith("absl::StatusOr<")
    return bool(re.match(r"(?:\[\[\w+\]\]|static|inline|template<.*?>|virtual)*"
                         r"(?:(?:net::)?Task<)?absl::StatusOr<", head))


def _is_status(code, body, index, name, functions):
    """Whether `name` was declared as a Status in this function, or is a member named as one."""
    for at in range(index - 1, body, -1):
        if code.tokens[at].text != name:
            continue
        before = code.text(max(body, at - 4), at)
        if re.search(r"absl::Status&?$", before):
            return True
        if not re.search(r"auto&?$", before) or code.tokens[at + 1].text != "=":
            continue
        called = re.match(r"(?:co_await )?([\w.:]+)\(", code.text(at + 2, min(index, at + 20)))
        return bool(called) and re.split(r"[.:]", called[1])[-1] in functions
    return False
