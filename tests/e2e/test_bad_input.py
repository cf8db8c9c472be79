"""Clients that do not speak RTMP, or speak it wrongly: told and counted, while the neighbours do
not notice and the memory stays flat."""

import asyncio
import os
import socket
import struct

import pytest

from support.rtmp import amf0, avc, crowd
from support.rtmp.chunks import (ABORT, COMMAND, SET_CHUNK_SIZE, VIDEO, ChunkReader, ChunkWriter,
                                 Message, basic_header)
from support.rtmp.connection import Client
from support.waiting import wait_until

HANDSHAKE = b"\x03" + bytes(1536) + bytes(1536)
MEMORY_BOUND = 32 * 1024 * 1024


def command(*values, stream_id=0):
    return ChunkWriter(1 << 24).write(Message(COMMAND, amf0.encode(*values), stream_id))


def control(kind, value):
    return ChunkWriter().write(Message(kind, struct.pack(">I", value), csid=2))


def claims(kind, length, csid=3):
    """The header of a message that says it has this length."""
    return basic_header(0, csid) + bytes(3) + length.to_bytes(3, "big") + bytes([kind]) + bytes(4)


CONNECT = ChunkWriter().write(Message(COMMAND, amf0.encode(
    "connect", 1, {"app": "live", "tcUrl": "rtmp://127.0.0.1/live"})))
BIG_CHUNKS = control(SET_CHUNK_SIZE, 0xFFFFFF)

NOT_RTMP = {
    "HTTP": (b"GET /live/x.flv HTTP/1.1\r\nHost: x\r\n\r\n", "wrong_protocol"),
    "HTTP, posting": (b"POST / HTTP/1.1\r\n" + b"X" * 5000, "wrong_protocol"),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + os.urandom(500), "wrong_protocol"),
    "random bytes": (b"\x99" + os.urandom(8000), "wrong_protocol"),
    "another RTMP version": (b"\x06" + bytes(1536), "wrong_protocol"),
}

MALFORMED = {
    "chunk size 0": control(SET_CHUNK_SIZE, 0),
    "chunk size 2 GB": control(SET_CHUNK_SIZE, 0x80000000),
    "a cut control message": claims(SET_CHUNK_SIZE, 2, csid=2) + b"\x00\x01",
    "a command of 16 MB": BIG_CHUNKS + claims(COMMAND, 0xFFFFFF) + bytes(200_000),
    "fmt 3 before any other": basic_header(3, 7) + bytes(128),
    "5,000 chunk streams": BIG_CHUNKS + b"".join(
        basic_header(0, 64 + number) + bytes(3) + b"\x00\x00\x02\x08" + bytes(4) + b"x"
        for number in range(5000)),
    "AMF nested 10,000 deep": BIG_CHUNKS + ChunkWriter(1 << 24).write(Message(
        COMMAND, amf0.encode("connect", 1) + b"\x03\x00\x01a" * 10_000)),
    "AMF arrays nested 10,000 deep": BIG_CHUNKS + ChunkWriter(1 << 24).write(Message(
        COMMAND, amf0.encode("connect", 1) + b"\x0a\x00\x00\x00\x01" * 10_000)),
    "an AMF string longer than its message": command(amf0.Raw(b"\x02\xff\xffabc")),
    "an AMF array of 4,000,000,000": command("connect", 1, amf0.Raw(b"\x0a\xee\x00\x00\x00")),
    "an unknown AMF type": command("connect", 1, amf0.Raw(b"\x77\x00")),
    "a command that is no string": command(5.0, 1),
    "an empty command": ChunkWriter().write(Message(COMMAND, b"")),
    "publish without connect": command("publish", 1, None, "x", "live", stream_id=1),
}

MALFORMED_AFTER_CONNECT = {
    "publish without a name": command("publish", 3, None, "", "live", stream_id=1),
    "publish of a number": command("publish", 3, None, 5.0, "live", stream_id=1),
    "play without arguments": command("play", 3, None, stream_id=1),
    "a name with control characters": command("play", 3, None, "a\x00b\n", stream_id=1),
    "a name of 60,000 letters": command("play", 3, None, "x" * 60_000, stream_id=1),
    "a second connect": CONNECT,
}


class Neighbour:
    """A publisher and a player of the same proxy, who must not notice anything."""

    def __init__(self, lab, proxy):
        self.publisher = lab.client(proxy.rtmp_port).open()
        assert self.publisher.publish("neighbour")["level"] == "status"
        self.player = lab.client(proxy.rtmp_port).open()
        assert self.player.play("neighbour")["level"] == "status"
        self.publisher.media(VIDEO, avc.SEQUENCE_HEADER, 0)
        self._pictures = 0

    def assert_well(self):
        self._pictures += 1
        picture = avc.key_frame(os.urandom(100))
        self.publisher.media(VIDEO, picture, 40 * self._pictures)
        while self.player.receive_media(VIDEO).payload != picture:
            pass


@pytest.fixture
def proxy(lab):
    return lab.proxy(lab.nginx("origin-a"), HANDSHAKE_TIMEOUT="1s")


@pytest.fixture
def neighbour(lab, proxy):
    neighbour = Neighbour(lab, proxy)
    yield neighbour
    neighbour.assert_well()
    proxy.wait_for_metric("srsproxy_sessions", 2)


def send_and_read_to_end(proxy, data):
    """Sends, and returns all that is answered until the proxy closes."""
    with socket.create_connection(("127.0.0.1", proxy.rtmp_port), 15) as sock:
        try:
            sock.sendall(data)
        except OSError:
            pass
        return read_to_end(sock)


