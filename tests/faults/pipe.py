"""One end of a connection that goes wrong at a byte that was chosen beforehand."""

import asyncio
import socket
import ssl
import struct

_LIMIT = 16 * 1024  # What is read ahead of who asks for it.
_STALL_SECONDS = 0.8


class Struck(Exception):
    """This end has done what was planned for it, and has no more to say."""


class Ended(Exception):
    """The other side has closed, or reset the connection."""


def reset(writer):
    """Closes by RST."""
    sock = writer.get_extra_info("socket")
    if sock is not None and sock.fileno() >= 0:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def connect(port, receive_buffer=None):
    """A connection to the proxy; its reader and writer."""
    sock = socket.socket()
    try:
        sock.setblocking(False)
        if receive_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", port))
        return await asyncio.open_connection(sock=sock, limit=_LIMIT)
    except BaseException:
        sock.close()
        raise


class _Readable:
    """What follows from read_some()."""

    async def read_some(self, most=65536):
        """At least a byte, and at the most so many."""
        raise NotImplementedError

    async def read_exactly(self, count):
        data = b""
        while len(data) < count:
            data += await self.read_some(count - len(data))
        return data

    async def read_to_end(self):
        while True:
            await self.read_some()


class Pipe(_Readable):
    """Reads and writes. `strike`, a coroutine function, is called at the armed byte; what it raises
    leaves send() and read()."""

    def __init__(self, reader, writer, strike):
        self.writer = writer
        self.sent = self.received = 0
        self.slow = 0  # So many times a few bytes are sent, and then a pause is made.
        self._reader, self._strike = reader, strike
        self._armed = None  # (which, how many bytes are left)

    def arm(self, which, count):
        """`which`: "sent", "received", or "moved" for both."""
        self._armed = [which, count]

    def disarm(self):
        self._armed = None

    async def check(self):
        if self._armed is not None and self._armed[1] <= 0:
            self._armed = None
            await self._strike()

    def _allowed(self, which, count):
        if self._armed is None or self._armed[0] not in (which, "moved"):
            return count
        return min(count, self._armed[1])

    async def _moved(self, which, count):
        if which == "sent":
            self.sent += count
        else:
            self.received += count
        if self._armed is not None and self._armed[0] in (which, "moved"):
            self._armed[1] -= count
        await self.check()

    async def send(self, data):
        while data:
            part = data[:self._allowed("sent", 7 if self.slow else len(data))]
            try:
                self.writer.write(part)
                await self.writer.drain()
            except (ConnectionError, OSError) as error:
                raise Ended from error
            data = data[len(part):]
            await self._moved("sent", len(part))
            if self.slow:
                self.slow -= 1
                await asyncio.sleep(0.02)

    async def read_some(self, most=65536):
        await self.check()
        try:
            data = await self._reader.read(self._allowed("received", most))
        except (ConnectionError, OSError) as error:
            raise Ended from error
        if not data:
            raise Ended
        await self._moved("received", len(data))
        return data

    # What may be struck with.

    async def leave(self, how):
        """`how` as in plan.Leaving. Ended: the other side has closed in answer."""
        self.disarm()
        if how == "stall":
            await asyncio.sleep(_STALL_SECONDS)
            self.fin()
        elif how == "half":
            self.half()
            await self.read_to_end()
        elif how == "rst":
            self.rst()
        else:
            self.fin()

    def fin(self):
        self.writer.close()

    def rst(self):
        reset(self.writer)

    def half(self):
        try:
            self.writer.write_eof()
        except OSError:
            pass  # The other side was first.


class Tls(_Readable):
    """A pipe's client side of TLS, so that the pipe is cut at any byte of it too."""

    def __init__(self, pipe):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self._pipe = pipe
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._in, self._out)

    async def _run(self, call, *arguments):
        while True:
            try:
                result = call(*arguments)
            except ssl.SSLWantReadError:
                await self._flush()
                self._in.write(await self._pipe.read_some())
                continue
            except ssl.SSLError as error:
                raise Ended from error
            await self._flush()
            return result

    async def _flush(self):
        if self._out.pending:
            await self._pipe.send(self._out.read())

    async def handshake(self):
        await self._run(self._tls.do_handshake)

    async def send(self, data):
        while data:
            data = data[await self._run(self._tls.write, data):]

    async def read_some(self, most=65536):
        data = await self._run(self._tls.read, most)
        if not data:
            raise Ended
        return data
