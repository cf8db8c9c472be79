"""One RTMP connection over a socket, from either end, and a client that says the usual commands."""

import os
import socket
import struct

from support.rtmp import amf0
from support.rtmp.chunks import (COMMAND, COMMAND_AMF3, SET_CHUNK_SIZE, ChunkReader, ChunkWriter,
                                 Message)

VERSION = b"\x03"
HANDSHAKE_BYTES = 1536


class Closed(ConnectionError):
    """The other side closed the connection."""


def command_values(message):
    """The values of a command message. That of type 17 has a zero byte before them."""
    return amf0.decode(message.payload[message.type == COMMAND_AMF3:])


class Connection:
    """Blocking, with a deadline on every read."""

    def __init__(self, sock, timeout=15.0):
        self.socket = sock
        self.socket.settimeout(timeout)
        self.reader = ChunkReader()
        self.writer = ChunkWriter()
        self.received = bytearray()  # All bytes after the handshake.
        self._messages = []

    def close(self):
        """Also ends a read that another thread is waiting in."""
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # The other side was first.
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def read_exactly(self, count):
        data = b""
        while len(data) < count:
            part = self._receive(count - len(data))
            if not part:
                raise Closed(f"closed after {len(data)} of {count} bytes")
            data += part
        return data

    def _receive(self, count):
        try:
            return self.socket.recv(count)
        except ConnectionResetError:
            return b""

    def send_raw(self, data):
        self.socket.sendall(data)

    def send(self, message, fmt=0):
        self.send_raw(self.writer.write(message, fmt))

    def command(self, *values, stream_id=0, csid=3, fmt=0, timestamp=0):
        self.send(Message(COMMAND, amf0.encode(*values), stream_id, timestamp, csid), fmt)

    def send_media(self, kind, payload, timestamp, stream_id, csid=6, fmt=0):
        self.send(Message(kind, payload, stream_id, timestamp, csid), fmt)

    def set_chunk_size(self, size):
        self.send(Message(SET_CHUNK_SIZE, struct.pack(">I", size), csid=2))

    def receive(self):
        """The next message. Raises Closed at the end, TimeoutError when nothing comes."""
        while not self._messages:
            data = self._receive(65536)
            if not data:
                raise Closed("closed")
            self.received += data
            self._messages = self.reader.feed(data)
        return self._messages.pop(0)

    def receive_command(self, *names):
        """The values of the next command with one of these names, or any; others are skipped."""
        while True:
            message = self.receive()
            if message.type not in (COMMAND, COMMAND_AMF3):
                continue
            values = command_values(message)
            if not names or values[0] in names:
                return values

    def wait_for_close(self):
        """Reads on until the other side closes."""
        try:
            while True:
                self.receive()
        except Closed:
            return

    # The simple handshake (section 5.2).

    def handshake_as_client(self):
        self.send_raw(VERSION + bytes(8) + os.urandom(HANDSHAKE_BYTES - 8))
        answer = self.read_exactly(1 + HANDSHAKE_BYTES)
        self.send_raw(answer[1:])
        self.read_exactly(HANDSHAKE_BYTES)

    def handshake_as_origin(self):
        challenge = self.read_exactly(1 + HANDSHAKE_BYTES)
        self.send_raw(VERSION + bytes(8) + os.urandom(HANDSHAKE_BYTES - 8) + challenge[1:])
        self.read_exactly(HANDSHAKE_BYTES)


class Client(Connection):
    """A client as the specification describes it: simple handshake, AMF 0."""

    def __init__(self, port, host="127.0.0.1", timeout=15.0, source=None):
        super().__init__(socket.create_connection(
            (host, port), timeout, source_address=(source, 0) if source else None), timeout)
        self.host, self.port = host, port
        self.stream_id = 0

    def connect(self, app="live", tc_url=None, **fields):
        """Says connect and returns what the answer's last argument was."""
        self.command("connect", 1, {
            "app": app, "flashVer": "FMLE/3.0", "type": "nonprivate",
            "tcUrl": tc_url or f"rtmp://{self.host}:{self.port}/{app}"} | fields)
        return self.receive_command("_result", "_error")[-1]

    def create_stream(self, transaction=2):
        self.command("createStream", transaction, None)
        self.stream_id = int(self.receive_command("_result")[3])
        return self.stream_id

    def open(self, app="live", tc_url=None):
        """Everything up to a message stream."""
        self.handshake_as_client()
        self.connect(app, tc_url)
        self.create_stream()
        return self

    def publish(self, stream, kind="live"):
        """Says publish and returns the onStatus object that answers it."""
        self.command("publish", 3, None, stream, kind, stream_id=self.stream_id, csid=8)
        return self.receive_command("onStatus")[3]

    def play(self, stream, *options):
        """Says play and returns the first onStatus object that is no Reset."""
        self.command("play", 3, None, stream, *options, stream_id=self.stream_id, csid=8)
        while True:
            status = self.receive_command("onStatus")[3]
            if status["code"] != "NetStream.Play.Reset":
                return status

    def media(self, kind, payload, timestamp, csid=6, fmt=0):
        self.send_media(kind, payload, timestamp, self.stream_id, csid, fmt)

    def receive_media(self, *kinds):
        """The next message of one of these types."""
        while True:
            message = self.receive()
            if message.type in kinds:
                return message
