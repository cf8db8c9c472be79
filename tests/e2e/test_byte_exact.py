"""What an origin receives equals what the client sent, save what the design names: the message
stream id, where the origin's differs. And what a player receives is what the origin sent."""

import struct
import threading

import pytest

from support.rtmp import amf0, avc, recording
from support.rtmp.chunks import (ABORT, AUDIO, COMMAND, COMMAND_AMF3, DATA, SET_CHUNK_SIZE,
                                 USER_CONTROL, VIDEO, WINDOW_ACK_SIZE, ChunkReader, ChunkWriter,
                                 Message)
from support.rtmp.connection import Closed
from support.rtmp.origin import FakeOrigin
from support.waiting import wait_until


class OtherStreamId(FakeOrigin):
    """Fake because real origins answer createStream with 1, as this proxy does."""

    answers_stream_id = 70007


class Replay:
    """Sends a recorded session as one piece, and reads what is answered until the end."""

    def __init__(self, client, session):
        self.client = client
        client.handshake_as_client()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        client.send_raw(session)

    def _read(self):
        try:
            self.client.wait_for_close()
        except (OSError, Closed):
            pass


def first_difference(sent, arrived):
    limit = min(len(sent), len(arrived))
    at = next((index for index in range(limit) if sent[index] != arrived[index]), limit)
    return (f"{len(sent)} bytes sent, {len(arrived)} arrived, different from {at} on: "
            f"{sent[at - 8:at + 24].hex(' ')} became {bytes(arrived[at - 8:at + 24]).hex(' ')}")


def assert_arrives_unchanged(lab, recorded):
    origin = lab.fake()
    proxy = lab.proxy(origin)
    Replay(lab.client(proxy.rtmp_port), recorded)
    session = origin.session()
    try:
        wait_until(lambda: len(session.received) >= len(recorded), "all of it arrives")
    finally:
        assert bytes(session.received) == recorded, first_difference(recorded, session.received)


@pytest.fixture(scope="module")
def recordings(clip, tmp_path_factory):
    """A session of each real client, recorded when it is first asked for."""
    made = {}

    def get(client):
        if client not in made:
            made[client] = recording.record(client, clip, tmp_path_factory.mktemp("recording"))
        return made[client]

    return get


@pytest.mark.parametrize("client", recording.CLIENTS)
def test_a_real_clients_session_arrives_byte_for_byte(lab, recordings, client):
    assert_arrives_unchanged(lab, recordings(client))


@pytest.mark.parametrize("client", recording.CLIENTS)
def test_only_the_stream_id_changes_for_an_origin_that_has_another(lab, recordings, client):
    recorded = recordings(client)
    origin = lab.fake(OtherStreamId)
    proxy = lab.proxy(origin)
    Replay(lab.client(proxy.rtmp_port), recorded)
    session = origin.session()
    wait_until(lambda: len(session.received) >= len(recorded), "all of it arrives")
    assert len(session.received) == len(recorded)

    sent, arrived = ChunkReader().feed(recorded), ChunkReader().feed(session.received)
    assert len(sent) == len(arrived)
    for before, after in zip(sent, arrived):
        assert after.stream_id == (origin.answers_stream_id if before.stream_id else 0)
        assert (after.type, after.timestamp, after.csid) == (before.type, before.timestamp,
                                                             before.csid)
        assert after.payload == with_stream_id(before, origin.answers_stream_id)


def with_stream_id(message, stream_id):
    """The payload as an origin with this stream id must see it: user control events about a stream
    and deleteStream name it."""
    payload = message.payload
    if message.type == USER_CONTROL and payload[2:6] == struct.pack(">I", 1):
        return payload[:2] + struct.pack(">I", stream_id) + payload[6:]
    delete = amf0.encode("deleteStream")
    if message.type == COMMAND and payload.startswith(delete):
        return payload[:-8] + struct.pack(">d", stream_id)
    return payload


def command(*values, stream_id=0, csid=3, kind=COMMAND):
    prefix = b"\x00" if kind == COMMAND_AMF3 else b""
    return Message(kind, prefix + amf0.encode(*values), stream_id, 0, csid)


def connect(**fields):
    return command("connect", 1, {"app": "live", "tcUrl": "rtmp://127.0.0.1/live"} | fields)


