"""Origins that say no, say nothing, or are not there: what the client is told, and how soon.

The origins here are fakes, because real ones refuse only where they are set up to, and are never
silent in the middle of a handshake.
"""

import json
import socket
import threading

import pytest

from support.ctl import ctl
from support.rtmp import avc
from support.rtmp.chunks import VIDEO, Message
from support.rtmp.connection import Closed
from support.rtmp.origin import FakeOrigin
from support.waiting import wait_until


class RefusesByClosing(FakeOrigin):
    """As SRS refuses a publisher: onFCPublish says Publish.Start, and then the door shuts."""

    def on_publish(self, session, message):
        session.command("onFCPublish", 0, None,
                        {"code": "NetStream.Publish.Start", "description": "Started."},
                        stream_id=message.stream_id, csid=5)
        raise Closed("refused")

    def on_play(self, session, message):
        raise Closed("refused")


class RefusesInWords(FakeOrigin):
    def on_publish(self, session, message):
        self.status(session, message.stream_id, "error", "NetStream.Publish.BadName",
                    "Stream already publishing")

    def on_play(self, session, message):
        self.status(session, message.stream_id, "error", "NetStream.Play.StreamNotFound",
                    "No such stream here")


class RefusesConnect(FakeOrigin):
    def on_connect(self, session, values):
        session.command("_error", values[1], None, {
            "level": "error", "code": "NetConnection.Connect.Rejected",
            "description": "This application is closed on Sundays."})
        raise Closed("refused")


class Redirects(FakeOrigin):
    """The 302 of SRS's old origin cluster; the proxy has told the client its own address and must
    not pass another one out."""

    target = {"code": 302.0, "redirect": "rtmp://192.0.2.77:1935/live"}

    def on_connect(self, session, values):
        session.command("_error", values[1], None, {
            "level": "error", "code": "NetConnection.Connect.Rejected", "description": "Redirected",
            "ex": self.target})
        raise Closed("redirected")


class RedirectsPlay(FakeOrigin):
    """The same, told later."""

    def on_play(self, session, message):
        self.status(session, message.stream_id, "error", "NetStream.Play.Failed", "Redirected",
                    ex=Redirects.target)


def silent_from(stage):
    """An origin that says nothing from one point on, and keeps the connection."""

    class Silent(FakeOrigin):
        def serve(self, session):
            if stage == "the handshake":
                session.socket.settimeout(60)
                while session.socket.recv(65536):
                    pass
            super().serve(session)

        def answer(self, session, values, message):
            self.mute = getattr(self, "mute", False) or stage == values[0]
            if not self.mute:
                super().answer(session, values, message)

    return Silent


def refusal(client, role, stream="wanted"):
    """What the client is told; it must be an error in words, on the stream it opened."""
    status = client.publish(stream) if role == "publisher" else client.play(stream)
    assert status["level"] == "error", status
    assert status["code"].startswith("NetStream."), status
    assert len(status["description"]) > 10, status
    return status


ROLES = ["publisher", "viewer"]


@pytest.mark.parametrize("role", ROLES)
def test_a_silent_close_is_sent_as_a_refusal_and_never_retried(lab, role):
    origins = [lab.fake(RefusesByClosing, "origin-a"), lab.fake(RefusesByClosing, "origin-b")]
    proxy = lab.proxy(*origins)
    client = lab.client(proxy.rtmp_port).open()
    status = refusal(client, role)
    assert "origin" in status["description"].lower()
    assert "close" in status["description"].lower()
    ended, = proxy.wait_for_session_end(role=role)
    assert (ended["side"], ended["reason"]) == ("origin", "refused")
    assert sum(len(origin.sessions) for origin in origins) == 1
    # A refused claim goes.
    proxy.wait_for_metric("srsproxy_streams", 0, state="known")


