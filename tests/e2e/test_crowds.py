"""Very many clients: 600 viewers within a second, and 10,000 connections that say nothing."""

import asyncio
import resource
import socket

import pytest

from support.rtmp import crowd
from support.waiting import wait_until

VIEWERS = 600
SILENT = 10_000


@pytest.fixture(scope="module", autouse=True)
def many_descriptors():
    """This process holds the clients' ends; the proxy inherits the same limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_600_viewers_within_a_second(lab, clip):
    origin = lab.nginx("origin-a")
    proxy = lab.proxy(origin)
    lab.publisher(proxy.url("crowd"), clip)
    wait_until(lambda: origin.clients("crowd") == (1, 0), "the stream is published")

    async def arrive_and_leave():
        writers = await asyncio.gather(*(crowd.watch(proxy.rtmp_port, "crowd")
                                         for _ in range(VIEWERS)))
        proxy.wait_for_metric("srsproxy_sessions", VIEWERS, role="viewer")
        for writer in writers:
            writer.close()

    asyncio.run(arrive_and_leave())
    proxy.wait_for_metric("srsproxy_sessions", 0, role="viewer")
    wait_until(lambda: origin.clients("crowd") == (1, 0), "the origin sees them leave")
    assert not [end for end in proxy.session_ends() if end["side"] != "client"]


def test_10000_silent_connections(lab):
    """Fewer where the limit of open files allows the proxy fewer, each with its origin's side."""
    proxy = lab.proxy(lab.fake(), HANDSHAKE_TIMEOUT="20s")
    count = min(SILENT, int(proxy.metric("srsproxy_sessions_limit")) - 100)
    before = proxy.process.resident_bytes()
    files = proxy.descriptors()
    silent = []
    try:
        for number in range(count):
            # Several source addresses, as from several machines.
            silent.append(socket.create_connection(
                ("127.0.0.1", proxy.rtmp_port), 20,
                source_address=(f"127.0.1.{1 + number % 10}", 0)))
        proxy.wait_for_metric("srsproxy_connections", count, listener="rtmp")
        if not proxy.sanitized:
            assert (proxy.process.resident_bytes() - before) / count < 12_000

        publisher = lab.client(proxy.rtmp_port).open()
        assert publisher.publish("among-them")["level"] == "status"
        player = lab.client(proxy.rtmp_port).open()
        assert player.play("among-them")["level"] == "status"

        for sock in silent:
            assert sock.recv(1) == b"", "the deadline ends it"
    finally:
        for sock in silent:
            sock.close()
    proxy.wait_for_metric("srsproxy_connections", 2, listener="rtmp")
    lab.close_clients()
    proxy.wait_for_descriptors(files)
    proxy.wait_for_metric("srsproxy_client_errors_total", count, reason="timeout")
