"""The stage `chroot`: the two commands of the README on a Debian 12 that has nothing but bash, git
and apt.

A root folder is made from the archives that this machine's own apt uses, the commit is cloned into
it, and in it run `scripts/demo --check`, before anything but the demo's own packages is there, and
then `scripts/test` with the stages asked for. All of it happens in a mount and a PID namespace of
its own, so that mounts and processes end with it however it ends; then the folder is removed.
"""

import contextlib
import fcntl
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

from builds import ROOT, StageError, cpu_seconds, run, say
from results import Counts, Row

SUITE = "bookworm"
DEFAULT_STAGES = "build cli"
_FOLDER = ROOT / "build" / "chroot"
_CLONE = pathlib.Path("src/srsproxy")  # Within the root.
_RESULTS = pathlib.Path("build/chroot-results.json")  # Within the clone.
_ENTER = ROOT / "scripts" / "lib" / "enter-root"

# What a fresh machine would have to be told too, to reach an archive or a registry from here.
_APT_OPTIONS = re.compile(r'Acquire::(https?|ftp|Proxy|Check-Date|Check-Valid-Until|Force|Retries)'
                          r'[\w:.-]* "[^"]+";')
_ENVIRONMENT = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY",
                "CCACHE_DISABLE", "TERM", "CI")
_NPM_SETTINGS = ("registry", "proxy", "https-proxy", "noproxy", "cafile")
_CERTIFICATES = pathlib.Path("usr/local/share/ca-certificates")


def chosen_stages(known):
    """What SRSPROXY_CHROOT_STAGES names; empty: those that scripts/test runs by default."""
    names = os.environ.get("SRSPROXY_CHROOT_STAGES", "").split() or DEFAULT_STAGES.split()
    if names == ["all"]:
        return []
    unknown = [name for name in names if name not in known or name == "chroot"]
    if unknown:
        raise StageError(f"SRSPROXY_CHROOT_STAGES: '{unknown[0]}' is neither 'all' nor one of "
                         f"{', '.join(name for name in known if name != 'chroot')}")
    return names


def ccache_folder():
    """Of this machine, to be used in the root too; empty: the build is cold."""
    named = os.environ.get("SRSPROXY_CHROOT_CCACHE", "")
    if named and not pathlib.Path(named).is_dir():
        raise StageError(f"SRSPROXY_CHROOT_CCACHE: there is no folder {named}")
    return str(pathlib.Path(named).resolve()) if named else ""


def source_lines(targets):
    """sources.list for the archives of the suite that `apt-get indextargets` told."""
    lines = []
    for target in targets.splitlines():
        address, release, component, origin = target.split("|")
        if origin == "Debian" and release.split("-")[0].split("/")[0] == SUITE:
            line = f"deb {address} {release} {component}"
            lines += [line] if line not in lines else []
    return lines


def apt_options(dump):
    """Those lines of `apt-config dump` that tell how archives are reached."""
    return [line for line in dump.splitlines() if _APT_OPTIONS.fullmatch(line)]


def _output(*command):
    try:
        result = run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    except OSError as error:
        raise StageError(f"{command[0]}: {error.strerror}") from error
    if result.returncode != 0:
        raise StageError(f"{' '.join(command)}: {result.stderr.strip()}")
    return result.stdout.strip()


def _git(*arguments):
    return _output("git", "-c", "safe.directory=*", *arguments)


def _npm_settings():
    """npm's settings that are not its own defaults, as the variables by which it takes them."""
    settings = {}
    if shutil.which("npm"):
        for name in _NPM_SETTINGS:
            value = _output("npm", "config", "get", name)
            if value not in ("", "null", "undefined"):
                settings[f"npm_config_{name.replace('-', '_')}"] = value
    return settings


def _environment(ccache):
    found = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    found |= _npm_settings()
    if ccache:
        found["CCACHE_DIR"] = "/ccache"
    return found | {"HOME": "/root", "USER": "root", "LANG": "C.UTF-8",
                    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}


@contextlib.contextmanager
def _ends_on_sigterm():
    """SIGTERM unwinds as Ctrl-C does."""
    def interrupt(*_):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _run_alone(command, environment):
    """The exit code of a command that has a mount and a PID namespace of its own. When this
    returns or raises, none of its processes lives and none of its mounts is left."""
    namespaces = ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--pid", "--fork",
                  "--kill-child"]
    child = subprocess.Popen([*namespaces, *(str(part) for part in command)], cwd=ROOT,
                             env=environment, stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        return child.wait()
    finally:
        # unshare ends when the first process in there has ended, and all others before that.
        children = pathlib.Path(f"/proc/{child.pid}/task/{child.pid}/children")
        while child.poll() is None:
            for pid in children.read_text().split():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)
            time.sleep(0.05)


