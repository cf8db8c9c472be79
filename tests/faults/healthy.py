"""Clients with which nothing is wrong, beside all those with which something is."""

import asyncio
import os
import time

from origins import RtmpServer, HttpServer, Origin
from pipe import Ended, Pipe, connect
from support.rtmp import amf0
from support.rtmp.chunks import AUDIO, COMMAND, ChunkReader, ChunkWriter, Message

APP = "healthy"
_HANDSHAKE_BYTES = 1536
_EVERY = 0.04
# Without a frame for so long, a player would have stopped; everybody shares two cores here.
LONGEST_GAP = 10.0
_ATTEMPTS = 10


def _frame(number):
    return bytes([0xAF, 1]) + number.to_bytes(4, "big") + bytes(200)


def _number(payload):
    return int.from_bytes(payload[2:6], "big")


class Line:
    """Frames with numbers that come in order, and soon enough."""

    def __init__(self, name):
        self.name, self.count, self.fault = name, 0, ""
        self._next, self._last = None, None
        self.longest_gap = 0.0

    def take(self, number):
        now = time.monotonic()
        if self._last is not None:
            self.longest_gap = max(self.longest_gap, now - self._last)
        if self._next is not None and number != self._next:
            self.fail(f"frame {number} came in place of {self._next}")
        self._next, self._last = number + 1, now
        self.count += 1

    def fail(self, why):
        self.fault = self.fault or f"{self.name}: {why}"

    def check(self):
        if self.count == 0:
            self.fail("nothing came")
        if self.longest_gap > LONGEST_GAP:
            self.fail(f"nothing came for {self.longest_gap:.1f} s")
        return self.fault


class _Rtmp(RtmpServer):
    """Notes a publisher's frames, and plays frames of its own without end."""

    published = None

    async def _answer(self, pipe, say, writer, name, stream_id):
        await self.accept(say, name, stream_id)
        if name == "publish":
            return
        number = 0
        while True:
            await pipe.send(writer.write(Message(AUDIO, _frame(number), stream_id,
                                                 40 * number, 6)))
            number += 1
            await asyncio.sleep(_EVERY)

    def heard(self, message):
        if message.type == AUDIO:
            self.published.take(_number(message.payload))


class _Http(HttpServer):
    async def _live(self, pipe, upgrade):
        await self._head(pipe, "200 OK", "Content-Type: video/x-flv", "Connection: close")
        number = 0
        while True:
            await pipe.send(b"%08d" % number + bytes(192))
            number += 1
            await asyncio.sleep(_EVERY)


class Healthy:
    """An origin, a publisher, a viewer over RTMP and one over HTTP-FLV."""

    def __init__(self, seed, proxy):
        self._proxy = proxy
        self.lines = [Line("the healthy publisher"), Line("the healthy viewer over RTMP"),
                      Line("the healthy viewer over HTTP-FLV")]
        self.origin = Origin(seed, APP, ports=(_Rtmp(seed), _Http(seed)))
        self.origin.ports[0].published = self.lines[0]
        self._tasks, self._over = [], False

    async def start(self):
        await self.origin.open()
        clients = (self._publish, self._play, self._watch)
        self._tasks = [asyncio.ensure_future(self._keep(line, client))
                       for line, client in zip(self.lines, clients)]
        async def flowing():
            while not all(line.count for line in self.lines):
                for line in self.lines:
                    if line.fault:
                        raise AssertionError(line.fault)
                await asyncio.sleep(_EVERY)
        await asyncio.wait_for(flowing(), 20)

    async def stop(self):
        """What went wrong; empty: nothing."""
        self._over = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.origin.close()
        return [fault for fault in (line.check() for line in self.lines) if fault]

    async def _keep(self, line, client):
        for _ in range(_ATTEMPTS):  # At the start a busy machine may take longer than 300 ms.
            why = await self._connect(line, client)
            if line.count > 0 or self._over:
                break
            await asyncio.sleep(0.5)
        line.fail(f"its connection was ended ({why})")

    async def _connect(self, line, client):
        """Why it ended."""
        reader, writer = await connect(self._proxy.http_port if client == self._watch else
                                       self._proxy.rtmp_port)
        try:
            await client(Pipe(reader, writer, None))
        except (Ended, OSError) as error:
            return error.__cause__ or error
        finally:
            writer.close()

    async def _open(self, pipe, name):
        chunks, messages = ChunkWriter(), ChunkReader()

        async def say(*values, stream_id=0):
            await pipe.send(chunks.write(Message(COMMAND, amf0.encode(*values), stream_id)))

        async def until(wanted):
            while True:
                for message in messages.feed(await pipe.read_some()):
                    if message.type == COMMAND and amf0.decode(message.payload)[0] == wanted:
                        return

        await pipe.send(b"\x03" + bytes(8) + os.urandom(_HANDSHAKE_BYTES - 8))
        answer = await pipe.read_exactly(1 + 2 * _HANDSHAKE_BYTES)
        await pipe.send(answer[1:1 + _HANDSHAKE_BYTES])
        await say("connect", 1, {"app": APP, "tcUrl": f"rtmp://127.0.0.1/{APP}"})
        await until("_result")
        await say("createStream", 2, None)
        await until("_result")
        await say(name, 3, None, f"{name}ed", *(["live"] if name == "publish" else []), stream_id=1)
        await until("onStatus")
        return chunks, messages

    async def _publish(self, pipe):
        chunks, _ = await self._open(pipe, "publish")
        number = 0
        while True:
            await pipe.send(chunks.write(Message(AUDIO, _frame(number), 1, 40 * number, 6)))
            number += 1
            await asyncio.sleep(_EVERY)

    async def _play(self, pipe):
        _, messages = await self._open(pipe, "play")
        while True:
            for message in messages.feed(await pipe.read_some()):
                if message.type == AUDIO:
                    self.lines[1].take(_number(message.payload))

    async def _watch(self, pipe):
        await pipe.send(f"GET /{APP}/watched.flv HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        received = b""
        while b"\r\n\r\n" not in received:
            received += await pipe.read_some()
        head, _, received = received.partition(b"\r\n\r\n")
        if b" 200 " not in head.splitlines()[0]:
            raise ConnectionError(head.decode("latin-1"))
        while True:
            while len(received) >= 200:
                self.lines[2].take(int(received[:8]))
                received = received[200:]
            received += await pipe.read_some()
