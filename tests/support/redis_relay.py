"""A relay before Redis that knows what each connection is for, and does to it what networks do."""

import socket
import struct
import threading
import time

from support.forwarder import Forwarder

# Words that connections of one kind alone send.
_KINDS = {"command": (b"\r\nSCRIPT\r\n", b"\r\nEVALSHA\r\n"),
          "feed": (b"\r\nXREAD\r\n", b"\r\nXREVRANGE\r\n")}


class _Pair:
    """A connection, and the one to Redis that it goes on over."""

    def __init__(self, near, far):
        self.near, self.far = near, far
        self.kind = None  # Until it is known.

    def reset(self):
        for sock in (self.near, self.far):
            try:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                sock.shutdown(socket.SHUT_RDWR)  # Wakes the thread that reads; it closes.
            except OSError:
                pass


class RedisRelay(Forwarder):
    """To `redis`, for one proxy, until it is stopped. Kinds are "command", by which a proxy asks,
    and "feed", by which it learns."""

    def __init__(self, redis):
        self.rewrites = {}  # Of what Redis answers: these bytes by those, as long.
        self.delay = 0.0  # Seconds that each piece of an answer is late.
        self.cut_kinds = set()  # Connections of these are cut as soon as they are known.
        self._redis = redis
        self._pairs = []
        self._open = threading.Event()
        self._open.set()
        super().__init__(redis.port)

    def settings(self, **more):
        """A proxy's."""
        return self._redis.settings(**more) | {"REDIS_PORT": self.port}

    def cut(self, *kinds):
        """Resets the connections of these kinds, or all."""
        for pair in list(self._pairs):
            if not kinds or pair.kind in kinds:
                pair.reset()

    def keep_cut(self, *kinds):
        """From now on these are cut, those that there are and those that come; () for none."""
        self.cut_kinds = set(kinds)
        if kinds:
            self.cut(*kinds)

    def split(self):
        """From now on nothing passes, either way, and nothing is closed."""
        self._open.clear()

    def heal(self):
        self._open.set()

    def stop(self):
        self.close()
        self.heal()
        self.cut()

    def _forward(self, near, far):
        pair = _Pair(near, far)
        self._pairs.append(pair)
        for copy in (self._copy_commands, self._copy_answers):
            threading.Thread(target=self._run, args=(copy, pair), daemon=True).start()

    def _run(self, copy, pair):
        try:
            copy(pair)
        except OSError:
            pass
        pair.reset()
        if pair in self._pairs:
            self._pairs.remove(pair)

    def _copy_commands(self, pair):
        while data := pair.near.recv(65536):
            for kind, words in _KINDS.items():
                if pair.kind is None and any(word in data for word in words):
                    pair.kind = kind
            if pair.kind in self.cut_kinds:
                return
            self._open.wait()
            pair.far.sendall(data)

    def _copy_answers(self, pair):
        while data := pair.far.recv(65536):
            for old, new in self.rewrites.items():
                data = data.replace(old, new)
            if self.delay:
                time.sleep(self.delay)
            self._open.wait()
            pair.near.sendall(data)
