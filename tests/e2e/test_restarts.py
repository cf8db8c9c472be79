"""After a restart the streams that wait spread over the origins, whoever of these comes first;
origins of before the restart are used at once.

Fake origins, since they register when the test says so and keep who came to them.
"""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.ctl import ctl
from support.http_origin import HttpOrigin, answers
from support.proxy import ask
from support.waiting import wait_until

PUBLISHERS = 12


class Waiting:
    """Publishers that have named their streams and wait for the answer, each on a thread."""

    def __init__(self, lab, proxy, count=PUBLISHERS, names="wait"):
        self.clients = []
        self._threads = []
        self._failures = []
        for number in range(count):
            client = lab.client(proxy.rtmp_port)
            client.open()
            self.clients.append(client)
            thread = threading.Thread(target=self._publish, args=(client, f"{names}-{number}"))
            self._threads.append(thread)
        self.began = time.monotonic()
        for thread in self._threads:
            thread.start()
        proxy.wait_for_metric("srsproxy_sessions", count, role="publisher")

    def _publish(self, client, name):
        try:
            client.publish(name)
        except Exception as error:  # Told by the thread that waits.
            self._failures.append(error)

    def answered(self, timeout=15):
        """Waits until all are; returns how long that took from the first on."""
        for thread in self._threads:
            thread.join(timeout)
            assert not thread.is_alive(), "a publisher still waits"
        assert not self._failures, self._failures
        return time.monotonic() - self.began

    @property
    def waiting(self):
        return sum(thread.is_alive() for thread in self._threads)


def origins(lab, count=3):
    return [lab.fake(server=f"fake-{number}") for number in range(count)]


def register_one_after_another(proxy, fakes):
    for fake, pause in zip(fakes, (0, 0.003, 0.030)):
        time.sleep(pause)  # What is tested: 3 to 30 ms between them.
        proxy.register(fake)


def spread(fakes):
    """How many publishers each origin got."""
    return [sum("publish" in session.command_names() for session in fake.sessions)
            for fake in fakes]


def assert_spread(fakes, total=PUBLISHERS):
    found = spread(fakes)
    assert sum(found) == total, found
    # Twelve by chance to one of three: once in 170,000 runs.
    assert max(found) < total, f"all on one origin: {found}"


def test_publishers_that_wait_spread_over_origins_that_come_one_after_another(lab):
    proxy = lab.proxy(START_SETTLE="1s")
    waiting = Waiting(lab, proxy)
    fakes = origins(lab)
    register_one_after_another(proxy, fakes)
    waiting.answered()
    assert_spread(fakes)


def test_publishers_that_come_after_the_first_origin_wait_for_the_others(lab):
    proxy = lab.proxy(START_SETTLE="5s")
    fakes = origins(lab)
    proxy.register(fakes[0])
    waiting = Waiting(lab, proxy)
    assert waiting.waiting == PUBLISHERS
    proxy.register(fakes[1])
    proxy.register(fakes[2])
    waiting.answered()
    assert_spread(fakes)


@pytest.mark.parametrize("ending", ["flv", "m3u8"])
def test_viewers_over_http_wait_likewise(lab, ending):
    def make(server):
        return HttpOrigin(answers("HTTP/1.1 404 Not Found\nContent-Length: 0\n\n"), server)

    fakes = [lab.fake(make, server=f"http-{number}") for number in range(3)]
    proxy = lab.proxy(START_SETTLE="5s")
    proxy.register(fakes[0])
    with ThreadPoolExecutor(PUBLISHERS) as viewers:
        for number in range(PUBLISHERS):
            viewers.submit(ask, proxy.http_url(f"/live/wait-{number}.{ending}"))
        proxy.wait_for_metric("srsproxy_connections", PUBLISHERS, listener="http")
        assert not fakes[0].requests
        proxy.register(*fakes[1:])
    counts = [len(fake.requests) for fake in fakes]
    assert sum(counts) == PUBLISHERS and max(counts) < PUBLISHERS, counts


def test_without_a_settle_time_the_first_origin_gets_them_all(lab):
    proxy = lab.proxy(START_SETTLE="0")
    waiting = Waiting(lab, proxy)
    fakes = origins(lab)
    proxy.register(fakes[0])
    waiting.answered()
    assert spread(fakes) == [PUBLISHERS, 0, 0]