@pytest.mark.parametrize("role, code, words", [
    ("publisher", "NetStream.Publish.BadName", "Stream already publishing"),
    ("viewer", "NetStream.Play.StreamNotFound", "No such stream here"),
])
def test_a_refusal_reaches_the_client_in_the_origins_words(lab, role, code, words):
    proxy = lab.proxy(lab.fake(RefusesInWords))
    status = refusal(lab.client(proxy.rtmp_port).open(), role)
    assert (status["code"], status["description"]) == (code, words)
    ended, = proxy.wait_for_session_end(role=role)
    assert (ended["side"], ended["reason"]) == ("origin", "refused")


@pytest.mark.parametrize("role", ROLES)
def test_a_refused_connect_is_sent_when_the_stream_is_requested(lab, role):
    proxy = lab.proxy(lab.fake(RefusesConnect))
    status = refusal(lab.client(proxy.rtmp_port).open(), role)
    assert "This application is closed on Sundays." in status["description"]


@pytest.mark.parametrize("make", [Redirects, RedirectsPlay])
def test_a_redirect_is_not_passed_out(lab, make):
    proxy = lab.proxy(lab.fake(make))
    client = lab.client(proxy.rtmp_port).open()
    refusal(client, "viewer")
    client.wait_for_close()
    assert b"192.0.2.77" not in client.received


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("stage", ["the handshake", "connect", "createStream", "verdict"])
def test_a_silent_origin_ends_with_an_error_at_the_deadline(lab, stage, role):
    stage = {"verdict": "publish" if role == "publisher" else "play"}.get(stage, stage)
    proxy = lab.proxy(lab.fake(silent_from(stage)), HANDSHAKE_TIMEOUT="1s")
    refusal(lab.client(proxy.rtmp_port).open(), role)
    ended, = proxy.wait_for_session_end(role=role)
    assert (ended["side"], ended["reason"]) == ("origin", "timeout")


@pytest.mark.parametrize("role", ROLES)
def test_another_origin_is_tried_when_the_handshake_fails(lab, role):
    good = lab.fake(server="good")
    proxy = lab.proxy(lab.fake(silent_from("the handshake"), "mute"), good,
                      HANDSHAKE_TIMEOUT="1s")
    for number in range(6):
        client = lab.client(proxy.rtmp_port).open()
        status = client.publish(f"s{number}") if role == "publisher" else client.play(f"s{number}")
        assert status["level"] == "status", status
    assert len(good.sessions) == 6


def test_another_origin_is_tried_when_nobody_listens(lab):
    closed = socket.create_server(("127.0.0.1", 0))
    good = lab.fake(server="good")
    proxy = lab.proxy(good)
    gone = good.registration(server="gone", rtmp=[str(closed.getsockname()[1])])
    closed.close()
    assert proxy.post_register(json.dumps(gone).encode()).status == 200
    for number in range(10):
        client = lab.client(proxy.rtmp_port).open()
        assert client.publish(f"s{number}")["code"] == "NetStream.Publish.Start"
    assert len(good.sessions) == 10
    proxy.wait_for_metric("srsproxy_origin_up", 0, origin="gone")


@pytest.mark.parametrize("role", ROLES)
def test_no_origin_can_be_reached(lab, role):
    origin = lab.fake()
    proxy = lab.proxy(origin)
    origin.stop()
    refusal(lab.client(proxy.rtmp_port).open(), role)
    ended, = proxy.wait_for_session_end(role=role)
    assert ended["reason"] in ("unreachable", "no_origin")


@pytest.mark.parametrize("role", ROLES)
def test_no_origin_at_all(lab, role):
    """Just after a start the proxy waits for one, at most 10 s."""
    proxy = lab.proxy()
    refusal(lab.client(proxy.rtmp_port, timeout=30).open(), role)
    ended, = proxy.wait_for_session_end(role=role)
    assert (ended["side"], ended["reason"]) == ("proxy", "no_origin")


