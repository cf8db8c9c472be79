"""Origins that do what a sequence plans for them. Real ones cannot be made to fail at a byte."""

import asyncio
import json
import os
import random
import socket

import plan
from pipe import Ended, Pipe, Struck, reset
from support.ports import free_port
from support.rtmp import amf0
from support.rtmp.chunks import (AUDIO, COMMAND, COMMAND_AMF3, SET_PEER_BANDWIDTH, WINDOW_ACK_SIZE,
                                 ChunkReader, ChunkWriter, Message)
from support.rtmp.connection import command_values

_HANDSHAKE_BYTES = 1536
_FRAME = bytes([0xAF, 1]) + bytes(200)
_FLOOD = 2 * 1024 * 1024
_FLV = b"FLV\x01\x05\x00\x00\x00\x09\x00\x00\x00\x00"
_SEGMENT_BYTES = 40_000


async def listen(serve, port):
    """Bound again and again: the port may still be in the hands of connections that end."""
    for _ in range(100):
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind(("127.0.0.1", port))
            return await asyncio.start_server(serve, sock=sock, backlog=128, limit=16 * 1024)
        except OSError:
            sock.close()
            await asyncio.sleep(0.05)
    raise OSError(f"port {port} is taken")


class FaultyServer:
    """One port. `fault` is the one of each connection from when it comes."""

    def __init__(self, seed):
        self.port = free_port()
        self.fault, self.sequence = None, None
        self.owner = self  # What dies with it.
        self.over = asyncio.Event()  # The sequence.
        self._seed = seed
        self._server = None
        self._writers, self._tasks = set(), set()

    async def open(self):
        if self._server is None:
            self._server = await listen(self._accept, self.port)

    def stop_listening(self):
        if self._server is not None:
            self._server.close()
            self._server = None

    def die(self):
        self.stop_listening()
        for writer in list(self._writers):
            reset(writer)

    async def begin(self, sequence, fault):
        self.over.set()  # Whoever is left from the sequence before.
        self.over = asyncio.Event()
        self.sequence, self.fault = sequence, fault
        if fault is not None and fault.how == "refuse":
            self.stop_listening()
        else:
            await self.open()

    def end(self):
        self.over.set()

    async def close(self):
        self.over.set()
        self.die()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self, reader, writer):
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader, writer):
        self._writers.add(writer)

        async def strike():
            await self._strike(pipe)

        pipe = Pipe(reader, writer, strike)
        self.take_up(pipe)
        try:
            await self.step(pipe, "accept")
            await self.serve(pipe)
        except (Struck, Ended, ConnectionError, OSError, ValueError, IndexError, KeyError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    def take_up(self, pipe):
        """From now on the connection serves the sequence of this moment."""
        pipe.fault, pipe.sequence, pipe.over = self.fault, self.sequence, self.over

    async def _strike(self, pipe):
        fault = pipe.fault
        if fault.how == "slow":
            pipe.slow = 60
            return
        if fault.how == "garbage":
            await pipe.send(plan.noise(self._seed, pipe.sequence.number if pipe.sequence else 0,
                                       64))
            return
        if fault.how == "stall":
            await pipe.over.wait()
            raise Struck
        if fault.how == "half":
            pipe.half()
            await pipe.read_to_end()
        elif fault.how == "rst":
            pipe.rst()
        elif fault.how == "die":
            self.owner.die()
        raise Struck

    async def step(self, pipe, name):
        fault = pipe.fault
        pipe.disarm()
        if fault is None or fault.step != name:
            return
        pipe.arm("moved", fault.after)
        await pipe.check()

    async def serve(self, pipe):
        raise NotImplementedError


class RtmpServer(FaultyServer):
    async def serve(self, pipe):
        await self.step(pipe, "handshake")
        challenge = await pipe.read_exactly(1 + _HANDSHAKE_BYTES)
        await pipe.send(b"\x03" + bytes(8) + os.urandom(_HANDSHAKE_BYTES - 8) + challenge[1:])
        await pipe.read_exactly(_HANDSHAKE_BYTES)
        reader, writer = ChunkReader(), ChunkWriter()

        async def say(*values, stream_id=0):
            await pipe.send(writer.write(Message(COMMAND, amf0.encode(*values), stream_id)))

        await self.step(pipe, "connect")
        while True:
            for message in reader.feed(await pipe.read_some()):
                if message.type not in (COMMAND, COMMAND_AMF3):
                    self.heard(message)
                    continue
                values = command_values(message)
                if values[0] == "connect":
                    await pipe.send(writer.write(
                        Message(WINDOW_ACK_SIZE, (2500000).to_bytes(4, "big"), csid=2)))
                    await pipe.send(writer.write(
                        Message(SET_PEER_BANDWIDTH, (2500000).to_bytes(4, "big") + b"\x02",
                                csid=2)))
                    await say("_result", values[1], {"fmsVer": "FMS/3,5,3,888"},
                              {"level": "status", "code": "NetConnection.Connect.Success"})
                    await self.step(pipe, "create")
                elif values[0] == "createStream":
                    await say("_result", values[1], None, 1.0)
                    await self.step(pipe, "answer")
                elif values[0] in ("publish", "play"):
                    await self._answer(pipe, say, writer, values[0], message.stream_id)

    @staticmethod
    async def accept(say, name, stream_id):
        code = {"publish": "NetStream.Publish.Start", "play": "NetStream.Play.Start"}[name]
        await say("onStatus", 0, None, {"level": "status", "code": code, "description": "yes"},
                  stream_id=stream_id)

    def heard(self, message):
        """A message that is no command."""

    async def _answer(self, pipe, say, writer, name, stream_id):
        if pipe.fault is not None and pipe.fault.how == "no":
            await say("onStatus", 0, None, {"level": "error", "code": "NetStream.Failed",
                                            "description": "no"}, stream_id=stream_id)
            return
        await self.accept(say, name, stream_id)
        await self.step(pipe, "media")
        if name == "publish":
            return
        flood = pipe.sequence is not None and pipe.sequence.flood
        payload = _FRAME if not flood else bytes([0xAF, 1]) + bytes(64 * 1024)
        count = 25 if not flood else _FLOOD // len(payload)
        for number in range(count):
            await pipe.send(writer.write(Message(AUDIO, payload, stream_id, 40 * number, 6)))
            if not flood:
                await asyncio.sleep(0.04)


class HttpServer(FaultyServer):
    """Live streams, HLS, and an API that knows nothing."""

    async def serve(self, pipe):
        received = b""
        while True:
            while not received:
                received = await pipe.read_some()
            self.take_up(pipe)  # Connections are kept for those who come later.
            await self.step(pipe, "request")
            while b"\r\n\r\n" not in received:
                received += await pipe.read_some()
            request, _, received = received.partition(b"\r\n\r\n")
            method, target = request.decode("latin-1").split(" ")[:2]
            await self.step(pipe, "head")
            if pipe.fault is not None and pipe.fault.how == "no":
                await self._whole(pipe, method, b"no\n", "404 Not Found")
            else:
                await self._answer(pipe, method, target, b"upgrade: websocket" in request.lower())

    async def _answer(self, pipe, method, target, upgrade):
        path = target.partition("?")[0]
        if path.startswith("/api/"):
            await self._whole(pipe, method, self._api(path, method))
        elif path.endswith(".m3u8"):
            await self._whole(pipe, method, self._playlist(pipe, target))
        elif path.endswith(".ts"):
            await self._whole(pipe, method, bytes(_SEGMENT_BYTES))
        else:
            await self._live(pipe, upgrade)

    async def _head(self, pipe, status, *fields):
        await pipe.send("\r\n".join([f"HTTP/1.1 {status}", *fields, "", ""]).encode())
        await self.step(pipe, "body")

    async def _whole(self, pipe, method, body, status="200 OK"):
        await self._head(pipe, status, f"Content-Length: {len(body)}")
        if method != "HEAD":
            await pipe.send(body)

    async def _live(self, pipe, upgrade):
        if upgrade:
            await self._head(pipe, "101 Switching Protocols", "Upgrade: websocket",
                             "Connection: Upgrade", "Sec-WebSocket-Accept: abc")
        else:
            await self._head(pipe, "200 OK", "Content-Type: video/x-flv",
                             "Transfer-Encoding: chunked", "Connection: close")
        flood = pipe.sequence is not None and pipe.sequence.flood
        part = _FLV + bytes(64 * 1024 if flood else 200)
        for _ in range(_FLOOD // len(part) if flood else 25):
            await pipe.send(part if upgrade else b"%x\r\n%s\r\n" % (len(part), part))
            if not flood:
                await asyncio.sleep(0.04)
        if not upgrade:
            await pipe.send(b"0\r\n\r\n")
        raise Struck

    @staticmethod
    def _playlist(pipe, target):
        name = target.rpartition("/")[2].partition(".")[0]
        variant = pipe.sequence.variant if pipe.sequence is not None else 0
        if variant == 0:
            return b"this is no playlist\n"
        if variant == 1 and "hls_ctx" not in target:
            return (f"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1,AVERAGE-BANDWIDTH=1\n"
                    f"{name}.m3u8?hls_ctx=c{name}\n").encode()
        return ("#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:7\n"
                f"#EXTINF:2.000,\n{name}-7.ts\n#EXTINF:2.000,\n{name}-8.ts\n").encode()

    @staticmethod
    def _api(path, method):
        name = path.split("/")[3] if path.count("/") >= 3 else ""
        body = {"code": 0, "server": "a", "service": "s", "pid": "1"}
        if method == "DELETE":
            return json.dumps(body).encode()
        if name in ("streams", "clients", "vhosts"):
            rest = path.split("/")[4:]
            return json.dumps({"code": 2048} if rest and rest[0] else body | {name: []}).encode()
        return json.dumps(body | {"data": {"ok": True, "now_ms": 1, "major": 7, "minor": 0,
                                           "revision": 0, "version": "7.0.0", "self": {},
                                           "system": {}}}).encode()


class ApiServer(HttpServer):
    """Is asked for the whole cluster, by no sequence in particular: the fault of each connection
    is drawn as they come."""

    def __init__(self, seed, name):
        super().__init__(seed)
        self.rtmp_port = free_port()  # Registrations need one; nobody listens there.
        self._rng = random.Random(f"{seed}/{name}")

    def take_up(self, pipe):
        super().take_up(pipe)
        fault = plan.fault(self._rng, "cluster api")
        pipe.fault = None if fault is not None and fault.how in ("die", "refuse") else fault


class Origin:
    """An RTMP and an HTTP port, registered as one."""

    def __init__(self, seed, server, ports=None):
        self.server = server
        self.ports = ports or (RtmpServer(seed), HttpServer(seed))
        for port in self.ports:
            port.owner = self

    @property
    def id(self):
        return f"{self.server}-s-1"

    def registration(self):
        rtmp, http = self.ports
        return {"ip": "127.0.0.1", "server": self.server, "service": "s", "pid": "1",
                "rtmp": [str(rtmp.port)], "http": [str(http.port)]}

    async def begin(self, sequence, fault):
        for port in self.ports:
            await port.begin(sequence, fault)

    async def open(self):
        for port in self.ports:
            await port.open()

    def die(self):
        for port in self.ports:
            port.die()

    def end(self):
        for port in self.ports:
            port.end()

    async def close(self):
        for port in self.ports:
            await port.close()