def test_a_client_that_leaves_while_it_waits_takes_no_place(lab):
    proxy = lab.proxy(START_SETTLE="10s")
    proxy.register(*origins(lab, 1))
    client = lab.client(proxy.rtmp_port)
    client.open()
    client.command("publish", 3, None, "gone", "live", stream_id=1)
    proxy.wait_for_metric("srsproxy_sessions", 1, role="publisher")
    client.close()
    (end,) = proxy.wait_for_session_end(role="publisher")
    assert end["side"] == "client"
    proxy.wait_for_metric("srsproxy_streams", 0, state="known")


def test_the_proxy_is_ready_when_its_origins_are_there(lab):
    proxy = lab.proxy(START_SETTLE="1s")
    fakes = origins(lab)
    register_one_after_another(proxy, fakes)
    answer = proxy.get("/readyz")
    assert answer.status == 503 and b"PROXY_START_SETTLE" in answer.body
    wait_until(lambda: proxy.get("/readyz").status == 200, "/readyz says 200", timeout=10)
    waiting = Waiting(lab, proxy)
    assert waiting.answered() < 10
    assert_spread(fakes)


def test_a_default_backend_alone_needs_no_settling(lab):
    (fake,) = origins(lab, 1)
    proxy = lab.proxy(START_SETTLE="10s", DEFAULT_BACKEND_ENABLED="on",
                      DEFAULT_BACKEND_RTMP=fake.rtmp_port)
    assert proxy.get("/readyz").status == 200
    assert Waiting(lab, proxy, 1).answered() < 8


@pytest.mark.parametrize("value", ["11s", "-1s"])
def test_a_settle_time_that_nobody_waits_for_is_refused(lab, value):
    proxy = lab.spawn_proxy(START_SETTLE=value)
    assert proxy.process.wait(20) == 2
    assert "PROXY_START_SETTLE" in proxy.process.output()


# Origins of before the restart.


@pytest.fixture
def state_dir(tmp_path):
    folder = tmp_path / "state"
    folder.mkdir()
    return folder


def restarted(lab, state_dir, fakes, kill=False, **settings):
    """A proxy that starts where another knew these origins."""
    before = lab.spawn_proxy(STATE_DIR=state_dir)
    before.wait_until_listening()
    before.register(*fakes)
    if kill:
        def kept():
            file = state_dir / "origins.json"
            return file.exists() and len(json.loads(file.read_text())["origins"]) == len(fakes)
        wait_until(kept, "the origins are in the file")
        before.process.kill()
    else:
        before.stop()
    return lab.proxy(STATE_DIR=state_dir, **settings)


@pytest.mark.parametrize("kill", [False, True], ids=["stopped", "killed"])
def test_origins_of_before_the_restart_are_used_at_once(lab, state_dir, kill):
    fakes = origins(lab)
    proxy = restarted(lab, state_dir, fakes, kill, START_SETTLE="10s")
    assert proxy.get("/readyz").status == 200
    proxy.wait_for_metric("srsproxy_origins", 3, state="suspect")
    assert Waiting(lab, proxy).answered() < 8
    assert_spread(fakes)


def test_the_first_of_them_that_registers_does_not_get_them_all(lab, state_dir):
    fakes = origins(lab)
    proxy = restarted(lab, state_dir, fakes)
    proxy.register(fakes[1])
    proxy.wait_for_metric("srsproxy_origins", 1, state="healthy")
    Waiting(lab, proxy).answered()
    assert_spread(fakes)


def test_the_file_gives_no_lease_away(lab, state_dir):
    proxy = restarted(lab, state_dir, origins(lab, 1))
    file = state_dir / "origins.json"
    assert file.stat().st_mode & 0o777 == 0o600
    (record,) = json.loads(file.read_text())["origins"]
    assert [len(digest) for digest in record["lease_digests"]] == [64]
    del proxy


def test_one_that_has_left_is_not_remembered(lab, state_dir):
    fakes = origins(lab, 2)
    proxy = restarted(lab, state_dir, fakes)
    gone = ctl(proxy, "origin", "deregister", fakes[0].origin_id, "--yes")
    assert gone.code == 0, gone.err
    proxy.stop()
    again = lab.proxy(STATE_DIR=state_dir)
    assert ctl(again, "origin", "list", "-o", "name").out.split() == [fakes[1].origin_id]
