"""Every way in which Redis can fail, one after another, while streams run through three proxies.

The order is a seed's, SRSPROXY_OUTAGES_SEED repeats it. A failure shows in what clients see: no
session ends, and no viewer waits for its next packet.
"""

import os
import random
import threading
import time

import pytest

from support.redis import Redis
from support.redis_relay import RedisRelay
from support.rtmp.chunks import AUDIO, VIDEO
from support.rtmp.connection import Client
from support.waiting import wait_until

MAX_GAP_SECONDS = 1.0
MAX_COMMANDS = 2000  # Of a proxy, in all that a return costs.
PATIENCE = 60.0
USER = ("PROXY", "on", ">secret", "~*", "+@all")


class Viewer:
    """Plays a stream, and remembers when each packet came."""

    def __init__(self, port, stream):
        self.times = []
        self.ended = None  # Why, once it has.
        self._client = Client(port, timeout=PATIENCE).open()
        assert self._client.play(stream)["level"] == "status"
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        try:
            while True:
                self._client.receive_media(AUDIO, VIDEO)
                self.times.append(time.monotonic())
        except OSError as error:
            self.ended = error

    def gaps_from(self, begin):
        """Those above the limit: (begin, end)."""
        times = [at for at in list(self.times) if at >= begin]
        return [(a, b) for a, b in zip(times, times[1:]) if b - a > MAX_GAP_SECONDS]

    def longest_gap(self, begin, end):
        times = [at for at in list(self.times) if begin - 1 <= at <= end + 1]
        return max((b - a for a, b in zip(times, times[1:])), default=float("inf"))

    def close(self):
        self._client.close()


class Probes:
    """Asks every proxy again and again whether it lives and is ready, and keeps what is wrong."""

    def __init__(self, proxies):
        self.wrong = []
        self._proxies = proxies
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while not self._stopped.wait(0.1):
            for number, proxy in enumerate(self._proxies):
                for path in ("/livez", "/readyz"):
                    answer = proxy.get(path)
                    if answer.status != 200:
                        self.wrong.append(f"proxy {number}: {path} {answer.status} {answer.body}")

    def close(self):
        self._stopped.set()
        self._thread.join()


class Fleet:
    """Three proxies, each with a way to Redis of its own, before two origins; a publisher and a
    viewer at each proxy, and one who plays from the origin itself."""

    def __init__(self, lab, clip):
        self.redis = lab.origin(Redis(lab.folder, "--user", *USER))
        self.origins = [lab.nginx(name) for name in ("alpha", "beta")]
        self.relays = [lab.origin(RedisRelay(self.redis)) for _ in range(3)]
        self.proxies = [lab.proxy(*self.origins, **relay.settings(
            ID=f"proxy-{number}", REDIS_USERNAME="PROXY", REDIS_PASSWORD="secret"))
                        for number, relay in enumerate(self.relays)]
        self.wait_whole()
        self.publisher = lab.publisher(self.proxies[0].url("cam"), clip)
        self.home, = wait_until(lambda: self.homes_of("cam", role=0), "it is published", PATIENCE)
        self.viewers = [lab.run(Viewer(proxy.rtmp_port, "cam")) for proxy in self.proxies]
        self.control = lab.run(Viewer(self.home.rtmp_port, "cam"))
        for viewer in [*self.viewers, self.control]:
            wait_until(lambda viewer=viewer: viewer.times, "it plays", PATIENCE)
        self.probes = lab.run(Probes(self.proxies))

    def degraded(self, number):
        return self.proxies[number].get("/readyz").json["degraded"]

    def wait_degraded(self, numbers):
        for number in numbers:
            wait_until(lambda number=number: self.degraded(number), f"{number} says so", PATIENCE)

    def wait_whole(self):
        for number, proxy in enumerate(self.proxies):
            wait_until(lambda proxy=proxy: proxy.get("/readyz").status == 200 and not
                       proxy.get("/readyz").json["degraded"], f"{number} is whole", PATIENCE)

    def homes_of(self, stream, role=1):
        """The origins that have players of it, or with `role` 0 a publisher."""
        return [origin for origin in self.origins if origin.clients(stream)[role]]

    def commands(self):
        """That Redis has had, of scripts too."""
        lines = self.redis.cli("INFO", "commandstats").splitlines()
        return sum(int(line.partition("calls=")[2].partition(",")[0])
                   for line in lines if "calls=" in line)


