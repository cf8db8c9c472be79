"""The chunk stream (specification, section 5.3): messages in, bytes out, and back."""

import dataclasses
import struct

SET_CHUNK_SIZE, ABORT, ACK, USER_CONTROL, WINDOW_ACK_SIZE, SET_PEER_BANDWIDTH = 1, 2, 3, 4, 5, 6
AUDIO, VIDEO, DATA_AMF3, COMMAND_AMF3, DATA, COMMAND = 8, 9, 15, 17, 18, 20

_NO_TIMESTAMP = 0xFFFFFF


@dataclasses.dataclass
class Message:
    type: int
    payload: bytes
    stream_id: int = 0
    timestamp: int = 0
    csid: int = 3
    chunks: int = dataclasses.field(default=1, compare=False)  # Of those read: how many it took.

    def same_as(self, other):
        return (self.type, self.payload, self.stream_id, self.timestamp) == (
            other.type, other.payload, other.stream_id, other.timestamp)


def basic_header(fmt, csid):
    """Section 5.3.1.1: one, two or three bytes."""
    if csid < 2 or csid > 65599:
        raise ValueError(f"no such chunk stream: {csid}")
    if csid < 64:
        return bytes([fmt << 6 | csid])
    if csid < 320:
        return bytes([fmt << 6, csid - 64])
    return bytes([fmt << 6 | 1, (csid - 64) & 0xFF, (csid - 64) >> 8])


@dataclasses.dataclass
class _State:
    timestamp: int = 0
    delta: int = 0
    length: int = 0
    type: int = 0
    stream_id: int = 0
    extended: bool = False
    field: int = 0
    fmt: int = -1
    payload: bytes = b""
    chunks: int = 0
    busy: bool = False


class ChunkWriter:
    """Writes messages with the header format that the test wants."""

    def __init__(self, chunk_size=128, extended_on_fmt3=True):
        self.chunk_size = chunk_size
        self._extended_on_fmt3 = extended_on_fmt3
        self._states = {}

    def write(self, message, fmt=0):
        """`fmt` is that of the first chunk. 1 and 2 send the distance to the message before on the
        same chunk stream; 3 repeats it, which must then be the same."""
        return b"".join(self.chunks(message, fmt))

    def smallest_fmt(self, message):
        """The shortest header that can say this message after the one before."""
        state = self._states.get(message.csid)
        if (state is None or state.stream_id != message.stream_id or
                message.timestamp < state.timestamp):
            return 0
        if (state.length, state.type) != (len(message.payload), message.type):
            return 1
        return 3 if message.timestamp - state.timestamp == state.delta else 2

    def chunks(self, message, fmt=0):
        state = self._states.setdefault(message.csid, _State())
        if fmt == 0:
            field = state.delta = message.timestamp
        else:
            field = message.timestamp - state.timestamp
            if fmt == 3 and field != state.delta:
                raise ValueError("fmt 3 repeats the last distance in time")
            state.delta = field
        extended = field >= _NO_TIMESTAMP
        header = basic_header(fmt, message.csid)
        if fmt <= 2:
            header += min(field, _NO_TIMESTAMP).to_bytes(3, "big")
        if fmt <= 1:
            header += len(message.payload).to_bytes(3, "big") + bytes([message.type])
        if fmt == 0:
            header += struct.pack("<I", message.stream_id)
        extension = struct.pack(">I", field) if extended else b""
        if fmt == 3 and not self._extended_on_fmt3:
            extension = b""
        state.timestamp, state.length = message.timestamp, len(message.payload)
        state.type, state.stream_id = message.type, message.stream_id

        yield header + extension + message.payload[:self.chunk_size]
        next_header = basic_header(3, message.csid) + (
            extension if self._extended_on_fmt3 else b"")
        for start in range(self.chunk_size, len(message.payload), self.chunk_size):
            yield next_header + message.payload[start:start + self.chunk_size]
        if message.type == SET_CHUNK_SIZE:
            self.chunk_size = struct.unpack(">I", message.payload[:4])[0]


class ChunkReader:
    """Reads messages from bytes that come in any pieces. `seen_fmts` tells, for each message read,
    the format of its first chunk."""

    def __init__(self):
        self.chunk_size = 128
        self.seen_fmts = []
        self._buffer = bytearray()
        self._states = {}

    def feed(self, data):
        self._buffer += data
        messages = []
        while True:
            used = self._chunk(messages)
            if used == 0:
                return messages
            del self._buffer[:used]

    def _chunk(self, messages):
        """Reads one chunk; 0 when it is not all there."""
        buffer = self._buffer
        if not buffer:
            return 0
        fmt, csid, offset = buffer[0] >> 6, buffer[0] & 63, 1
        if csid < 2:
            offset += csid + 1
            if len(buffer) < offset:
                return 0
            csid = 64 + int.from_bytes(buffer[1:offset], "little")
        header = (11, 7, 3, 0)[fmt]
        if len(buffer) < offset + header:
            return 0
        fields = buffer[offset:offset + header]
        offset += header
        state = self._states.setdefault(csid, _State())
        field = int.from_bytes(fields[:3], "big") if fmt < 3 else state.field
        extended = field == _NO_TIMESTAMP if fmt < 3 else state.extended
        if extended:
            if len(buffer) < offset + 4:
                return 0
            if fmt < 3 or struct.unpack_from(">I", buffer, offset)[0] == state.field:
                field = struct.unpack_from(">I", buffer, offset)[0]
                offset += 4
        starts = not state.busy
        length = int.from_bytes(fields[3:6], "big") if fmt < 2 else state.length
        done = 0 if starts else len(state.payload)
        size = min(self.chunk_size, length - done)
        if len(buffer) < offset + size:
            return 0

        if starts:
            if fmt == 0:
                state.timestamp = field
                state.stream_id = struct.unpack_from("<I", fields, 7)[0]
            else:
                state.timestamp = (state.timestamp + field) & 0xFFFFFFFF
            if fmt < 2:
                state.type = fields[6]
            state.length, state.field, state.extended = length, field, extended
            state.fmt, state.payload, state.chunks, state.busy = fmt, b"", 0, True
        state.chunks += 1
        state.payload += bytes(buffer[offset:offset + size])
        if len(state.payload) == state.length:
            state.busy = False
            self.seen_fmts.append(state.fmt)
            message = Message(state.type, state.payload, state.stream_id, state.timestamp, csid,
                              state.chunks)
            self._control(message)
            messages.append(message)
        return offset + size

    def _control(self, message):
        if message.type == SET_CHUNK_SIZE:
            self.chunk_size = struct.unpack(">I", message.payload[:4])[0] & 0x7FFFFFFF
        elif message.type == ABORT:
            state = self._states.get(struct.unpack(">I", message.payload[:4])[0])
            if state:
                state.busy = False
