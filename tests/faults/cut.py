"""One connection of a program that knows nothing of plans, which goes wrong as planned."""

import asyncio

from pipe import Ended, Pipe, Struck, connect


class Cut:
    """Listens on `port` for one connection, and passes it on to another port of this machine. Where
    `leaving` is one of a connection, that port sees the connection leave so."""

    def __init__(self, leaving, to_port, receive_buffer=None):
        self.port = 0
        self.left = False  # It has gone as planned.
        self._leaving, self._to_port, self._buffer = leaving, to_port, receive_buffer
        self._server = self._served = None

    async def open(self):
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=16 * 1024)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self):
        """Ends the connection, unless it leaves already as planned: then this waits for that."""
        self._server.close()
        if self._served is not None:
            if not self.left:
                self._served.cancel()
            await asyncio.gather(self._served, return_exceptions=True)

    def _accept(self, reader, writer):
        self._server.close()  # Who connects again is refused.
        self._served = asyncio.ensure_future(self._serve(reader, writer))

    async def _serve(self, reader, writer):
        async def strike():
            raise Struck

        try:
            far = Pipe(*await connect(self._to_port, self._buffer), strike)
        except OSError:  # The listener's queue may be full.
            writer.transport.abort()
            self.left = True
            return
        try:
            await self._pass_on(Pipe(reader, writer, strike), far)
        except (Ended, OSError):
            pass
        finally:
            far.writer.transport.abort()
            writer.transport.abort()

    async def _pass_on(self, near, far):
        leaving = self._leaving
        seconds = None
        if not leaving.of_a_call:
            if leaving.when in ("sent", "received"):
                far.arm(leaving.when, leaving.count)
            seconds = {"at once": 0, "ms": leaving.count / 1000}.get(leaving.when)
        ways = [asyncio.ensure_future(self._copy(*pair)) for pair in ((near, far), (far, near))]
        try:
            done, _ = await asyncio.wait(ways, timeout=seconds,
                                         return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            ends = await asyncio.gather(*ways, return_exceptions=True)
        if not done or any(isinstance(end, Struck) for end in ends):
            self.left = True
            await far.leave(leaving.how)

    @staticmethod
    async def _copy(source, target):
        await target.check()
        await source.check()
        while True:
            await target.send(await source.read_some())
