"""Programs of tests/e2e/node: an origin, a WebSocket client and a browser, with the packages of
their lock file in the build folder."""

import filecmp
import fcntl
import json
import os
import pathlib
import shutil
import subprocess

from support.ports import free_port
from support.process import Process

_ROOT = pathlib.Path(__file__).resolve().parents[2]
_SCRIPTS = _ROOT / "tests" / "e2e" / "node"
_INSTALLED = _ROOT / "build" / "e2e-node"


def _environment():
    """For node, with the packages installed; several tests may ask at once."""
    _INSTALLED.mkdir(parents=True, exist_ok=True)
    with open(_INSTALLED / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted, there = _SCRIPTS / "package-lock.json", _INSTALLED / "installed-lock.json"
        if not there.exists() or not filecmp.cmp(wanted, there, shallow=False):
            for name in ("package.json", "package-lock.json"):
                shutil.copy(_SCRIPTS / name, _INSTALLED)
            subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund",
                            "--loglevel=error"], cwd=_INSTALLED, check=True)
            shutil.copy(wanted, there)
    return dict(os.environ, NODE_PATH=str(_INSTALLED / "node_modules"))


def page_folder():
    """The page, as the build puts it together."""
    folder = _ROOT / "build" / "page" / "www"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(folder.parent / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        subprocess.run([_ROOT / "www" / "install", folder, folder.parent / "npm"], check=True)
    return folder


class NodeMediaServer(Process):
    """An origin of RTMP, HTTP-FLV and WS-FLV."""

    def __init__(self, folder, server="node-media-server", rtmp_port=None, http_port=None):
        self.server = server
        self.rtmp_port = rtmp_port or free_port()
        self.http_port = http_port or free_port()
        super().__init__(server, ["node", _SCRIPTS / "media_server.js", self.rtmp_port,
                                  self.http_port],
                         pathlib.Path(folder) / f"{server}.log", env=_environment())
        self.wait_for_line(f"HTTP server listening on port 127.0.0.1:{self.http_port}")
        self.wait_for_line(f"Rtmp Server listening on port 127.0.0.1:{self.rtmp_port}")

    def registration(self, **changes):
        return {"ip": "127.0.0.1", "server": self.server, "service": "s", "pid": str(self.pid),
                "rtmp": [str(self.rtmp_port)], "http": [str(self.http_port)]} | changes


def receive_ws(url, count, timeout=30):
    """The first `count` bytes that a WebSocket sends."""
    return subprocess.run(["node", _SCRIPTS / "receive_ws.js", url, str(count)],
                          env=_environment(), stdout=subprocess.PIPE, timeout=timeout,
                          check=True).stdout


class Browsing(Process):
    """A scenario of browse.js, in headless Chromium."""

    def __init__(self, folder, scenario, url, *arguments):
        folder = pathlib.Path(folder)
        self._saw = folder / f"{scenario}.json"
        command = ["sh", "-c", 'exec "$@" >"$SAW"', "browse", "node", _SCRIPTS / "browse.js",
                   shutil.which("chromium"), scenario, url, *arguments]
        super().__init__(f"browser: {scenario}", command, folder / f"{scenario}.log",
                         env=_environment() | {"SAW": str(self._saw)})

    def saw(self, timeout=120):
        """What it saw, once it has ended."""
        code = self.wait(timeout)
        assert code == 0, self.output()
        return json.loads(self._saw.read_text())