# What breaks Redis, what mends it, and which proxies know that they have lost it: "all", "some"
# (of `relays`), "none", for whom it is still there, or "each", each for a moment of its own.
def faults(fleet, relays):
    cli, each = fleet.redis.cli, fleet.relays

    def all_relays(change):
        return lambda: [change(relay) for relay in each]

    def set_delay(seconds):
        return all_relays(lambda relay: setattr(relay, "delay", seconds))

    def some(change):
        return lambda: [change(each[number]) for number in relays]

    return {
        "killed": (fleet.redis.kill, fleet.redis.start, "all"),
        "stopped": (fleet.redis.suspend, fleet.redis.resume, "all"),
        "slow": (set_delay(0.2), set_delay(0.0), "none"),
        "far too slow": (set_delay(1.6), set_delay(0.0), "all"),
        "out of memory": (lambda: cli("CONFIG", "SET", "maxmemory", "100kb"),
                          lambda: cli("CONFIG", "SET", "maxmemory", "0"), "all"),
        "a replica": (lambda: cli("REPLICAOF", "127.0.0.1", "1"),
                      lambda: cli("REPLICAOF", "NO", "ONE"), "all"),
        "flushed": (lambda: cli("FLUSHALL"), lambda: None, "each"),
        "rights revoked": (lambda: cli("ACL", "SETUSER", USER[0], "-@scripting"),
                           lambda: cli("ACL", "SETUSER", *USER), "all"),
        "user removed": (lambda: cli("ACL", "DELUSER", USER[0]),
                         lambda: cli("ACL", "SETUSER", *USER), "all"),
        "commands cut": (all_relays(lambda relay: relay.cut("command")), lambda: None, "each"),
        "feed cut": (all_relays(lambda relay: relay.cut("feed")), lambda: None, "none"),
        "feed away": (all_relays(lambda relay: relay.keep_cut("feed")),
                      all_relays(lambda relay: relay.keep_cut()), "none"),
        "split": (some(lambda relay: relay.split()), some(lambda relay: relay.heal()), "some"),
    }


def play(fleet, number, stream):
    client = Client(fleet.proxies[number].rtmp_port, timeout=PATIENCE).open()
    assert client.play(stream)["level"] == "status"
    return client


def play_new_streams(fleet, streams, numbers, chance):
    """From each of these proxies, in any order."""
    return [play(fleet, number, stream)
            for stream in streams for number in chance.sample(numbers, len(numbers))]


def check_agreement(fleet, streams, count):
    """Those that have just been played, by so many, are each on one origin."""
    for stream in streams:
        wait_until(lambda stream=stream: sum(
            origin.clients(stream)[1] for origin in fleet.origins) == count, stream, PATIENCE)
        assert len(fleet.homes_of(stream)) == 1, f"{stream} is on two origins"


def check_clients(fleet, begin):
    assert fleet.publisher.running
    for number, viewer in enumerate(fleet.viewers):
        assert viewer.ended is None, f"viewer {number}: {viewer.ended}"
        for gap in viewer.gaps_from(begin):
            # When the machine is slow, who plays from the origin waits, too.
            waited = gap[1] - gap[0] - fleet.control.longest_gap(*gap)
            assert waited <= MAX_GAP_SECONDS, f"viewer {number} waited {gap[1] - gap[0]:.1f} s"
    assert not fleet.probes.wrong, fleet.probes.wrong[:5]


def run_fault(fleet, name, chance):
    relays = chance.sample(range(3), chance.randint(1, 2))
    breaks, mends, who = faults(fleet, relays)[name]
    lost = {"all": [0, 1, 2], "some": relays}.get(who, [])
    streams = [f"{name.replace(' ', '-')}-{count}" for count in range(2)]
    begin = time.monotonic()
    breaks()
    fleet.wait_degraded(lost)
    players = play_new_streams(fleet, streams, lost or [0, 1, 2], chance)
    if who != "each":
        check_agreement(fleet, streams, len(lost) or 3)
    known = play(fleet, chance.choice(lost or [0, 1, 2]), "cam")
    known.receive_media(VIDEO)
    players.append(known)
    is_there = name not in ("killed", "stopped")
    before = fleet.commands() if is_there else 0
    mends()
    returned = time.monotonic()
    fleet.wait_whole()
    back = time.monotonic() - returned
    commands = fleet.commands() - before
    wait_until(lambda: fleet.redis.cli("GET", "srs-proxy-url:__defaultVhost__/live/cam") ==
               f"srs-proxy-server:{fleet.home.origin_id}", "its stream is in Redis", PATIENCE)
    print(f"{name}: back after {back:.2f} s, with {commands} commands")
    if name != "stopped":  # That one counts from its start.
        assert commands <= 3 * MAX_COMMANDS
    check_clients(fleet, begin)
    for player in players:
        player.close()


@pytest.fixture
def fleet(lab, clip):
    return Fleet(lab, clip)


def test_no_client_sees_anything_of_it(fleet):
    seed = int(os.environ.get("SRSPROXY_OUTAGES_SEED") or random.randrange(1 << 32))
    print(f"SRSPROXY_OUTAGES_SEED={seed}")
    chance = random.Random(seed)
    names = list(faults(fleet, []))
    for name in chance.sample(names, len(names)):
        print(f"-- {name}")
        run_fault(fleet, name, chance)
    assert sum(proxy.metric("srsproxy_sticky_violations_total") for proxy in fleet.proxies) == 0