def written(*messages, writer=None):
    writer = writer or ChunkWriter()
    return b"".join(writer.write(message, writer.smallest_fmt(message)) for message in messages)


def test_a_flash_style_session_arrives_byte_for_byte(lab):
    amf3_object = amf0.Raw(b"\x11\x0a\x0b\x01\x03a\x06\x03b\x01")  # {a: "b"}, AMF 3, section 3.12
    assert_arrives_unchanged(lab, written(
        command("connect", 1, {
            "app": "live", "flashVer": "WIN 32,0,0,465", "swfUrl": "http://example.com/p.swf",
            "tcUrl": "rtmp://127.0.0.1/live", "fpad": False, "capabilities": 239.0,
            "audioCodecs": 3575.0, "videoCodecs": 252.0, "videoFunction": 1.0,
            "pageUrl": "http://example.com/", "objectEncoding": 3.0}, "user", amf3_object),
        Message(WINDOW_ACK_SIZE, struct.pack(">I", 2500000), csid=2),
        command("createStream", 2, None, kind=COMMAND_AMF3),
        Message(USER_CONTROL, struct.pack(">HII", 3, 0, 3000), csid=2),
        command("play", 3, None, "flash", -2000.0, -1.0, True, stream_id=1, csid=8,
                kind=COMMAND_AMF3),
        Message(USER_CONTROL, struct.pack(">HII", 3, 1, 3000), csid=2),
        command("pause", 4, None, True, 1000.0, stream_id=1, csid=8, kind=COMMAND_AMF3),
        command("pause", 5, None, False, 1000.0, stream_id=1, csid=8, kind=COMMAND_AMF3),
        command("seek", 6, None, 2000.0, stream_id=1, csid=8, kind=COMMAND_AMF3),
        command("receiveAudio", 7, None, False, stream_id=1, csid=8, kind=COMMAND_AMF3),
        command("closeStream", 0, None, stream_id=1, csid=8, kind=COMMAND_AMF3),
        command("deleteStream", 0, None, 1.0, csid=3, kind=COMMAND_AMF3)))


def test_every_form_of_chunk_arrives_byte_for_byte(lab):
    writer = ChunkWriter()

    def media(kind, size, timestamp, csid):
        return Message(kind, avc.inter_frame(bytes(size)), 1, timestamp, csid)

    def chunk_size(size):
        return Message(SET_CHUNK_SIZE, struct.pack(">I", size), csid=2)

    parts = [written(
        connect(), command("createStream", 2, None),
        command("publish", 3, None, "forms", "live", stream_id=1, csid=4),
        media(VIDEO, 300, 0, 6), media(VIDEO, 300, 40, 6), media(VIDEO, 300, 80, 6),
        media(VIDEO, 0, 120, 6), Message(AUDIO, b"", 1, 120, 5),
        media(AUDIO, 50, 0, 70), media(AUDIO, 50, 23, 70), media(AUDIO, 60, 46, 319),
        media(AUDIO, 70, 46, 320), media(AUDIO, 70, 66, 320), media(AUDIO, 70, 86, 65599),
        chunk_size(1), media(VIDEO, 20, 160, 6), chunk_size(65536), media(VIDEO, 100_000, 200, 6),
        chunk_size(200),
        media(VIDEO, 500, 0xFFFFFE, 6), media(VIDEO, 500, 0xFFFFFF, 6),
        media(VIDEO, 500, 0x1000000, 6), media(VIDEO, 500, 0x2FFFFFF, 6),
        media(VIDEO, 500, 0xFFFFFFF0, 6), writer=writer)]
    # Two messages whose chunks alternate, and one that is given up in the middle.
    video, audio = media(VIDEO, 700, 0xFFFFFFF1, 6), media(AUDIO, 700, 0x1000, 70)
    for pair in zip(writer.chunks(video), writer.chunks(audio)):
        parts += pair
    parts.append(next(writer.chunks(media(VIDEO, 700, 0xFFFFFFF2, 6))))
    parts.append(writer.write(Message(ABORT, struct.pack(">I", 6), csid=2)))
    parts.append(written(
        media(VIDEO, 700, 0xFFFFFFF3, 6), command("FCUnpublish", 6, None, "forms"),
        command("deleteStream", 7, None, 1.0), writer=writer))
    assert_arrives_unchanged(lab, b"".join(parts))


