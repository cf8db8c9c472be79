"""Documentation that points at what is there, and files that fit every machine."""

import re

from tree import ROOT, lines, tracked

_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"#+ +(.*)")
_CODE_PATH = re.compile(r"`((?:src|tests|scripts|proto|tools|docs|deploy|cmake)/[\w./-]*\w)`")


def anchors(path):
    found = set()
    for _, line in lines(path):
        match = _HEADING.match(line)
        if match:
            text = re.sub(r"[^\w\- ]", "", match[1].lower())
            found.add(text.replace(" ", "-"))
    return found


def test_links_resolve():
    broken = []
    for path in tracked("*.md"):
        for number, line in lines(path):
            for target in _LINK.findall(line):
                if re.match(r"[a-z]+:", target):
                    continue
                name, _, anchor = target.partition("#")
                file = (ROOT / path).parent / name if name else ROOT / path
                if not file.exists():
                    broken.append(f"{path}:{number}: {target} is not there")
                elif anchor and file.suffix == ".md" and anchor not in anchors(
                        file.resolve().relative_to(ROOT)):
                    broken.append(f"{path}:{number}: {target} has no such heading")
    assert not broken, "\n".join(broken)


def test_paths_named_in_the_docs_exist():
    missing = []
    for path in tracked("*.md"):
        for number, line in lines(path):
            for name in _CODE_PATH.findall(line):
                if not (ROOT / name).exists() and not list(ROOT.glob(f"{name}.*")):
                    missing.append(f"{path}:{number}: {name}")
    assert not missing, "\n".join(missing)


def test_the_readme_shows_the_two_commands():
    text = (ROOT / "README.md").read_text()
    for command in ("scripts/demo", "scripts/test"):
        assert re.search(rf"^\s*(\$ )?{command}\b", text, re.MULTILINE), command


def test_no_file_names_the_folder_it_was_written_in():
    """A path of one machine, or a lock file that names one server."""
    folder = str(ROOT.parent)
    private = [r"/home/\w+/", r"/Users/\w+/", r'"resolved":']
    if folder not in ("/", "/tmp", "/root", "/home", "/usr/src", "/src", "/build"):
        private.append(re.escape(folder) + "/")
    pattern = re.compile("|".join(private))
    found = [f"{path}:{number}: {line.strip()}" for path in tracked()
             if str(path) != "tests/lint/test_docs.py"
             for number, line in lines(path) if pattern.search(line)]
    assert not found, "\n".join(found)


def test_no_file_cites_what_is_not_in_the_tree():
    """Documents of those who wrote it, which nobody else can open."""
    cited = re.compile(r"\b(DESIGN|FACTS|STYLE|ISSUES?)(\.md\b|\b(?= \"|:))")
    found = [f"{path}:{number}: {line.strip()}"
             for path in tracked("src", "tools", "tests", "proto", "scripts", "cmake", "docs")
             if path.suffix != ".binpb" and str(path) != "tests/lint/test_docs.py"
             for number, line in lines(path) if cited.search(line)]
    assert not found, "\n".join(found)
