"""A fake origin that answers as SRS does: the same messages in the same order, and silence where
SRS is silent. Fake because the real one is not to be had everywhere; that it says the same is
tested with the scripts of dialects.py, which were noted with the real one."""

from support.rtmp import amf0
from support.rtmp.chunks import (AUDIO, COMMAND, COMMAND_AMF3, DATA, SET_PEER_BANDWIDTH,
                                 USER_CONTROL, VIDEO, WINDOW_ACK_SIZE, Message)
from support.rtmp.connection import command_values
from support.rtmp.origin import FakeOrigin

_ENCODER_CALLS = ("releaseStream", "FCPublish", "FCUnpublish")
_NO_CALLS = ("connect", "createStream", "publish", "play", "pause", "closeStream", "onMetaData",
             "@setDataFrame")
_STREAM = 1
_PING, _PING_RESPONSE = b"\x00\x06", b"\x00\x07"


class SrsLike(FakeOrigin):
    """The steps are those of a client's life: what it is, then publishing or playing, then again.
    Subclasses change its ways: chunk size, window, and what it does before it decides."""

    chunk_size = 60000
    window = 2500000

    def serve(self, session):
        session.handshake_as_origin()
        self._greet(session, *self._next(session, "connect"))
        while True:
            kind = self._identify(session)
            if kind == "play":
                self._play(session)
            else:
                self._publish(session, kind)

    # What SRS says.

    def _greet(self, session, values, _):
        session.send(Message(WINDOW_ACK_SIZE, self.window.to_bytes(4, "big"), csid=2))
        session.send(Message(SET_PEER_BANDWIDTH, (2500000).to_bytes(4, "big") + b"\x02", csid=2))
        session.set_chunk_size(self.chunk_size)
        session.command(
            "_result", 1, {"fmsVer": "FMS/3,5,3,888", "capabilities": 127.0, "mode": 1.0},
            {"level": "status", "code": "NetConnection.Connect.Success",
             "description": "Connection succeeded",
             "objectEncoding": values[2].get("objectEncoding", 0.0),
             "data": amf0.EcmaArray(version="3,5,3,888", filler="x" * 600)})
        session.command("onBWDone", 0, None)

    def _identify(self, session):
        """Reads until it is clear what the client is."""
        while True:
            values, _ = self._next(session)
            if values[0] == "createStream":
                return self._identify_stream(session, values)
            if values[0] in _ENCODER_CALLS:
                self._result(session, values, amf0.UNDEFINED)
                self._result(session, self._next(session, *_ENCODER_CALLS)[0], amf0.UNDEFINED)
                self._result(session, self._next(session, "createStream")[0], float(_STREAM))
                self._next(session, "publish")
                return "encoder"
            if values[0] == "play":
                return "play"
            if values[0] not in _NO_CALLS:
                self._result(session, values, None)

    def _identify_stream(self, session, create):
        self._result(session, create, float(_STREAM))
        while True:
            values, _ = self._next(session)
            if values[0] == "createStream":
                self._result(session, values, float(_STREAM))
            elif values[0] == "play":
                return "play"
            elif values[0] == "publish":
                return "flash"
            elif values[0] in _ENCODER_CALLS:
                self._result(session, values, amf0.UNDEFINED)
                self._next(session, "publish")
                return "encoder"

    def _publish(self, session, kind):
        if kind == "encoder":
            self._status(session, "onFCPublish", "NetStream.Publish.Start")
        self.before_verdict(session)
        self._status(session, "onStatus", "NetStream.Publish.Start", level="status")
        while True:
            values, _ = self._next(session)
            if kind == "flash":
                return  # Any command of it means that it has ended, which is not answered.
            if values[0] in _ENCODER_CALLS:
                self._status(session, "onFCUnpublish", "NetStream.Unpublish.Success")
                self._result(session, values, amf0.UNDEFINED)
                self._status(session, "onStatus", "NetStream.Unpublish.Success", level="status")
                return

    def _play(self, session):
        session.send(Message(USER_CONTROL, b"\x00\x00" + _STREAM.to_bytes(4, "big"), csid=2))
        self.before_verdict(session)
        self._status(session, "onStatus", "NetStream.Play.Reset", level="status")
        self._status(session, "onStatus", "NetStream.Play.Start", level="status")
        session.send(Message(DATA, amf0.encode("|RtmpSampleAccess", True, True), _STREAM, 0, 5))
        while True:
            values, _ = self._next(session)
            if values[0] == "closeStream":
                return
            if values[0] not in _NO_CALLS and values[1] > 0:
                self._result(session, values, None)

    def before_verdict(self, session):
        """What subclasses do before they say yes."""

    # How.

    def _next(self, session, *names):
        """The next command with one of these names, or any; others are dropped in silence."""
        while True:
            message = session.receive()
            if message.type == USER_CONTROL and message.payload[:2] == _PING:
                session.send(Message(USER_CONTROL, _PING_RESPONSE + message.payload[2:6], csid=2))
            if message.type in (AUDIO, VIDEO):
                self.on_media(session, message)
            if message.type not in (COMMAND, COMMAND_AMF3):
                continue
            values = command_values(message)
            if not names or values[0] in names:
                return values, message

    def on_media(self, session, message):
        """What a publisher sends."""

    def _result(self, session, values, result):
        session.command("_result", values[1], None, result)

    def _status(self, session, name, code, **more):
        session.command(name, 0, None, more | {"code": code, "description": "as SRS"},
                        stream_id=_STREAM, csid=5)