def test_extended_timestamps_without_the_field_on_fmt_3_arrive_byte_for_byte(lab):
    writer = ChunkWriter(extended_on_fmt3=False)
    assert_arrives_unchanged(lab, written(
        connect(), command("createStream", 2, None),
        command("publish", 3, None, "extended", "live", stream_id=1, csid=4),
        *(Message(VIDEO, bytes([0x27]) * 400, 1, 0x1000000 + 40 * number, 6)
          for number in range(5)), writer=writer))


def test_enhanced_rtmp_arrives_byte_for_byte(lab):
    """HEVC, AV1 and multitrack video, and Opus, as the enhanced RTMP specification (v2) packs them:
    crafted, because the ffmpeg of Debian 12 does not speak it."""
    assert_arrives_unchanged(lab, written(
        connect(fourCcList=["av01", "hvc1", "vp09", "Opus"], capsEx=15.0,
                videoFourCcInfoMap={"hvc1": 7.0, "*": 4.0}, audioFourCcInfoMap={"Opus": 7.0}),
        command("createStream", 2, None),
        command("publish", 3, None, "enhanced", "live", stream_id=1, csid=4),
        Message(DATA, amf0.encode("@setDataFrame", "onMetaData", amf0.EcmaArray(
            videocodecid=1752589105.0, audiocodecid=1332770163.0, width=1920.0)), 1, 0, 4),
        Message(VIDEO, b"\x90hvc1" + bytes(range(80)), 1, 0, 6),
        Message(VIDEO, b"\x91hvc1\x00\x00\x21" + bytes(5000), 1, 0, 6),
        Message(VIDEO, b"\xa3hvc1" + bytes(900), 1, 40, 6),
        Message(VIDEO, b"\x94hvc1" + bytes(30), 1, 40, 6),
        Message(VIDEO, b"\xa6\x01av01\x00" + bytes(700), 1, 80, 6),
        Message(AUDIO, b"\x90OpusOpusHead" + bytes(11), 1, 0, 5),
        Message(AUDIO, b"\x91Opus" + bytes(160), 1, 20, 5)))


def test_more_than_the_record_holds_waits_for_the_verdict(lab):
    verdict = threading.Event()

    class Slow(FakeOrigin):
        """Fake because a real origin decides when it likes."""

        def on_publish(self, session, message):
            verdict.wait(30)
            super().on_publish(session, message)

    origin = lab.fake(Slow)
    proxy = lab.proxy(origin)
    session = written(connect(), command("createStream", 2, None),
                      command("publish", 3, None, "eager", "live", stream_id=1, csid=4),
                      *(Message(VIDEO, bytes([0x27]) * 100_000, 1, 40 * number, 6)
                        for number in range(10)))
    sender = threading.Thread(target=Replay, args=(lab.client(proxy.rtmp_port), session))
    sender.start()
    wait_until(lambda: origin.sessions and "publish" in origin.sessions[0].command_names(),
               "the origin is asked")
    verdict.set()
    wait_until(lambda: len(origin.sessions[0].received) >= len(session), "all of it arrives")
    sender.join()
    assert origin.sessions[0].received == session


