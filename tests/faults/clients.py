"""Clients that do what a sequence plans for them, from the first byte to the way they leave."""

import asyncio
import json
import os
import re
import struct

import plan
from pipe import Ended, Pipe, Struck, Tls, connect
from support.rtmp import amf0
from support.rtmp.chunks import AUDIO, COMMAND, ChunkReader, ChunkWriter, Message

# Whoever waits for the proxy is answered, or its connection ended, within this time: some steps of
# 300 ms, on a machine that has other things to do. See Client.run.
PATIENCE = 20.0
_WATCH = 0.6  # So long a live stream is watched.
_HANDSHAKE_BYTES = 1536
_FRAME = bytes([0xAF, 1]) + bytes(300)


class Outcome:
    """What became of a sequence."""

    def __init__(self):
        self.answered = False  # The proxy has said something about the stream.
        self.media = False     # And media has come.
        self.hung = ""         # What the client waited for in vain.


class Client:
    def __init__(self, proxy, sequence, app, seed):
        self._proxy, self._sequence, self._app, self._seed = proxy, sequence, app, seed
        self._outcome = Outcome()
        self._pipe = None
        self._leaving = False
        self._unread = b""  # What came behind an answer over HTTP.
        self._waits_for = "the connection"

    async def run(self):
        sequence = self._sequence
        try:
            await asyncio.wait_for(self._connect(), PATIENCE)
        except (OSError, asyncio.TimeoutError):
            return self._outcome  # The listener's queue may be full; that it lives is asked later.
        try:
            await asyncio.wait_for(self._live(), PATIENCE)
        except (asyncio.TimeoutError, TimeoutError):
            if sequence.protocol != "grpc" and not sequence.may_be_unreadable:
                self._outcome.hung = self._waits_for
        finally:
            self._pipe.writer.transport.abort()
        return self._outcome

    async def _connect(self):
        reader, writer = await connect(self._port(), 4096 if self._sequence.flood else None)
        self._pipe = Pipe(reader, writer, self._leave)

    async def _live(self):
        leaving = self._sequence.leaving
        try:
            if leaving.when == "at once":
                await self._leave()
            if leaving.when in ("sent", "received"):
                self._pipe.arm(leaving.when, leaving.count)
                await self._pipe.check()
            if leaving.when != "ms":
                await self._speak()
            elif not await self._speaks_within(leaving.count / 1000):
                await self._leave()
            if leaving.when == "end":
                await self._leave()
        except (Struck, Ended, ConnectionError):
            pass
        except (LookupError, ValueError, struct.error):
            if not self._sequence.may_be_unreadable:
                raise  # Else it is an origin's garbage, which is passed on as it is.

    async def _speaks_within(self, seconds):
        script = asyncio.ensure_future(self._speak())
        try:
            await asyncio.wait({script}, timeout=seconds)
            if script.done():
                script.result()
            return script.done()
        finally:
            script.cancel()
            await asyncio.gather(script, return_exceptions=True)

    async def _leave(self):
        self._leaving = True
        self._waits_for = "the end, after it had closed its half"
        await self._pipe.leave(self._sequence.leaving.how)
        raise Struck

    def _port(self):
        proxy, protocol = self._proxy, self._sequence.protocol
        if protocol.startswith("rtmp"):
            return proxy.rtmps_port if self._sequence.with_tls else proxy.rtmp_port
        return {"cluster api": proxy.http_api_port, "register": proxy.api_port,
                "system api": proxy.api_port, "grpc": proxy.grpc_port}.get(protocol,
                                                                           proxy.http_port)

    async def _speak(self):
        speak = {"http-flv": self._live_http, "websocket-flv": self._live_http, "hls": self._hls,
                 "file": self._file, "cluster api": self._cluster_api, "register": self._register,
                 "system api": self._system_api,
                 "grpc": self._grpc}.get(self._sequence.protocol, self._rtmp)
        await speak()

    # ---- RTMP

    async def _rtmp(self):
        sequence, stream = self._sequence, self._pipe
        if sequence.with_tls:
            stream = Tls(self._pipe)
            self._waits_for = "the TLS handshake"
            await stream.handshake()
        self._waits_for = "the handshake"
        await stream.send(b"\x03" + bytes(8) + os.urandom(_HANDSHAKE_BYTES - 8))
        answer = await stream.read_exactly(1 + 2 * _HANDSHAKE_BYTES)
        await stream.send(answer[1:1 + _HANDSHAKE_BYTES])
        chunks, messages = ChunkWriter(), ChunkReader()

        async def say(*values, stream_id=0):
            await stream.send(chunks.write(Message(COMMAND, amf0.encode(*values), stream_id)))

        async def until(name):
            self._waits_for = f"{name}"
            while True:
                for message in messages.feed(await stream.read_some()):
                    self._outcome.media |= message.type == AUDIO
                    if message.type == COMMAND and amf0.decode(message.payload)[0] == name:
                        return

        await say("connect", 1, {"app": self._app, "tcUrl":
                                 f"rtmp://127.0.0.1:{self._proxy.rtmp_port}/{self._app}"})
        await until("_result")
        await say("createStream", 2, None)
        await until("_result")
        name = "publish" if sequence.publishes else "play"
        await say(name, 3, None, sequence.stream, *(["live"] if sequence.publishes else []),
                  stream_id=1)
        if sequence.ahead:
            await stream.send(chunks.write(Message(AUDIO, _FRAME * 20, 1, 0, 6)))
        await until("onStatus")
        self._outcome.answered = True
        if sequence.publishes:
            await self._publish(stream, chunks)
        else:
            await self._watch(messages, stream)
        if sequence.variant == 0:  # Another one on the same connection.
            await say("deleteStream", 4, None, 1.0)
            await say(name, 5, None, sequence.stream + "b",
                      *(["live"] if sequence.publishes else []), stream_id=1)
            await until("onStatus")
        elif sequence.variant == 1:
            await say("deleteStream", 4, None, 1.0)

    async def _publish(self, stream, chunks):
        payload = _FRAME if not self._sequence.flood else bytes([0xAF, 1]) + bytes(64 * 1024)
        self._waits_for = "its media to be taken"
        for number in range(15 if not self._sequence.flood else 30):
            await stream.send(chunks.write(Message(AUDIO, payload, 1, 40 * number, 6)))
            self._outcome.media = True
            if not self._sequence.flood:
                await asyncio.sleep(0.04)

    async def _watch(self, messages, stream):
        async def read():
            while True:
                data = await stream.read_some()
                if messages is None:
                    self._outcome.media = True
                elif any(message.type == AUDIO for message in messages.feed(data)):
                    self._outcome.media = True

        watching = asyncio.ensure_future(read())
        try:
            await asyncio.wait({watching}, timeout=_WATCH)
            if watching.done() or self._leaving:
                await watching  # Else: of a live stream there is always more to come.
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    # ---- HTTP

    async def _ask(self, target, *fields, method="GET"):
        await self._pipe.send("\r\n".join([f"{method} {target} HTTP/1.1", "Host: 127.0.0.1",
                                           *fields, "", ""]).encode())

    async def _head(self):
        """The status, and the fields in lower case."""
        self._waits_for = "the head of an answer"
        while b"\r\n\r\n" not in self._unread:
            self._unread += await self._pipe.read_some()
        head, _, self._unread = self._unread.partition(b"\r\n\r\n")
        return int(head.split()[1]), head.decode("latin-1").lower()

    async def _whole(self, method="GET"):
        """The status and the body of an answer."""
        status, head = await self._head()
        if status == 100:
            status, head = await self._head()
        if method == "HEAD" or status in (204, 304):
            return status, b""
        self._waits_for = "the rest of an answer"
        length = re.search(r"content-length: (\d+)", head)
        end = int(length[1]) if length else float("inf")  # Else the connection's end is its end.
        while len(self._unread) < end:
            self._unread += await self._pipe.read_some()
        body, self._unread = self._unread[:end], self._unread[end:]
        return status, body

    async def _live_http(self):
        sequence = self._sequence
        upgrade = sequence.protocol == "websocket-flv"
        kind = "flv" if upgrade else ("flv", "ts", "aac", "flv")[sequence.variant]
        await self._ask(f"/{self._app}/{sequence.stream}.{kind}",
                        *(["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: x",
                           "Sec-WebSocket-Version: 13"] if upgrade else []))
        if sequence.ahead:
            await self._ask(f"/{self._app}/{sequence.stream}.flv")
        await self._head()
        self._outcome.answered = True
        await self._watch(None, self._pipe)

    async def _hls(self):
        path = f"/{self._app}/{self._sequence.stream}.m3u8"
        for _ in range(3):  # A master leads to another.
            await self._ask(path)
            if self._sequence.ahead:
                await self._ask(path)
            status, body = await self._whole()
            if self._sequence.ahead:
                await self._whole()
            uris = [line for line in body.decode(errors="replace").splitlines()
                    if line and not line.startswith(("#", "{"))]
            if status != 200 or not uris:
                return
            self._outcome.answered = True
            path = uris[0] if uris[0].startswith("/") else f"/{self._app}/{uris[0]}"
            if ".ts" in path:
                break
        await self._ask(path)
        _, body = await self._whole()
        self._outcome.media = len(body) > 1000

    async def _file(self):
        method = ("GET", "HEAD", "GET", "GET")[self._sequence.variant]
        fields = ["Range: bytes=1000-"] if self._sequence.variant == 2 else []
        target = "/none" if self._sequence.variant == 3 else "/file.bin"
        await self._ask(target, *fields, method=method)
        await self._whole(method)

    async def _cluster_api(self):
        target = ("/api/v1/summaries", f"/api/v1/streams?count={10 + self._sequence.number % 7}",
                  f"/api/v1/clients/c{self._sequence.number}", "/api/v1/versions")
        variant = self._sequence.variant
        await self._ask(target[variant],
                        method="DELETE" if variant == 2 and self._sequence.ahead else "GET")
        await self._whole()

    async def _system_api(self):
        for _ in range(2):  # On one connection.
            await self._ask(("/metrics", "/readyz", "/api/v1/versions", "/healthz")
                            [self._sequence.variant])
            await self._whole()
            self._outcome.answered = True

    async def _register(self):
        """An origin that is known already says so again."""
        body = json.dumps(self._proxy.known).encode()
        if self._sequence.variant == 0:
            body = body[:len(body) // 2]  # No JSON.
        await self._ask("/api/v1/srs/register", "Content-Type: application/json",
                        f"Content-Length: {len(body)}", *(
                            ["Expect: 100-continue"] if self._sequence.variant == 1 else []),
                        method="POST")
        await self._pipe.send(body)
        await self._whole()

    async def _grpc(self):
        """As far as the settings frames; what comes then is noise."""
        await self._pipe.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0")
        if self._sequence.variant != 0:
            await self._pipe.send(plan.noise(self._seed, self._sequence.number, 200))
        await self._watch(None, self._pipe)
