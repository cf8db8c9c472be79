"""Who publishes and plays: ffmpeg in seats that are taken again after each leave, and passers-by,
who leave at any byte."""

import concurrent.futures
import contextlib
import random
import signal
import socket
import struct
import time

from support import media
from support.rtmp.connection import Client

SERVED_WITHIN_SECONDS = 12.0
_BACK_AFTER_SECONDS = (0.5, 3.0)
_VIEWERS_OF_EACH = 2  # Protocol of a stream.


class Tally:
    """How those fared with whom nobody interfered."""

    def __init__(self):
        self.served = 0
        self.failures = []
        self.leaves = 0
        self.passers_by = 0


class Seat:
    """One client of a stream: there, or about to come back."""

    def __init__(self, number, stream, rng, tally):
        self.stream = stream
        self.process = None
        self.born = 0.0
        self.seen = 0.0  # When it was seen to run: it may have ended any time after.
        self._number, self._rng, self._tally = number, rng, tally
        self._runs = 0
        self._back_at = time.monotonic() + rng.uniform(0, 3)

    @property
    def lasted(self):
        return time.monotonic() - self.born

    def tend(self):
        if self.process is None:
            if time.monotonic() >= self._back_at:
                self._runs += 1
                self.process = self.make(f"{self._number}-{self._runs}")
                self.born = time.monotonic()
                self.began()
        elif self.process.running:
            self.seen = time.monotonic()
            self.look()
        else:
            self._gone(by_itself=True)

    def leave(self, how):
        """`how`: the signal that ends it."""
        if self.process is None:
            return
        if not self.process.running:
            self._gone(by_itself=True)
            return
        self.process.signal(how)
        with contextlib.suppress(AssertionError):
            self.process.wait(5)
        self._gone(by_itself=False)

    def close(self):
        if self.process is not None:
            self.process.kill()
            self.process = None

    def serve(self):
        self._tally.served += 1

    def fail(self, what):
        self._tally.failures.append(f"{time.strftime('%H:%M:%S')} {what} {self.stream.key} after "
                                    f"{self.lasted:.0f} s: {self.process.tail(3)}")

    def _gone(self, by_itself):
        self.process.kill()
        self.ended(by_itself)
        self.process.log.unlink(missing_ok=True)
        self.process = None
        self._back_at = time.monotonic() + self._rng.uniform(*_BACK_AFTER_SECONDS)


class Publishing(Seat):
    def __init__(self, *arguments, folder, proxy, clip):
        super().__init__(*arguments)
        self._folder, self._proxy, self._clip = folder, proxy, clip

    def make(self, name):
        url = self._proxy.url(self.stream.name, self.stream.group.app)
        return media.Publisher(self._folder, url, self._clip, name=f"publisher-{name}")

    def began(self):
        self.stream.disturb()
        self.stream.published = True

    def look(self):
        pass

    def ended(self, by_itself):
        """When it begins its stream is not calm; it may be later."""
        if self.seen >= self.stream.calm_since:
            if by_itself:
                self.fail("nobody ended the publisher of")
            else:
                self.serve()
        self.stream.published = False
        self.stream.disturb()


class Viewing(Seat):
    """Is judged by its first picture, and by its end when nobody asked for that."""

    def __init__(self, *arguments, folder, proxy, protocol):
        super().__init__(*arguments)
        self._folder, self._proxy, self._protocol = folder, proxy, protocol
        self._judged = False

    def make(self, name):
        app, stream = self.stream.group.app, self.stream.name
        url = {"rtmp": self._proxy.url(stream, app),
               "flv": self._proxy.http_url(f"/{app}/{stream}.flv"),
               "hls": self._proxy.http_url(f"/{app}/{stream}.m3u8")}[self._protocol]
        # A viewer of HLS is told from others of its address by this; one that was kicked stays out.
        options = () if self._protocol == "rtmp" else ("-user_agent", f"viewer {name}")
        return media.Player(self._folder, url, name=f"{self._protocol}-{name}", options=options)

    def began(self):
        self._judged = False

    def look(self):
        if self._judged:
            return
        if not self._left_alone():
            self._judged = True  # Whatever comes, it has a reason.
        elif self._has_media():
            self._judged = True
            self.serve()
        elif self.lasted > SERVED_WITHIN_SECONDS:
            self._judged = True
            self.fail(f"nothing came to the {self._protocol} viewer of")

    def ended(self, by_itself):
        if by_itself and self._left_alone():
            self.fail(f"nobody ended the {self._protocol} viewer of")
        self.process.frames_file.unlink(missing_ok=True)

    def _left_alone(self):
        return self.stream.published and self.born >= self.stream.calm_since

    def _has_media(self):
        file = self.process.frames_file
        return file.exists() and file.stat().st_size > 0 and bool(self.process.frames())


