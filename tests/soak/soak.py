#!/usr/bin/env python3
"""Runs srsproxy under a mixed load for a long time, and looks whether anything wears out.

ffmpeg publishes and plays over RTMP, HTTP-FLV and HLS through the proxy, in front of nginx-rtmp and
node-media-server (and SRS, where SRSPROXY_TEST_SRS names its program). Clients come and leave in
every way; origins restart, fall silent, are deregistered, drained; streams are moved, sessions
kicked, settings reloaded, events watched. A fifth of the time is a warm-up, after which all
clients leave: what is left then is what must be left at the end.

What has to hold stands in tests/soak/judge.py.

    tests/soak/soak.py                   half an hour (SRSPROXY_SOAK_MINUTES)
    tests/soak/soak.py --minutes 600 --seed 7
    tests/soak/soak.py --minutes 10 --keep   leaves the logs also when all holds

The seed tells who does what when; what the machine makes of it is its own. SRSPROXY_BIN and
SRSPROXYCTL_BIN name the programs; else they are those of build/release.
"""

import argparse
import os
import pathlib
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile

_ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(_ROOT / "tests" / "soak"), str(_ROOT / "tests")]

# pylint: disable=wrong-import-position
import judge
from clients import Crowd, Tally
from fleet import Fleet
from operators import LEASE_SECONDS, Operators
from sampler import Sampler
from schedule import Schedule
from support import media
from support.ctl import ctl
from support.proxy import Proxy

DEFAULT_MINUTES = 30
_WARM_UP_SHARE = 0.2
# So that a fifth of them is enough for a median.
_SAMPLES = 100
_SHORTEST_MINUTES = 5


class Ended(Exception):
    """The proxy has, or cannot be asked any more."""


def start_proxy(folder, fleet):
    folder.mkdir()
    (folder / "srsproxy.yaml").write_text("write_timeout: 30s\n")
    return Proxy(folder, CONFIG_FILE="srsproxy.yaml", LOG_LEVEL="info", CLUSTER_API="on",
                 ORIGIN_SERVER_TTL=f"{LEASE_SECONDS}s", PLACEMENT_RULES=fleet.rules)