def read_to_end(sock):
    answer = b""
    try:
        while part := sock.recv(65536):
            answer += part
    except ConnectionResetError:
        pass
    return answer


def assert_memory(proxy, before):
    if not proxy.sanitized:  # A sanitizer keeps what is freed for a while.
        assert proxy.process.resident_bytes() - before < MEMORY_BOUND


def errors(proxy, **labels):
    return proxy.metric("srsproxy_client_errors_total", protocol="rtmp", **labels)


@pytest.mark.parametrize("name", NOT_RTMP)
def test_what_is_not_rtmp_is_closed_and_counted(proxy, neighbour, name):
    data, reason = NOT_RTMP[name]
    send_and_read_to_end(proxy, data)
    wait_until(lambda: errors(proxy, reason=reason) == 1, "it is counted")


def test_http_is_answered_in_words(proxy, neighbour):
    """A browser at the wrong port shows what is wrong."""
    answer = send_and_read_to_end(proxy, NOT_RTMP["HTTP"][0])
    assert not answer or (answer.startswith(b"HTTP/1.1 400") and b"RTMP" in answer)
    assert proxy.process.wait_for_line("HTTP")


SILENT_AFTER = {
    "nothing": b"",
    "half a handshake": b"\x03" + bytes(800),
    "most of a handshake": b"\x03" + bytes(1536),
    "the handshake": HANDSHAKE,
    "half a command": HANDSHAKE + CONNECT[:50],
    "connect": HANDSHAKE + CONNECT,
}


@pytest.mark.parametrize("said", SILENT_AFTER)
def test_silence_ends_at_the_deadline(proxy, neighbour, said):
    send_and_read_to_end(proxy, SILENT_AFTER[said])
    wait_until(lambda: errors(proxy, reason="timeout") == 1, "it is counted")


def test_a_byte_now_and_then_does_not_move_the_deadline(proxy, neighbour):
    """One byte a second, scaled down: each comes well within the deadline, all of them do not."""
    with socket.create_connection(("127.0.0.1", proxy.rtmp_port), 15) as sock:
        sock.settimeout(0.2)
        sent = 0
        with pytest.raises(OSError):
            while sent < 200:
                sock.sendall(b"\x03")
                sent += 1
                try:
                    if not sock.recv(1):
                        raise ConnectionResetError
                except TimeoutError:
                    pass
    assert sent < 100
    wait_until(lambda: errors(proxy, reason="timeout") == 1, "it is counted")


def last_words(answer):
    """The last command in what the proxy answered after its side of the handshake."""
    messages = ChunkReader().feed(answer[1 + 2 * 1536:])
    commands = [amf0.decode(message.payload) for message in messages if message.type == COMMAND]
    return commands[-1] if commands else None


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_rtmp_is_reported_counted_and_closed(proxy, neighbour, name):
    answer = send_and_read_to_end(proxy, HANDSHAKE + MALFORMED[name])
    wait_until(lambda: errors(proxy) == 1, "it is counted")
    words = last_words(answer)
    assert words and words[0] in ("onStatus", "_error"), "the sender is told"
    assert words[-1]["level"] == "error" and len(words[-1]["description"]) > 10


@pytest.mark.parametrize("name", MALFORMED_AFTER_CONNECT)
def test_malformed_commands_are_reported_and_counted(proxy, neighbour, name):
    answer = send_and_read_to_end(proxy, HANDSHAKE + CONNECT + command("createStream", 2, None) +
                                  BIG_CHUNKS + MALFORMED_AFTER_CONNECT[name])
    wait_until(lambda: errors(proxy) == 1, "it is counted")
    words = last_words(answer)
    assert words and words[-1]["level"] == "error" and len(words[-1]["description"]) > 10


def test_an_abort_of_nothing_is_harmless(lab, proxy, neighbour):
    client = lab.client(proxy.rtmp_port).open()
    client.send_raw(control(ABORT, 77) + control(ABORT, 3))
    assert client.publish("after-abort")["level"] == "status"
    client.close()
    proxy.wait_for_metric("srsproxy_sessions", 2)


def test_claims_of_16_mb_cost_no_memory(lab, proxy, neighbour):
    """A hundred publishers who claim 16 MB each and send the first 100 kB of it."""
    before = proxy.process.resident_bytes()
    for number in range(100):
        client = lab.client(proxy.rtmp_port).open()
        assert client.publish(f"claim-{number}")["level"] == "status"
        client.send_raw(BIG_CHUNKS + claims(VIDEO, 0xFFFFFF, csid=6) + bytes(100_000))
    neighbour.assert_well()
    assert_memory(proxy, before)
    lab.close_clients(but=(neighbour.publisher, neighbour.player))
    proxy.wait_for_metric("srsproxy_sessions", 2)


def test_bad_clients_by_the_thousand_leave_nothing_behind(proxy, neighbour):
    bad = [data for data, _ in NOT_RTMP.values()]
    bad += [HANDSHAKE + data for data in MALFORMED.values()]

    async def send(count):
        await asyncio.gather(*(crowd.say(proxy.rtmp_port, bad[number % len(bad)], "127.0.0.1")
                               for number in range(count)))

    asyncio.run(send(len(bad)))
    before, files = proxy.process.resident_bytes(), proxy.descriptors()
    for _ in range(10):
        asyncio.run(send(100))
    proxy.wait_for_descriptors(files)
    assert_memory(proxy, before)


def test_an_idle_proxy_does_nothing(lab):
    proxy = lab.proxy(lab.fake())
    clients = [Client(proxy.rtmp_port) for _ in range(50)]
    used = proxy.process.cpu_seconds_over(2)
    for client in clients:
        client.close()
    assert used < 0.4, "it is busy with silent clients"
