"""What operators, agents and faults do to the fleet: restarts, silence, drains, moves, kicks,
changed settings, watchers, lists."""

import collections
import signal

from support.ctl import command, ctl
from support.process import Process
from support.proxy import clean_environment

LEASE_SECONDS = 20
_BEAT_SECONDS = 4
_WATCHERS = 3
# The cluster's API waits 3 s for an origin, which a busy machine may miss; not so often in a row.
_UNANSWERED = 3

# Of srsproxyctl. Who acts amid all this may come too late: what was named is gone, its state
# forbids it, or it could be done for some only.
_TOO_LATE = (0, 3, 6, 8)
_CHECKED = (0, 7)  # 7: something is unhealthy.


def settings_lines(rng):
    return "".join(f"{name}: {rng.choice(values)}\n" for name, values in (
        ("write_timeout", ("25s", "30s")), ("handshake_timeout", ("8s", "10s")),
        ("load_balancer_strategy", ("random", "least_streams", "p2c", "consistent_hash"))))


class Operators:
    """`done` counts what was done; `problems`: answers that must not be."""

    def __init__(self, folder, proxy, fleet, schedule):
        self._folder, self._proxy, self._fleet, self._schedule = folder, proxy, fleet, schedule
        self._watchers = collections.deque()
        self._down, self._drained = set(), set()  # (group, origin)
        self._unanswered = 0
        self.done = collections.Counter()
        self.problems = []
        schedule.every(_BEAT_SECONDS, "beat", lambda _: fleet.beat(proxy), spread=0)
        for seconds, act in ((50, self.restart), (60, self.fall_silent), (70, self.deregister),
                             (45, self.drain), (20, self.move), (10, self.kick),
                             (65, self.rebalance), (15, self.reload), (12, self.watch),
                             (4, self.look)):
            schedule.every(seconds, act.__name__, self._counted(act))

    def close(self):
        """Nobody watches, and all origins are back, unless the proxy is gone."""
        while self._watchers:
            self._watchers.popleft().kill()
        if self._proxy.process.running:
            for group, origin in list(self._down):
                self._back(group, origin)
            for group, origin in list(self._drained):
                self._undrain(group, origin)

    def _counted(self, act):
        def counted(rng):
            self.done[act.__name__] += 1
            act(rng)
        return counted

    def _ctl(self, *arguments, codes=(0,)):
        told = ctl(self._proxy, *arguments)
        if told.code not in codes:
            self.problems.append(f"srsproxyctl {' '.join(arguments)}: {told.code}: "
                                 f"{told.err.strip()}")

    def _group_and_origin(self, rng):
        group = rng.choice(self._fleet.groups)
        return group, rng.choice(group.origins)

    # To origins

    def restart(self, rng):
        """Killed, and back on its ports with another pid, which supersedes it."""
        group, origin = self._group_and_origin(rng)
        if (group, origin) in self._down:
            return
        group.disturb()
        origin.kill()
        self._down.add((group, origin))
        self._schedule.after(rng.uniform(0, 4), lambda: self._back(group, origin))

    def _back(self, group, origin):
        origin.start()
        self._proxy.register(origin)
        self._down.discard((group, origin))
        group.disturb()

    def fall_silent(self, rng):
        """Longer than its lease; its streams go on."""
        _, origin = self._group_and_origin(rng)
        self._fleet.silence(origin, LEASE_SECONDS * rng.uniform(0.5, 1.8))

    def deregister(self, rng):
        group, origin = self._group_and_origin(rng)
        group.disturb()
        kick = ["--kick"] if rng.random() < 0.3 else []
        self._fleet.silence(origin, rng.uniform(2, 10))
        self._ctl("origin", "deregister", origin.server, *kick, "--yes", codes=_TOO_LATE)

    def drain(self, rng):
        group, origin = self._group_and_origin(rng)
        group.disturb()
        self._ctl("origin", "drain", origin.server, "--deadline", "3s", "--yes",
                  codes=_TOO_LATE)
        self._drained.add((group, origin))
        self._schedule.after(rng.uniform(5, 15), lambda: self._undrain(group, origin))

    def _undrain(self, group, origin):
        self._ctl("origin", "uncordon", origin.server, codes=_TOO_LATE)
        self._drained.discard((group, origin))
        group.disturb()

    # To streams

    def move(self, rng):
        stream = rng.choice(self._fleet.streams)
        stream.disturb()
        self._ctl("stream", "move", stream.key, rng.choice(stream.group.origins).server, "--kick",
                  "--yes", codes=_TOO_LATE)

    def kick(self, rng):
        stream = rng.choice(self._fleet.streams)
        stream.disturb()
        self._ctl("session", "kick", "--stream", stream.key, "--max", str(rng.randint(1, 3)),
                  "--yes", codes=_TOO_LATE)

    def rebalance(self, _):
        for group in self._fleet.groups:
            group.disturb()
        self._ctl("rebalance", "apply", "--yes", codes=_TOO_LATE)

    # To the proxy

    def reload(self, rng):
        (self._folder / "srsproxy.yaml").write_text(settings_lines(rng))
        if rng.random() < 0.5:
            self._proxy.process.signal(signal.SIGHUP)
        else:
            self._ctl("config", "reload")

    def watch(self, rng):
        options = ["--snapshot"] if rng.random() < 0.5 else []
        self._watchers.append(Process(
            "watcher", command(self._proxy, ["event", "watch", *options, "-o", "jsonl"]),
            self._folder / f"watcher-{self.done['watch'] % 8}.log", env=clean_environment()))
        if len(self._watchers) > _WATCHERS:
            watcher = self._watchers.popleft()
            if not watcher.running:
                self.problems.append(f"a watcher ended with {watcher.exit_code}: {watcher.tail(3)}")
            watcher.kill()

    def look(self, rng):
        choice = rng.choice((("origin", "list"), ("stream", "list"), ("session", "list"),
                             ("proxy", "top"), ("check",)))
        self._ctl(*choice, codes=_CHECKED if choice == ("check",) else (0,))
        answer = self._proxy.ask_cluster(rng.choice(("/api/v1/streams/", "/api/v1/summaries")))
        self._unanswered = 0 if answer.status == 200 else self._unanswered + 1
        if self._unanswered == _UNANSWERED:
            self.problems.append(f"the cluster's API does not answer: {answer.status} "
                                 f"{answer.body.decode(errors='replace')[:200]}")