def test_a_client_that_is_earlier_than_the_first_origin_waits_for_it(lab):
    proxy = lab.proxy()
    client = lab.client(proxy.rtmp_port, timeout=30).open()
    client.command("publish", 3, None, "early", "live", stream_id=client.stream_id, csid=8)
    wait_until(lambda: proxy.metric("srsproxy_connections", listener="rtmp") == 1,
               "the client waits")
    origin = lab.fake()
    proxy.register(origin)
    assert client.receive_command("onStatus")[3]["code"] == "NetStream.Publish.Start"


def test_a_second_stream_is_not_asked_of_an_origin_that_has_closed(lab):
    """It closes while the client waits for an origin; what comes back has the same name."""
    origin = lab.fake()
    proxy = lab.proxy(origin)
    client = lab.client(proxy.rtmp_port, timeout=30).open()
    assert client.publish("one")["level"] == "status"
    client.command("deleteStream", 4, None, float(client.stream_id))
    proxy.wait_for_metric("srsproxy_sessions", 0)
    assert ctl(proxy, "origin", "deregister", "fake", "--yes").code == 0
    client.command("publish", 5, None, "two", "live", stream_id=client.stream_id, csid=8)
    proxy.wait_for_metric("srsproxy_sessions", 1)
    origin.session().close()
    proxy.register(origin)
    assert client.receive_command("onStatus")[3]["code"] == "NetStream.Publish.Start"
    assert len(origin.sessions) == 2


class Flood(FakeOrigin):
    """Sends a player more than it will ever read, as fast as it can; a real origin would drop
    frames before that."""

    def on_play(self, session, message):
        super().on_play(session, message)
        frame = Message(VIDEO, avc.inter_frame(bytes(60_000)), message.stream_id, 0, 6)
        session.set_chunk_size(65536)
        while True:
            session.send(frame)


def test_a_stalled_viewer_is_ended_and_costs_little_memory(lab):
    proxy = lab.proxy(lab.fake(Flood), WRITE_TIMEOUT="2s")
    before = proxy.process.resident_bytes()
    for _ in range(20):
        assert lab.client(proxy.rtmp_port).open().play("flood")["level"] == "status"
    peak = 0

    def all_ended():
        nonlocal peak
        peak = max(peak, proxy.process.resident_bytes())
        return len(proxy.session_ends(reason="timeout", side="client")) == 20

    wait_until(all_ended, "twenty stalled viewers are ended", timeout=30)
    assert peak - before < 32 * 1024 * 1024


def test_a_publisher_faster_than_its_origin_is_held_back(lab):
    """Back pressure: what the origin does not read, the proxy does not take."""
    stop = threading.Event()

    class Stalls(FakeOrigin):
        def on_publish(self, session, message):
            super().on_publish(session, message)
            stop.wait(60)

    proxy = lab.proxy(lab.fake(Stalls), WRITE_TIMEOUT="2s")
    before = proxy.process.resident_bytes()
    client = lab.client(proxy.rtmp_port).open()
    assert client.publish("pushed")["level"] == "status"
    client.set_chunk_size(65536)
    sent = 0
    try:
        while sent < 200_000_000:
            client.media(VIDEO, bytes([0x27]) + bytes(60_000), 0)
            sent += 60_000
    except OSError:
        pass
    assert sent < 60_000_000
    ended, = proxy.wait_for_session_end(role="publisher", timeout=30)
    assert (ended["side"], ended["reason"]) == ("origin", "timeout")
    assert proxy.process.resident_bytes() - before < 32 * 1024 * 1024
    stop.set()


class ShowsPrefix(FakeOrigin):
    """Fake because SRS shows the address only in its log."""

    prefix = b""

    def serve(self, session):
        self.prefix = session.read_exactly(7)
        super().serve(session)


def test_the_clients_address_reaches_srs_before_the_handshake(lab):
    origin = lab.fake(ShowsPrefix)
    proxy = lab.proxy(origin, RTMP_REAL_IP="f3")
    client = lab.client(proxy.rtmp_port, source="127.0.0.77").open()
    assert client.publish("known")["level"] == "status"
    assert origin.prefix == b"\xf3\x00\x04" + bytes([127, 0, 0, 77])
