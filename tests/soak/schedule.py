"""When things happen: each kind of them at intervals of its own that the seed tells, so that more
or fewer of one kind change nothing about the others."""

import heapq
import random
import time


class Schedule:
    """Calls one thing after another, on the thread that runs it. What is late is not made up
    for."""

    def __init__(self, seed):
        self._seed = seed
        self._heap = []
        self._count = 0

    def rng(self, name):
        return random.Random(f"{self._seed}/{name}")

    def after(self, seconds, action):
        self._count += 1  # Equal times: in the order in which they were asked for.
        heapq.heappush(self._heap, (time.monotonic() + seconds, self._count, action))

    def every(self, seconds, name, action, spread=0.5):
        """`action(rng)`, again and again, after `seconds` more or less by the share `spread`."""
        rng = self.rng(name)

        def again():
            action(rng)
            self.after(seconds * rng.uniform(1 - spread, 1 + spread), again)

        self.after(seconds * rng.uniform(0, 1), again)

    def run(self, seconds, ended):
        """For so long, or until ended() is true. What would come later is forgotten."""
        end = time.monotonic() + seconds
        while self._heap and not ended():
            at, _, action = self._heap[0]
            if at >= end:
                break
            time.sleep(max(0.0, min(0.2, at - time.monotonic())))
            if at <= time.monotonic():
                heapq.heappop(self._heap)
                action()
        while time.monotonic() < end and not ended():
            time.sleep(min(0.2, max(0.0, end - time.monotonic())))
        self._heap.clear()
