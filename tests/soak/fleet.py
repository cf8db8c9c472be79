"""The origins: real ones in groups, each with the application and the protocols that it serves; and
the streams that are published to them."""

import time

from support import srs
from support.ctl import ctl
from support.nginx import Nginx
from support.node import NodeMediaServer
from support.srs_api_origin import SrsApiOrigin

# After anything was done to a stream or its origins, its clients may be ended for so long.
UNREST_SECONDS = 12.0


class Stream:
    """`calm_since`: nothing has happened since then that may end one of its clients."""

    def __init__(self, group, name):
        self.group, self.name = group, name
        self.calm_since = time.monotonic() + UNREST_SECONDS
        self.published = False

    @property
    def key(self):
        return f"{self.group.app}/{self.name}"

    def disturb(self):
        self.calm_since = time.monotonic() + UNREST_SECONDS


class NodeOrigin:
    """node-media-server that can be started again, as Nginx can."""

    def __init__(self, folder, server):
        self.server, self._folder, self._starts = server, folder, 0
        self.rtmp_port = self.http_port = None
        self._process = None
        self.start()

    def start(self):
        self._starts += 1
        folder = self._folder / str(self._starts)
        folder.mkdir(parents=True)
        ports = {} if self.rtmp_port is None else {"rtmp_port": self.rtmp_port,
                                                   "http_port": self.http_port}
        self._process = NodeMediaServer(folder, self.server, **ports)
        self.rtmp_port, self.http_port = self._process.rtmp_port, self._process.http_port

    def registration(self, **changes):
        return self._process.registration(**changes)

    def kill(self):
        self._process.kill()

    stop = kill


class SrsOrigin(NodeOrigin):
    """SRS, for RTMP."""

    def start(self):
        self._starts += 1
        self._process = srs.PlainSrs(self._folder / str(self._starts), self.server,
                                     rtmp_port=self.rtmp_port)
        self.rtmp_port = self._process.rtmp_port


class Group:
    """Origins of a kind. The placement rule `*/APP -> kind=APP` keeps its streams on them."""

    def __init__(self, app, plays, origins, streams):
        self.app = app
        self.plays = plays  # The protocols of its viewers.
        self.origins = origins
        self.streams = [Stream(self, f"{app}-{number}") for number in range(streams)]

    def disturb(self):
        for stream in self.streams:
            stream.disturb()


def make_groups(folder):
    groups = [
        Group("live", ("rtmp", "hls"),
              [Nginx(folder / f"nginx-{name}", f"nginx-{name}", hls=True) for name in "abc"], 4),
        Group("flv", ("rtmp", "flv"),
              [NodeOrigin(folder / f"node-{name}", f"node-{name}") for name in "ab"], 3)]
    if srs.PROGRAM:
        groups.append(Group("srs", ("rtmp",),
                            [SrsOrigin(folder / f"srs-{name}", f"srs-{name}") for name in "ab"], 2))
    return groups


class Fleet:
    """All groups, and how they register: again and again, as SRS does, unless one is silent."""

    def __init__(self, folder):
        self.groups = make_groups(folder)
        self._api = SrsApiOrigin("api", streams=200, clients=500)  # For the cluster's API.
        self._silent_until = {}  # By server.

    @property
    def origins(self):
        return [origin for group in self.groups for origin in group.origins] + [self._api]

    @property
    def streams(self):
        return [stream for group in self.groups for stream in group.streams]

    @property
    def rules(self):
        return "; ".join(f"*/{group.app} -> kind={group.app}" for group in self.groups)

    def label(self, proxy):
        for group in self.groups:
            for origin in group.origins:
                told = ctl(proxy, "origin", "set", origin.server, "--label", f"kind={group.app}")
                assert told.code == 0, told.err

    def beat(self, proxy):
        now = time.monotonic()
        for origin in self.origins:
            if self._silent_until.get(origin.server, 0) <= now:
                proxy.register(origin)

    def silence(self, origin, seconds):
        self._silent_until[origin.server] = time.monotonic() + seconds

    def publishers(self, stream):
        """The servers on which nginx counts a publisher of it, and those with players. Only the
        origins that can tell."""
        counted = {origin.server: origin.clients(stream.name) for origin in stream.group.origins
                   if isinstance(origin, Nginx)}
        return ({server for server, (publishers, _) in counted.items() if publishers},
                {server for server, (_, players) in counted.items() if players})

    def stop(self):
        for origin in self.origins:
            origin.stop()
