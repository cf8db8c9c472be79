"""Every recorded session of a real client, cut at every byte. A publisher's is recorded with its
first pictures and its goodbye. The handshake is the same for all, and cut once.
"""

import asyncio
import os

import pytest

from support.rtmp import crowd, recording

AT_ONCE = 100
HANDSHAKE = b"\x03" + bytes(8) + os.urandom(1528) + bytes(1536)
MEMORY_BOUND = 48 * 1024 * 1024


def cut_everywhere(proxy, pieces):
    async def all_of_them():
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(number, piece):
            async with gate:
                await asyncio.wait_for(
                    crowd.say(proxy.rtmp_port, piece, f"127.0.2.{1 + number % 8}"), 30)

        await asyncio.gather(*(one(number, piece) for number, piece in enumerate(pieces)))

    asyncio.run(all_of_them())


@pytest.fixture
def origin(lab):
    return lab.nginx("origin-a")


@pytest.fixture
def proxy(lab, origin):
    return lab.proxy(origin, LOG_LEVEL="info")


def assert_as_before(lab, proxy, origin, before, files):
    proxy.wait_for_metric("srsproxy_sessions", 0)
    proxy.wait_for_metric("srsproxy_connections", 0, listener="rtmp")
    proxy.wait_for_descriptors(files)
    if not proxy.sanitized:
        assert proxy.process.resident_bytes() - before < MEMORY_BOUND
    assert not [end for end in proxy.session_ends() if end["reason"] == "internal"]
    publisher = lab.client(proxy.rtmp_port).open()
    assert publisher.publish("afterwards")["code"] == "NetStream.Publish.Start"
    assert origin.clients("afterwards") == (1, 0)


def test_the_handshake_cut_at_every_byte(lab, proxy, origin):
    before, files = proxy.process.resident_bytes(), proxy.descriptors()
    cut_everywhere(proxy, [HANDSHAKE[:at] for at in range(len(HANDSHAKE) + 1)])
    assert_as_before(lab, proxy, origin, before, files)


@pytest.mark.parametrize("client", recording.CLIENTS)
def test_a_recorded_session_cut_at_every_byte(lab, proxy, origin, clip, tmp_path, client):
    session = recording.record(client, clip, tmp_path, media_bytes=6_000)
    before, files = proxy.process.resident_bytes(), proxy.descriptors()
    # Each its own stream, so that no cut waits for the name that another still holds.
    cut_everywhere(proxy, [HANDSHAKE + session[:at].replace(b"recorded", b"cut%05d" % at)
                           for at in range(1, len(session) + 1)])
    assert_as_before(lab, proxy, origin, before, files)