class FreshDebian:
    """The root folder. As a context: made anew, and removed at the end."""

    def __init__(self, folder=_FOLDER):
        self._folder = folder
        self._root = folder / "root"
        self._lock = None

    def __enter__(self):
        self._folder.mkdir(parents=True, exist_ok=True)
        self._lock = open(self._folder / "lock", "w", encoding="ascii")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._lock.close()
            raise StageError(f"another run uses {self._folder}") from error
        self._remove()  # A run that was killed has left it.
        return self

    def __exit__(self, *_):
        self._remove()
        self._lock.close()

    def _remove(self):
        """Ends only when it is done: another Ctrl-C would leave the rest."""
        if not self._root.exists():
            return
        say(f"removing {self._root}")
        before = {number: signal.signal(number, signal.SIG_IGN)  # rm inherits it.
                  for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            run(["rm", "-rf", "--one-file-system", self._root], check=True)
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def make(self):
        sources = source_lines(_output(
            "apt-get", "indextargets", "--format",
            "$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(ORIGIN)", "Created-By: Packages"))
        if not sources:
            raise StageError(f"apt knows no archive of Debian's {SUITE} here; as root: apt-get "
                             f"update")
        options = self._folder / "apt.conf"
        options.write_text("".join(f"{line}\n" for line in
                                   apt_options(_output("apt-config", "dump"))))
        listed = self._folder / "sources.list"
        listed.write_text("".join(f"{line}\n" for line in sources))
        environment = dict(os.environ, LANG="C.UTF-8")
        # The folder is thrown away: no file in it has to outlive a power cut.
        if _run_alone(["mmdebstrap", "--mode=root", "--variant=apt", "--include=git",
                       f"--aptopt={options}", "--dpkgopt=force-unsafe-io", SUITE, self._root,
                       listed], environment) != 0:
            raise StageError("mmdebstrap could not make a Debian 12")
        self._take_over_certificates()

    def _take_over_certificates(self):
        """The authorities that were added to this machine; the package ca-certificates finds them
        when it is installed there."""
        mine, there = pathlib.Path("/") / _CERTIFICATES, self._root / _CERTIFICATES
        if mine.is_dir():
            shutil.copytree(mine, there, dirs_exist_ok=True)

    def clone(self):
        """HEAD, by a bundle: a clone of another user's tree would be refused."""
        bundle = self._folder / "head.bundle"
        _git("bundle", "create", "-q", str(bundle), "HEAD")
        _output("git", "clone", "-q", str(bundle), str(self._root / _CLONE))
        bundle.unlink()

    def run(self, command, ccache):
        """The exit code."""
        return _run_alone([_ENTER, self._root, ccache, *command], _environment(ccache))

    def results(self):
        """The rows that scripts/test has left there."""
        try:
            rows = json.loads((self._root / _CLONE / _RESULTS).read_text())
        except OSError:
            return []
        return [Row.from_json(row) for row in rows]


def _check_machine():
    if os.geteuid() != 0:
        raise StageError("chroot needs root: it mounts, and makes a Debian of its own")
    if run(["bash", "-c", "source scripts/lib/common.sh; install_packages chroot"]).returncode:
        raise StageError("the packages of the group 'chroot' could not be installed")
    if run(["unshare", "--mount", "--pid", "--fork", "true"]).returncode != 0:
        raise StageError("chroot needs to make namespaces, and this machine does not let it")


def run_chroot(known, rows):
    """The counts of what ran in the root; `rows` gets a row for each part of it."""
    stages, ccache = chosen_stages(known), ccache_folder()
    _check_machine()
    if _git("status", "--porcelain"):
        say("what is not committed is not in it")

    def timed(name, work, *arguments):
        """Whether it went well: without an exit code, or with 0."""
        began, cpu_began = time.monotonic(), cpu_seconds()
        code = work(*arguments)
        counts = Counts() if code is None else Counts(passed=int(not code), failed=int(code != 0))
        rows.append(Row(name, "failed" if code else "ok", counts, time.monotonic() - began,
                        cpu_seconds() - cpu_began))
        return not code

    with _ends_on_sigterm(), FreshDebian() as debian:
        say("making a Debian 12 with bash, git and apt")
        timed("debian", debian.make)
        debian.clone()
        say(f"commit {_git('rev-parse', '--short', 'HEAD')}, ccache: "
            f"{ccache or 'one of its own, empty'}")
        say("in there: scripts/demo --check")
        if timed("demo", debian.run, ["scripts/demo", "--check"], ccache):
            say(f"in there: scripts/test {' '.join(stages)}")
            timed("test", debian.run, ["scripts/test", "--results", _RESULTS, *stages], ccache)
            if inner := debian.results():
                replace_whole(rows, inner)
    return sum((row.counts for row in rows), Counts())


def replace_whole(rows, inner):
    """In place of the one row of scripts/test: its stages, and what it did besides."""
    whole = rows.pop()
    rows.append(Row("packages", "ok", Counts(),
                    whole.seconds - sum(row.seconds for row in inner),
                    whole.cpu - sum(row.cpu for row in inner)))
    if whole.result == "failed" and not any(row.counts.failed for row in inner):
        rows.append(Row("test", "failed", Counts(failed=1), 0.0, 0.0))
    rows.extend(inner)
