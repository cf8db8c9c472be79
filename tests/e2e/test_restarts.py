"""After a restart the streams that wait spread over the origins, whoever of these comes first.

Fake origins, since they register when the test says so and keep who came to them.
"""

import threading
import time

import pytest

from support.rtmp.connection import Client
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
    proxy = lab.proxy(START_SETTLE="1s")
    fakes = origins(lab)
    proxy.register(fakes[0])
    waiting = Waiting(lab, proxy)
    assert waiting.waiting == PUBLISHERS
    proxy.register(fakes[1])
    proxy.register(fakes[2])
    waiting.answered()
    assert_spread(fakes)


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
    assert proxy.metric("srsproxy_streams", state="known") == 0


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
