"""Encoders and players that come back whenever they are ended, as real ones do."""

import itertools
import threading


class Returning:
    """Starts what `make(number)` gives, again whenever it has ended."""

    def __init__(self, make):
        self._make = make
        self.runs = []
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        for number in itertools.count(1):
            run = self._make(number)
            self.runs.append(run)
            while run.running and not self._stopped.wait(0.05):
                pass
            run.kill()
            if self._stopped.is_set():
                return

    def close(self):
        self._stopped.set()
        self._thread.join()

    def frames(self):
        """How many have arrived, in all runs."""
        return sum(len(run.frames()) for run in self.runs)