class Broadcaster(FakeOrigin):
    """Sends players what the test says, each message with the shortest header that can say it and
    on the chunk streams of the answers before, which the proxy has used up. Fake because real
    origins start with full headers."""

    answers_stream_id = 9
    program = [
        Message(DATA, amf0.encode("onMetaData", amf0.EcmaArray(width=320.0)), 9, 0, 3),
        Message(VIDEO, avc.SEQUENCE_HEADER, 9, 0, 3),
        Message(VIDEO, avc.key_frame(bytes(3000)), 9, 40, 3),
        Message(VIDEO, avc.inter_frame(bytes(3000)), 9, 80, 3),
        Message(VIDEO, avc.inter_frame(bytes([1]) * 3000), 9, 120, 3),
        Message(VIDEO, avc.inter_frame(bytes([2]) * 3000), 9, 160, 3),
        Message(AUDIO, bytes([0xAF, 1]) + bytes(100), 9, 100, 2),
        Message(AUDIO, bytes([0xAF, 1]) + bytes(100), 9, 123, 2),
        Message(AUDIO, bytes([0xAF, 1]) + bytes(100), 9, 146, 2),
        Message(VIDEO, avc.inter_frame(bytes([3]) * 300), 9, 0x1000000, 3),
        Message(VIDEO, avc.inter_frame(bytes([4]) * 300), 9, 0x2000000, 3),
        Message(VIDEO, avc.inter_frame(bytes([5]) * 300), 9, 0x3000000, 3),
    ]

    def serve(self, session):
        write = session.writer.write
        session.send = lambda message, fmt=0: session.send_raw(
            write(message, session.writer.smallest_fmt(message)))
        super().serve(session)

    def status(self, session, stream_id, level, code, description, **more):
        session.command("onStatus", 0, None, {"level": level, "code": code,
                                              "description": description} | more,
                        stream_id=stream_id, csid=3)

    def on_play(self, session, message):
        super().on_play(session, message)
        session.set_chunk_size(1000)
        for part in self.program:
            session.send(part)


def test_a_player_receives_what_the_origin_sent(lab):
    origin = lab.fake(Broadcaster)
    proxy = lab.proxy(origin)
    player = lab.client(proxy.rtmp_port).open()
    assert player.play("program")["code"] == "NetStream.Play.Start"
    for part in origin.program:
        got = player.receive_media(DATA, AUDIO, VIDEO)
        assert got.stream_id == player.stream_id
        assert (got.type, got.timestamp, got.payload) == (part.type, part.timestamp, part.payload)
    player.command("deleteStream", 9, None, float(player.stream_id))
    session = origin.session()
    wait_until(lambda: ["deleteStream", 9.0, None, 9.0] in session.commands(),
               "deleteStream arrives, with the origin's stream id")
    assert session.commands()[-2][0] == "play"


@pytest.fixture
def nginx_proxy(lab):
    origin = lab.nginx("origin-a")
    return origin, lab.proxy(origin)


def test_a_stream_may_be_published_again_on_the_same_connection(lab, nginx_proxy):
    origin, proxy = nginx_proxy
    client = lab.client(proxy.rtmp_port).open()
    assert client.publish("again")["code"] == "NetStream.Publish.Start"
    for transaction in (10, 20):
        client.command("deleteStream", transaction, None, float(client.stream_id))
        client.create_stream(transaction + 1)
        assert client.publish("again")["code"] == "NetStream.Publish.Start"
    assert origin.clients("again") == (1, 0)


def test_another_stream_may_follow_on_the_same_connection(lab, nginx_proxy):
    origin, proxy = nginx_proxy
    client = lab.client(proxy.rtmp_port).open()
    assert client.publish("first")["code"] == "NetStream.Publish.Start"
    client.command("deleteStream", 4, None, float(client.stream_id))
    client.create_stream(5)
    assert client.publish("second")["code"] == "NetStream.Publish.Start"
    wait_until(lambda: (origin.clients("first"), origin.clients("second")) == ((0, 0), (1, 0)),
               "only the second is published")


def test_another_stream_beside_a_live_one_is_refused_in_words(lab, nginx_proxy):
    origin, proxy = nginx_proxy
    client = lab.client(proxy.rtmp_port).open()
    assert client.publish("first")["code"] == "NetStream.Publish.Start"
    client.create_stream(5)
    status = client.publish("second")
    assert status["level"] == "error" and status["description"]
    assert (origin.clients("first"), origin.clients("second")) == ((1, 0), (0, 0))


def test_everything_at_once_with_the_handshake(lab, nginx_proxy):
    """A client that waits for nothing: C0 to publish in one piece."""
    origin, proxy = nginx_proxy
    client = lab.client(proxy.rtmp_port)
    client.send_raw(b"\x03" + bytes(1536) + bytes(1536) + written(
        connect(), command("createStream", 2, None),
        command("publish", 3, None, "rush", "live", stream_id=1, csid=4)))
    client.read_exactly(1 + 2 * 1536)
    assert client.receive_command("onStatus")[3]["code"] == "NetStream.Publish.Start"
    assert origin.clients("rush") == (1, 0)
