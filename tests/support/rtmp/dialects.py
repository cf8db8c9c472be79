"""How clients talk to SRS: one script a dialect, in the folder of this name.

A script is a conversation. A line that starts with '>' is sent at once; one that starts with '<' is
waited for, and must be the next that is heard. Clients that wait for less are written with more
lines of '>' in a row. Scripts are ours, written after watching the clients or reading them; what
SRS answers was noted once with the real SRS (7.0.18), as names and codes.

    > NAME TRANSACTION ARGUMENT ...   a command; 'stream' is the stream's name, and may have a
                                      query; '@stream' sends it
                                      on the message stream, '@1' on that one; '#amf3' as type 17
    > connect TRANSACTION NAME=VALUE ...
    > chunk_size N, window_ack_size N, peer_bandwidth N, set_buffer_length ID MS, ping N
    > metadata, > video               media
    < NAME TRANSACTION CODE           a command; CODE is its information object's, if it has one
    < chunk_size N, ..., stream_begin ID, ping_response N, |RtmpSampleAccess

Acknowledgements and media are not listened to.
"""

import pathlib
import struct

from support.rtmp import amf0, avc
from support.rtmp.chunks import (ACK, AUDIO, COMMAND, COMMAND_AMF3, DATA, SET_CHUNK_SIZE,
                                 SET_PEER_BANDWIDTH, USER_CONTROL, VIDEO, WINDOW_ACK_SIZE, Message)
from support.rtmp.connection import Client, Closed, command_values

FOLDER = pathlib.Path(__file__).with_suffix("")
NAMES = sorted(path.stem for path in FOLDER.glob("*.txt"))

_STREAM_BEGIN, _SET_BUFFER_LENGTH, _PING, _PING_RESPONSE = 0, 3, 6, 7
_EVENTS = {_STREAM_BEGIN: "stream_begin", 1: "stream_eof", _PING: "ping",
           _PING_RESPONSE: "ping_response"}
_CONTROLS = {SET_CHUNK_SIZE: "chunk_size", WINDOW_ACK_SIZE: "window_ack_size",
             SET_PEER_BANDWIDTH: "peer_bandwidth"}
_CONTROL_TYPES = {name: kind for kind, name in _CONTROLS.items()}


class Wrong(AssertionError):
    """The client heard something else."""


def script(name):
    """The lines of a dialect, without comments."""
    lines = (FOLDER / f"{name}.txt").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def publishes(name):
    return any(line.startswith("> publish") for line in script(name))


def described(message):
    """A message as the scripts write it; None for what they do not listen to."""
    if message.type in _CONTROLS:
        return f"{_CONTROLS[message.type]} {struct.unpack('>I', message.payload[:4])[0]}"
    if message.type == USER_CONTROL:
        event, value = struct.unpack(">HI", message.payload[:6])
        return f"{_EVENTS.get(event, f'event_{event}')} {value}"
    if message.type in (COMMAND, COMMAND_AMF3):
        name, transaction, *arguments = command_values(message)
        codes = [part["code"] for part in arguments if isinstance(part, dict) and "code" in part]
        return " ".join([name, f"{transaction:g}", *codes])
    if message.type == DATA:
        name = amf0.decode(message.payload)[0]
        return None if name == "onMetaData" else name
    if message.type in (ACK, AUDIO, VIDEO):
        return None
    return f"type_{message.type}"


class DialectClient(Client):
    """Plays a script, and keeps the conversation as it was in `heard`."""

    def __init__(self, port, stream, **options):
        super().__init__(port, **options)
        self.stream = stream
        self.heard = []
        self.pieces = []  # Of each message heard, into how many chunks it was cut.
        self._clock = 0

    def play_script(self, lines):
        self.handshake_as_client()
        self.play_on(lines)

    def play_on(self, lines):
        for line in lines:
            direction, words = line[0], line[2:].split()
            if direction == ">":
                self._say(words)
            else:
                self._expect(" ".join(words))

    def hear_the_rest(self):
        """Ends the client's half of the connection; what is heard until the other half ends."""
        rest = []
        try:
            self.socket.shutdown(1)
            while True:
                rest.append(self._next())
        except (Closed, OSError):
            return rest

    def _expect(self, wanted):
        try:
            got = self._next()
        except (Closed, OSError) as error:
            got = repr(error)
        if got != wanted:
            heard = "\n  ".join(self.heard)
            raise Wrong(f"heard '{got}' instead of '{wanted}', after\n  {heard}")

    def _next(self):
        while True:
            message = self.receive()
            text = described(message)
            if text is None:
                continue
            self.heard.append(text)
            self.pieces.append(message.chunks)
            if text.startswith("_result") and message.type == COMMAND:
                values = command_values(message)
                if len(values) > 3 and isinstance(values[3], float):
                    self.stream_id = int(values[3])
            return text

    def _say(self, words):
        name = words[0]
        if name in _CONTROL_TYPES:
            self._control(_CONTROL_TYPES[name], int(words[1]))
        elif name == "set_buffer_length":
            self._event(_SET_BUFFER_LENGTH, int(words[1]), int(words[2]))
        elif name == "ping":
            self._event(_PING, int(words[1]))
        elif name == "metadata":
            self.media(DATA, amf0.encode("@setDataFrame", "onMetaData",
                                         amf0.EcmaArray(width=16.0, height=16.0)), 0, csid=4)
        elif name == "video":
            self._clock += 40
            payload = avc.SEQUENCE_HEADER if self._clock == 40 else avc.key_frame(bytes(400))
            self.media(VIDEO, payload, self._clock)
        elif name == "connect":
            self._connect(words)
        else:
            self._command(words)

    def _control(self, kind, value):
        tail = b"\x02" if kind == SET_PEER_BANDWIDTH else b""
        self.send(Message(kind, struct.pack(">I", value) + tail, csid=2))

    def _event(self, event, *values):
        payload = struct.pack(">H", event) + b"".join(struct.pack(">I", value) for value in values)
        self.send(Message(USER_CONTROL, payload, csid=2))

    def _connect(self, words):
        fields = {"app": "live", "flashVer": "LNX 9,0,124,2",
                  "tcUrl": f"rtmp://{self.host}:{self.port}/live"}
        for word in words[2:]:
            name, value = word.split("=")
            fields[name] = float(value) if value.isdigit() else value
        self.command("connect", int(words[1]), fields)

    def _command(self, words):
        flags = [word for word in words if word[0] in "@#"]
        arguments = [self._argument(word) for word in words[2:] if word[0] not in "@#"]
        where = next((word[1:] for word in flags if word[0] == "@"), "0")
        stream_id = self.stream_id if where == "stream" else int(where)
        kind = COMMAND_AMF3 if "#amf3" in flags else COMMAND
        prefix = b"\x00" if kind == COMMAND_AMF3 else b""
        payload = prefix + amf0.encode(words[0], int(words[1]), *arguments)
        self.send(Message(kind, payload, stream_id, 0, 8 if stream_id else 3))

    def _argument(self, word):
        if word.split("?")[0] == "stream":
            return word.replace("stream", self.stream, 1)
        if word == "null":
            return None
        return float(word) if word.lstrip("-").isdigit() else word
