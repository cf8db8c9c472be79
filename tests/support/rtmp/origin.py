"""Fake origins: each plays what no real RTMP server can be made to do, and says why.

A connection is served on a thread of its own by the origin's `serve`; what arrives is kept in
`sessions`, so that a test can see what the proxy sent.
"""

import socket
import threading

from support.rtmp.chunks import (COMMAND, COMMAND_AMF3, SET_PEER_BANDWIDTH, USER_CONTROL,
                                 WINDOW_ACK_SIZE, Message)
from support.rtmp.connection import Closed, Connection, command_values
from support.waiting import wait_until


class Session(Connection):
    """One connection that an origin got. `messages` are those read so far."""

    def __init__(self, sock):
        super().__init__(sock, timeout=60)
        self.messages = []
        self.closed = False
        self.stream_id = 0

    def receive(self):
        message = super().receive()
        self.messages.append(message)
        return message

    def read_to_end(self):
        self.wait_for_close()

    def commands(self):
        """The commands that arrived: lists of values."""
        return [command_values(message) for message in list(self.messages)
                if message.type in (COMMAND, COMMAND_AMF3)]

    def command_names(self):
        return [values[0] for values in self.commands()]

    def media(self, *kinds):
        return [message for message in list(self.messages) if message.type in kinds]


class FakeOrigin:
    """Answers as a willing origin does, and keeps every byte it gets.

    Fake because a real origin does not show the bytes it received. Subclasses change one thing.
    """

    answers_stream_id = 1

    def __init__(self, server="fake", host="127.0.0.1", port=0):
        self.server = server
        self.sessions = []
        self._stopped = False
        self._listener = socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=1024)
        self.rtmp_port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def registration(self, **changes):
        return {"ip": "127.0.0.1", "server": self.server, "service": "fake", "pid": "1",
                "rtmp": [f"127.0.0.1:{self.rtmp_port}"]} | changes

    @property
    def origin_id(self):
        return f"{self.server}-fake-1"

    def stop(self):
        if self._stopped:
            return
        self._stopped = True
        self._listener.shutdown(socket.SHUT_RDWR)  # Wakes accept, which would take one more.
        self._listener.close()
        for session in self.sessions:
            session.close()

    def session(self, index=-1, count=1):
        """Waits until `count` connections came, and returns one of them."""
        wait_until(lambda: len(self.sessions) >= count, f"{count} connections at {self.server}")
        return self.sessions[index]

    def _accept(self):
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            session = Session(sock)
            self.sessions.append(session)
            threading.Thread(target=self._serve, args=(session,), daemon=True).start()

    def _serve(self, session):
        try:
            self.serve(session)
        except (Closed, OSError, ValueError):
            pass
        finally:
            session.closed = True
            session.close()

    # What subclasses change.

    def serve(self, session):
        session.handshake_as_origin()
        while True:
            message = session.receive()
            if message.type in (COMMAND, COMMAND_AMF3):
                self.answer(session, command_values(message), message)

    def answer(self, session, values, message):
        name = values[0]
        if name == "connect":
            self.on_connect(session, values)
        elif name == "createStream":
            session.stream_id = self.answers_stream_id
            session.command("_result", values[1], None, float(self.answers_stream_id))
        elif name == "publish":
            self.on_publish(session, message)
        elif name == "play":
            self.on_play(session, message)

    def on_connect(self, session, values):
        session.send(Message(WINDOW_ACK_SIZE, (2500000).to_bytes(4, "big"), csid=2))
        session.send(Message(SET_PEER_BANDWIDTH, (2500000).to_bytes(4, "big") + b"\x02", csid=2))
        session.command(
            "_result", values[1], {"fmsVer": "FMS/3,5,3,888", "capabilities": 127.0},
            {"level": "status", "code": "NetConnection.Connect.Success",
             "description": "Connection succeeded.", "objectEncoding": 0.0})

    def on_publish(self, session, message):
        self.status(session, message.stream_id, "status", "NetStream.Publish.Start",
                    "Started publishing stream.")

    def on_play(self, session, message):
        session.send(Message(USER_CONTROL, b"\x00\x00" + message.stream_id.to_bytes(4, "big"),
                             csid=2))
        self.status(session, message.stream_id, "status", "NetStream.Play.Reset", "Reset.")
        self.status(session, message.stream_id, "status", "NetStream.Play.Start", "Started.")

    def status(self, session, stream_id, level, code, description, **more):
        session.command("onStatus", 0, None,
                        {"level": level, "code": code, "description": description} | more,
                        stream_id=stream_id, csid=5)
