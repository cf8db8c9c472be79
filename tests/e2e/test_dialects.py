"""Through the proxy a client hears what it hears from SRS itself: the same messages, in the same
order. tests/support/rtmp/dialects.py has the scripts, each noted with the real SRS, which plays
them here too where SRSPROXY_TEST_SRS names it; elsewhere a fake that says the same."""

import pytest

from support import media, srs
from support.rtmp import dialects
from support.rtmp.chunks import USER_CONTROL, Message
from support.rtmp.dialects import DialectClient
from support.rtmp.srs_like import SrsLike

needs_srs = pytest.mark.skipif(not srs.PROGRAM, reason="SRSPROXY_TEST_SRS names no SRS program")

ORIGINS = [pytest.param("fake", id="a-fake-SRS"),
           pytest.param("real", id="SRS", marks=needs_srs)]


@pytest.fixture(params=ORIGINS)
def origin(request, lab):
    if request.param == "fake":
        return lab.fake(SrsLike)
    return lab.origin(srs.PlainSrs(lab.folder / "srs"))


def converse(lab, port, name):
    """Plays a script to its end; nothing more may be heard, and nothing in pieces."""
    client = lab.run(DialectClient(port, f"spoken-{name}"))
    client.play_script(dialects.script(name))
    assert client.hear_the_rest() == []
    assert set(client.pieces) == {1}
    client.close()


def test_the_scripts_are_what_srs_sends(lab, origin):
    for name in dialects.NAMES:
        converse(lab, origin.rtmp_port, name)


@pytest.mark.parametrize("name", dialects.NAMES)
def test_the_proxy_sends_what_srs_sends(lab, name, origin):
    converse(lab, lab.proxy(origin).rtmp_port, name)


class Nginxlike(SrsLike):
    """Another chunk size and window. Fake because the real one answers calls of its own choice."""

    chunk_size = 4096
    window = 1000000


@pytest.mark.parametrize("name, verdict, ways", [
    # ffmpeg would take over the chunk size, and nginx-rtmp loses bytes of one that shrinks.
    ("obs_publishes", "onFCPublish", ["< window_ack_size 1000000"]),
    ("srs_edge_pulls", "onStatus", ["< window_ack_size 1000000", "< chunk_size 4096"]),
])
def test_other_ways_of_the_origin_are_sent_right_before_its_verdict(lab, name, verdict, ways):
    lines = dialects.script(name)
    at = next(index for index, line in enumerate(lines) if line.startswith(f"< {verdict}"))
    lines[at:at] = ways
    client = lab.run(DialectClient(lab.proxy(lab.fake(Nginxlike)).rtmp_port, name))
    client.play_script(lines)
    assert client.hear_the_rest() == []


class Pinging(SrsLike):
    """Asks whether the client is alive before it decides. Fake because SRS does not ask."""

    def before_verdict(self, session):
        session.send(Message(USER_CONTROL, b"\x00\x06\x00\x00\x00\x2a", csid=2))
        answered = [message.payload for message in session.messages
                    if message.type == USER_CONTROL and message.payload[:2] == b"\x00\x07"]
        while b"\x00\x07\x00\x00\x00\x2a" not in answered:
            message = session.receive()
            if message.type == USER_CONTROL:
                answered.append(message.payload)


@pytest.mark.parametrize("name", ["flash_publishes", "flash_plays"])
def test_a_ping_of_the_origin_is_answered_before_its_verdict(lab, name):
    converse(lab, lab.proxy(lab.fake(Pinging)).rtmp_port, name)


def test_a_live_flash_publisher_is_given_no_cause_for_a_command(lab, origin):
    """It would answer onBWDone, and be unpublished for it."""
    proxy = lab.proxy(origin)
    publisher = lab.run(DialectClient(proxy.rtmp_port, "flash"))
    publisher.play_script(dialects.script("flash_publishes"))
    viewer = lab.client(proxy.rtmp_port).open()
    assert viewer.play("flash")["code"] == "NetStream.Play.Start"
    publisher.play_on(["> video"] * 5 + ["> ping 1", "< ping_response 1"])


@needs_srs
@pytest.mark.parametrize("kind", ["pulls", "pushes"])
def test_an_srs_edge_has_the_proxy_as_its_origin(lab, clip, kind):
    proxy = lab.proxy(lab.origin(srs.PlainSrs(lab.folder / "origin", "origin")))
    edge = lab.run(srs.PlainSrs(
        lab.folder / "edge", "edge",
        f"cluster {{ mode remote; origin 127.0.0.1:{proxy.rtmp_port}; }}"))
    at_edge = f"rtmp://127.0.0.1:{edge.rtmp_port}/live/edged"
    published, played = (proxy.url("edged"), at_edge) if kind == "pulls" else (
        at_edge, proxy.url("edged"))
    lab.publisher(published, clip)
    player = lab.player(played, seconds=4)
    assert player.wait(60) == 0, player.output()
    media.assert_same_frames(media.frames_of(clip), player.frames())
    assert proxy.session_ends(role="publisher") == []
