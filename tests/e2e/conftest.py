"""The fixture that every end-to-end test uses: a lab that starts parts and ends them all."""

import pathlib
import sys
import tempfile

import pytest

from support import media
from support.ctl import ctl
from support.nginx import Nginx
from support.process import Process
from support.proxy import Proxy
from support.rtmp.connection import Client
from support.rtmp.origin import FakeOrigin
from support.wire import Wire


def end_hls_sessions(proxy):
    """They have no connection to close: by themselves they end after 30 s of silence."""
    if proxy.metric("srsproxy_sessions", protocol="hls") > 0:
        kicked = ctl(proxy, "session", "kick", "--protocol", "hls", "--yes")
        assert kicked.code == 0, kicked.err


class Lab:
    """Starts origins, proxies and clients. At the end of the test clients leave first; then each
    proxy must have no session left, end with 0 and have no sanitizer's report in its log."""

    def __init__(self, folder):
        self.folder = folder
        self._origins, self._proxies, self._clients = [], [], []
        self._numbers = {}

    def nginx(self, server="origin-a", **options):
        return self._keep(self._origins, Nginx(self._folder(server), server, **options))

    def fake(self, make=FakeOrigin, server="fake"):
        return self._keep(self._origins, make(server))

    def origin(self, part):
        """Any other origin: it has registration() and stop()."""
        return self._keep(self._origins, part)

    def proxy(self, *origins, **settings):
        """A proxy that listens, with these origins registered."""
        proxy = self._keep(self._proxies, Proxy(self._folder("proxy"), **settings))
        proxy.register(*origins)
        return proxy

    def spawn_proxy(self, **settings):
        """A proxy that need not live: the test sees to its end."""
        proxy = Proxy(self._folder("proxy"), wait=False, **settings)
        self._clients.append(proxy.process)
        return proxy

    def publisher(self, url, clip, **options):
        return self._keep(self._clients, media.Publisher(self._folder("publisher"), url, clip,
                                                         **options))

    def player(self, url, **options):
        return self._keep(self._clients, media.Player(self._folder("player"), url, **options))

    def client(self, port, **options):
        return self._keep(self._clients, Client(port, **options))

    def run(self, part):
        """Any other process or connection."""
        return self._keep(self._clients, part)

    def close_clients(self, but=()):
        for client in reversed(self._clients):
            if client not in but:
                client.kill() if isinstance(client, Process) else client.close()
        self._clients = list(but)

    def close(self, failed):
        self.close_clients()
        errors = []
        for proxy in reversed(self._proxies):
            try:
                if proxy.process.running and not failed:
                    end_hls_sessions(proxy)
                    proxy.wait_for_metric("srsproxy_sessions", 0)
                proxy.stop()
            except (AssertionError, TimeoutError, OSError) as error:
                errors.append(str(error))
                proxy.process.kill()
        for origin in reversed(self._origins):
            origin.stop()
        assert not errors, "\n".join(errors)

    def logs(self):
        return [proxy.process for proxy in self._proxies]

    def _keep(self, where, part):
        where.append(part)
        return part

    def _folder(self, name):
        number = self._numbers[name] = self._numbers.get(name, 0) + 1
        folder = self.folder / (name if number == 1 else f"{name}-{number}")
        folder.mkdir(parents=True, exist_ok=True)
        return folder


@pytest.fixture
def lab(tmp_path, request):
    made = Lab(tmp_path)
    yield made
    failed = request.node.stash.get(_FAILED, False)
    if failed:
        for process in made.logs():
            print(f"--- the last lines of {process.log}\n{process.tail()}", file=sys.stderr)
    made.close(failed)


@pytest.fixture
def wire(lab):
    """Connects to a proxy's HTTP port."""
    def connect(proxy):
        return lab.run(Wire(proxy.http_port))
    return connect


@pytest.fixture(scope="session")
def clip():
    """Sixteen seconds of H.264 and AAC in an FLV file."""
    with tempfile.TemporaryDirectory(prefix="srsproxy-clip-") as folder:
        yield media.make_clip(pathlib.Path(folder) / "clip.flv")


_FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    outcome = yield
    report = outcome.get_result()
    if report.when == "call":
        item.stash[_FAILED] = report.failed