class Soak:
    def __init__(self, folder, seed, minutes):
        self.folder, self.seed, self.seconds = pathlib.Path(folder), seed, 60 * minutes
        self.tally = Tally()
        self.problems = []
        self.done = []
        self.fleet = self.proxy = self.sampler = None

    def run(self):
        """What does not hold, one line each."""
        self.fleet = Fleet(self.folder)
        self.proxy = start_proxy(self.folder / "proxy", self.fleet)
        self.sampler = Sampler(self.proxy, self.fleet)
        self.proxy.register(*self.fleet.origins)
        self.fleet.label(self.proxy)
        files = self._files_at_rest()
        clip = media.make_clip(self.folder / "clip.flv", video_kbit=200)

        warm_up = self.seconds * _WARM_UP_SHARE
        print("warm-up", flush=True)
        self._load("warm-up", warm_up, clip)
        rested = self.sampler.quiet(files)
        self.problems += judge.check_quiet(rested, files)
        print("load", flush=True)
        self._load("load", self.seconds - warm_up, clip)
        samples = self.sampler.samples
        left = self.sampler.quiet(files)
        self._show(samples, rested, left)
        self.problems += judge.check_quiet(left, files, rested)
        self.problems += judge.check_trend(samples) + judge.check_lag(samples)
        self.problems += judge.check_apart(samples)
        self.problems += judge.check_clients(self.tally.served, self.tally.failures)
        self._check_counts()
        self._stop()
        return self.problems

    def close(self):
        if self.proxy:
            self.proxy.process.kill()
        if self.fleet:
            self.fleet.stop()

    def _files_at_rest(self):
        """When the first calls of each kind have been made."""
        for arguments in (("stream", "list"), ("session", "list")):
            told = ctl(self.proxy, *arguments)
            assert told.code == 0, told.err
        told = self.proxy.ask_cluster("/api/v1/streams/")
        assert told.status == 200, told.body
        return self.sampler.quiet().files

    def _load(self, name, seconds, clip):
        """All clients come, and have left at its end."""
        schedule = Schedule(f"{self.seed}/{name}")
        self.fleet.beat(self.proxy)  # In the quiet nobody did.
        self.sampler.begin()
        operators = Operators(self.proxy.folder, self.proxy, self.fleet, schedule)
        try:
            with Crowd(self.folder / name, self.proxy, self.fleet, clip, schedule, self.tally):
                schedule.every(max(2.0, seconds / _SAMPLES), "look",
                               lambda _: self.sampler.look(), spread=0)
                schedule.run(seconds, ended=lambda: not self.proxy.process.running)
            if not self.proxy.process.running:
                raise Ended(f"srsproxy ended with {self.proxy.process.exit_code}")
        finally:
            operators.close()
        self.problems += operators.problems
        self.done.append(operators.done)

    def _check_counts(self):
        """Counters that must still be 0."""
        for name, what in (("srsproxy_sticky_violations_total", "clients were served by another "
                            "origin than the one that holds their stream"),
                           ("srsproxy_log_dropped_total", "log lines were dropped"),
                           ("srsproxy_watch_streams", "watchers are left")):
            if count := self.proxy.metric(name):
                self.problems.append(f"{count:g} {what}")
        known = self.proxy.metric("srsproxy_streams", state="known")
        if known > len(self.fleet.streams):
            self.problems.append(f"{known:g} streams are remembered, {len(self.fleet.streams)} "
                                 f"were published")

    def _stop(self):
        try:
            self.proxy.stop()
        except AssertionError as error:
            self.problems.append(str(error))
        self.problems += judge.check_log(self.proxy.records())

    def _show(self, samples, rested, left):
        trend = judge.rss_trend(samples)
        done = sum(self.done, start=type(self.done[0])())
        print(f"\n{', '.join(f'{count} {name}' for name, count in sorted(done.items()))}\n"
              f"{self.tally.leaves} clients were made to leave, {self.tally.passers_by} passed by, "
              f"{self.proxy.metric('srsproxy_sessions_total'):g} sessions have ended\n"
              f"{self.tally.served} clients with whom nobody interfered were served, "
              f"{len(self.tally.failures)} were not\n"
              f"memory in the second fifth {trend.early / judge.MIB:.1f} MiB, in the last "
              f"{trend.late / judge.MIB:.1f}; in the quiet after the warm-up "
              f"{rested.rss / judge.MIB:.1f}, at the end {left.rss / judge.MIB:.1f}\n"
              f"workers more than {judge.LATE_SECONDS:g} s late: "
              f"{judge.late_share(samples[0], samples[-1], judge.LATE_SECONDS):.3%}", flush=True)


def minutes_from(parser, text):
    try:
        minutes = float(text)
    except ValueError:
        minutes = 0.0
    if not _SHORTEST_MINUTES <= minutes < float("inf"):
        parser.error(f"'{text}' is not a number of minutes from {_SHORTEST_MINUTES} up")
    return minutes


def interrupted(*_):
    raise KeyboardInterrupt


def main():
    parser = argparse.ArgumentParser(prog="tests/soak/soak.py", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", default="", help="default: a new one")
    parser.add_argument("--minutes", help="default: SRSPROXY_SOAK_MINUTES, else 30",
                        default=os.environ.get("SRSPROXY_SOAK_MINUTES") or str(DEFAULT_MINUTES))
    parser.add_argument("--keep", action="store_true", help="keep the logs also when all holds")
    arguments = parser.parse_args()
    minutes = minutes_from(parser, arguments.minutes)
    seed = arguments.seed or secrets.token_hex(4)
    signal.signal(signal.SIGTERM, interrupted)
    folder = tempfile.mkdtemp(prefix="srsproxy-soak-")
    print(f"seed {seed}, {minutes:g} minutes; its files are in {folder}", flush=True)

    soak = Soak(folder, seed, minutes)
    try:
        problems = soak.run()
    except (Ended, AssertionError, OSError, TimeoutError, subprocess.TimeoutExpired) as error:
        problems = [*soak.problems, f"{type(error).__name__}: {error}"]
    except KeyboardInterrupt:
        print("\n".join(soak.problems[:60]))
        print(f"interrupted, seed {seed}; the logs are in {folder}")
        return 130
    finally:
        soak.close()
    if not problems:
        print(f"all holds, seed {seed}")
        if not arguments.keep:
            shutil.rmtree(folder)
        return 0
    print("\n".join(problems[:60]))
    if soak.proxy:
        print(f"--- the last lines of {soak.proxy.process.log}\n{soak.proxy.process.tail(20)}")
    print(f"{len(problems)} problems; again with --seed {seed}; the logs are in {folder}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
