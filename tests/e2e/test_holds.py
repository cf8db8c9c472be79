"""One stream, one origin: what an origin accepts counts only where the stream is by then."""

import contextlib
import threading

import pytest

from support.ctl import ctl
from support.rtmp import avc
from support.rtmp.chunks import VIDEO
from support.rtmp.connection import command_values
from support.rtmp.origin import FakeOrigin
from support.waiting import wait_until


class HungOrigin(FakeOrigin):
    """Lets the first connection publish, unanswered, and says nothing at all to the others, until
    it is woken. Fake because no real server hangs when it is told to."""

    def __init__(self, server):
        self.woken = threading.Event()
        super().__init__(server)

    def serve(self, session):
        if session is not self.sessions[0]:
            self.woken.wait(60)
        super().serve(session)

    def on_publish(self, session, message):
        self.woken.wait(60)
        super().on_publish(session, message)


def ask_to_publish(client, stream):
    client.command("publish", 3, None, stream, "live", stream_id=client.stream_id, csid=8)


def stream_of(proxy, name):
    listed = ctl(proxy, "stream", "list", "-o", "json").json.get("streams", [])
    return next((stream for stream in listed if stream["key"].endswith("/" + name)), None)


def test_of_two_publishers_on_two_origins_one_is_ended(lab):
    hung = lab.fake(HungOrigin, "hung")
    proxy = lab.proxy(hung, HANDSHAKE_TIMEOUT="2s")
    waiting = lab.client(proxy.rtmp_port, timeout=60).open()
    ask_to_publish(waiting, "cam")
    wait_until(lambda: hung.sessions and "publish" in hung.sessions[0].command_names(),
               "the first one waits for its answer")
    other = lab.fake(server="other")
    proxy.register(other)
    impatient = lab.client(proxy.rtmp_port, timeout=60).open()
    assert impatient.publish("cam")["code"] == "NetStream.Publish.Start"
    assert len(hung.sessions) == 2 and len(other.sessions) == 1, "it gave up on the hung one"
    wait_until(lambda: stream_of(proxy, "cam").get("publisherLive"), "the other one is live")

    hung.woken.set()
    said = [waiting.receive_command("onStatus")[3] for _ in range(2)]
    assert [status["code"] for status in said] == ["NetStream.Publish.Start",
                                                   "NetStream.Publish.Failed"]
    assert "another origin" in said[1]["description"]
    waiting.wait_for_close()
    wait_until(lambda: hung.sessions[0].closed, "the origin that woke sees it leave")
    proxy.wait_for_metric("srsproxy_sticky_violations_total", 1)
    proxy.wait_for_session_end(role="publisher", reason="kicked")
    ended = proxy.records("a publisher is ended: its stream is on another origin")
    assert [record["origin"] for record in ended] == [hung.origin_id]

    impatient.media(VIDEO, avc.SEQUENCE_HEADER, 0)
    wait_until(lambda: other.sessions[0].media(VIDEO), "its media still arrives")
    stream = stream_of(proxy, "cam")
    assert stream["originId"] == other.origin_id and stream["publishers"] == 1


def test_a_viewer_whose_stream_moved_before_its_first_media_is_ended(lab):
    class Silent(FakeOrigin):
        """Accepts a player and sends nothing, so that a test decides when media comes."""

    first, second = lab.fake(Silent, "first"), lab.fake(Silent, "second")
    proxy = lab.proxy(first)
    player = lab.client(proxy.rtmp_port).open()
    assert player.play("cam")["level"] == "status"
    proxy.register(second)
    assert ctl(proxy, "stream", "move", "live/cam", "second", "--yes").code == 0
    # It is ended for its first media, or, when that comes late, for the move.
    with contextlib.suppress(OSError):  # The move has ended it already.
        first.sessions[0].send_media(VIDEO, avc.SEQUENCE_HEADER, 0, 1)
    player.wait_for_close()
    proxy.wait_for_metric("srsproxy_sticky_violations_total", 0)


@pytest.fixture
def lively(lab):
    """Three origins with 3, 2 and 1 live streams, and 16, 26 and 18 known ones."""
    origins = [lab.fake(server=server) for server in ("alpha", "beta", "gamma")]
    proxy = lab.proxy(LOAD_BALANCER_STRATEGY="least_streams")
    for origin, live, known in zip(origins, (3, 2, 1), (16, 26, 18)):
        proxy.register(origin)
        for number in range(known):
            name = f"{origin.server}-{number}"
            publisher = lab.client(proxy.rtmp_port).open()
            assert publisher.publish(name)["level"] == "status"
            if number >= live:
                publisher.close()
        assert ctl(proxy, "origin", "cordon", origin.server).code == 0
    for origin in origins:
        assert ctl(proxy, "origin", "uncordon", origin.server).code == 0
    wait_until(lambda: proxy.metric("srsproxy_streams", state="in_use") == 6, "six are live")
    return proxy, origins


def test_load_is_what_is_live(lab, lively):
    proxy, origins = lively
    proxy.wait_for_metric("srsproxy_streams", 60, state="known")
    listed = ctl(proxy, "origin", "list", "-o", "json").json["origins"]
    assert {origin["id"]: int(origin["streams"]) for origin in listed} == {
        origin.origin_id: live for origin, live in zip(origins, (3, 2, 1))}
    proxy.wait_for_metric("srsproxy_imbalance_ratio", 0.5)
    plan = ctl(proxy, "rebalance", "plan", "--max-kicked", "5", "-o", "json").json
    assert [(move["fromOriginId"], move["toOriginId"]) for move in plan["moves"]] == [
        (origins[0].origin_id, origins[2].origin_id)]
    assert plan["moves"][0]["publisherLive"]
    publisher = lab.client(proxy.rtmp_port).open()
    assert publisher.publish("new")["level"] == "status"
    assert stream_of(proxy, "new")["originId"] == origins[2].origin_id


def test_names_that_nobody_uses_hold_no_drain_up(lab):
    only = lab.fake(server="only")
    proxy = lab.proxy(only)
    publisher = lab.client(proxy.rtmp_port).open()
    assert publisher.publish("cam")["level"] == "status"
    publisher.close()
    wait_until(lambda: proxy.metric("srsproxy_streams", state="in_use") == 0, "it is idle")
    proxy.wait_for_metric("srsproxy_streams", 1, state="known")
    drained = ctl(proxy, "origin", "drain", "only", "--yes", "--wait", "--timeout", "20s")
    assert drained.code == 0, drained.out + drained.err
    proxy.wait_for_metric("srsproxy_streams", 0, state="known")
