"""How many sequences run at once: as many as this machine can serve. Where the test itself is late
by much of a timeout, every sequence would end in that timeout and nothing else be seen."""

import asyncio
import time

_LOOK_SECONDS = 0.02
_LATE_SECONDS = 0.06  # A fifth of the timeouts.
_FEWEST = 4


class Gate:
    def __init__(self, most):
        self.limit = self._most = most
        self.fewest = most  # That there were.
        self._inside = 0
        self._changed = asyncio.Event()

    async def watch(self):
        """Until it is cancelled."""
        while True:
            began = time.monotonic()
            await asyncio.sleep(_LOOK_SECONDS)
            late = time.monotonic() - began - _LOOK_SECONDS
            if late > _LATE_SECONDS:
                self.limit = max(_FEWEST, self.limit * 0.8)
                self.fewest = min(self.fewest, int(self.limit))
            elif late < _LATE_SECONDS / 2 and self.limit < self._most:
                self.limit += 0.25
                self._changed.set()

    async def __aenter__(self):
        while self._inside >= int(self.limit):
            self._changed.clear()
            await self._changed.wait()
        self._inside += 1

    async def __aexit__(self, *_):
        self._inside -= 1
        self._changed.set()