class PassersBy:
    """Plain sockets that say a part of what a client says, read a part of the answer, and leave by
    FIN or RST. Those of names that nobody publishes must not be remembered."""

    def __init__(self, proxy, streams, tally):
        self._proxy, self._streams, self._tally = proxy, streams, tally
        self._pool = concurrent.futures.ThreadPoolExecutor(4)
        self._under_way = []

    def one(self, rng):
        self._under_way = [task for task in self._under_way if not task.done()]
        if len(self._under_way) < 8:  # Else the machine is busy enough.
            self._under_way.append(self._pool.submit(self._pass, random.Random(rng.random())))

    def close(self):
        self._pool.shutdown()

    def _pass(self, rng):
        self._tally.passers_by += 1
        stream = rng.choice(self._streams)
        name = stream.name if rng.random() < 0.7 else f"nobody-{rng.getrandbits(32):x}"
        with contextlib.suppress(OSError, ValueError):
            visit = rng.choice((self._http, self._rtmp, self._rtmp))
            visit(rng, stream.group.app, name)

    def _http(self, rng, app, name):
        with socket.create_connection(("127.0.0.1", self._proxy.http_port), 5) as sock:
            sock.settimeout(rng.uniform(0.05, 2))
            target = rng.choice((f"/{app}/{name}.flv", f"/{app}/{name}.m3u8", "/",
                                 "/api/v1/live-streams"))
            request = f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
            sock.sendall(request[:rng.choice((len(request), rng.randrange(len(request))))])
            self._read(sock, rng)
            self._leave(sock, rng)

    def _rtmp(self, rng, app, name):
        with Client(self._proxy.rtmp_port, timeout=rng.uniform(0.2, 3)) as client:
            steps = [client.handshake_as_client, lambda: client.connect(app),
                     client.create_stream, lambda: client.play(name),
                     lambda: self._read(client.socket, rng)]
            for step in steps[:rng.randint(0, len(steps))]:
                step()
            self._leave(client.socket, rng)

    @staticmethod
    def _read(sock, rng):
        left = rng.choice((0, rng.randrange(1000), rng.randrange(100_000)))
        while left > 0 and (got := sock.recv(min(left, 65536))):
            left -= len(got)

    @staticmethod
    def _leave(sock, rng):
        if rng.random() < 0.5:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # RST


class Crowd:
    """All of them. As a context: gone at its end."""

    def __init__(self, folder, proxy, fleet, clip, schedule, tally):
        folder.mkdir(exist_ok=True)
        self._tally = tally
        self._publishers, self._viewers = [], []
        number = 0
        for stream in fleet.streams:
            number += 1
            self._publishers.append(Publishing(
                number, stream, schedule.rng(f"seat {number}"), tally, folder=folder, proxy=proxy,
                clip=clip))
            for protocol in stream.group.plays * _VIEWERS_OF_EACH:
                number += 1
                self._viewers.append(Viewing(
                    number, stream, schedule.rng(f"seat {number}"), tally, folder=folder,
                    proxy=proxy, protocol=protocol))
        self._passers_by = PassersBy(proxy, fleet.streams, tally)
        schedule.every(0.25, "tend", self._tend, spread=0)
        schedule.every(6, "publisher leaves", lambda rng: self._one_leaves(rng, self._publishers))
        schedule.every(1.5, "viewer leaves", lambda rng: self._one_leaves(rng, self._viewers))
        schedule.every(0.15, "passer-by", self._passers_by.one)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for seat in self._publishers + self._viewers:
            seat.close()
        self._passers_by.close()

    def _tend(self, _):
        for seat in self._publishers + self._viewers:
            seat.tend()

    def _one_leaves(self, rng, seats):
        self._tally.leaves += 1
        rng.choice(seats).leave(rng.choice((signal.SIGTERM, signal.SIGKILL)))
