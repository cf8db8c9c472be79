#!/usr/bin/env python3
"""Runs sequences of a seed against srsproxy, many at once: clients that leave at any byte or
moment, callers of the control plane that do so beside them, kicks, and origins that fail at every
step, with all timeouts at 300 ms.

What has to hold: the process lives, no sanitizer reports anything, a healthy publisher and two
healthy viewers never notice, nobody waits in vain, a change that was cut can be repeated, and in
the end no session, no connection, no watch, no hold on a stream and no descriptor is left, each
session was told as ended with a reason, and SIGTERM ends the process with 0.

    tests/faults/driver.py --seed 7                     the sequences of that seed
    tests/faults/driver.py --seed 7 --only 1234         that one
    tests/faults/driver.py --seed 7 --only 1000-1100 --repeat 10
    tests/faults/driver.py --seconds 600                as many as go into ten minutes

SRSPROXY_BIN names the program; else it is the one of build/asan.
"""

import argparse
import asyncio
import collections
import os
import pathlib
import resource
import secrets
import subprocess
import sys
import tempfile
import time

import grpc

_ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(_ROOT / "tests" / "faults"), str(_ROOT / "tests"), str(_ROOT / "scripts/lib")]
os.environ.setdefault("SRSPROXY_BIN", str(_ROOT / "build/asan/bin/srsproxy"))

# pylint: disable=wrong-import-position
import plan
from callers import AGENT, caller_of
from clients import Client
from gate import Gate
from healthy import APP, Healthy
from origins import ApiServer, Origin
from support.grpc_calls import GrpcCalls
from support.ports import free_port
from support.proxy import Proxy
from support.waiting import wait_until

TIMEOUT = "300ms"
API_ORIGINS = 3
BEAT_SECONDS = 15
# Kept connections to origins are closed after 15 s.
SETTLE_SECONDS = 40
STOP_AFTER_SECONDS = 0.5
SEQUENCE_SECONDS = 90


class Failed(Exception):
    """What has to hold does not."""


class Slot:
    """Two origins, and the one sequence at a time that they serve."""

    def __init__(self, seed, number):
        self.app = f"slot{number}"
        self.origins = [Origin(seed, f"{self.app}-{name}") for name in "ab"]


class Driver:
    def __init__(self, folder, seed, at_once):
        self.folder, self.seed = pathlib.Path(folder), seed
        self.slots = [Slot(seed, number) for number in range(at_once)]
        self.api = [ApiServer(seed, f"api-{number}") for number in range(API_ORIGINS)]
        self.outcomes = {}
        self.callers = collections.defaultdict(list)  # The outcomes of their calls, by kind.
        self.hung = []
        self.wrong = []
        self.under_way = {}
        self.stopping = False
        self.kicks = collections.Counter()
        self.proxy = self.grpc = self.healthy = self.files = self.origins = None

    # ---- Before

    async def start(self):
        self.proxy = self._start_proxy()
        self.healthy = Healthy(self.seed, self.proxy)
        for server in self.api:
            await server.open()
        for slot in self.slots:
            for origin in slot.origins:
                await origin.open()
        self.proxy.known = self.healthy.origin.registration()
        self.grpc = GrpcCalls(self.proxy.grpc_port)
        await self._call(self._register, True)
        await self._call(self.kick, "live/nobody")
        self.files = self.proxy.descriptors()
        self.origins = self.proxy.metric("srsproxy_origins")
        await self.healthy.start()

    def _start_proxy(self):
        (self.folder / "files").mkdir()
        (self.folder / "files" / "file.bin").write_bytes(bytes(1 << 20))
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                        "/CN=localhost", "-keyout", "key.pem", "-out", "cert.pem"],
                       cwd=self.folder, check=True, stderr=subprocess.DEVNULL)
        rules = [f"*/{slot.app} -> slot={slot.app}" for slot in self.slots]
        rules.append(f"*/{APP} -> slot={APP}")
        rtmps_port = free_port()
        proxy = Proxy(
            self.folder / "proxy", CONNECT_TIMEOUT=TIMEOUT, HANDSHAKE_TIMEOUT=TIMEOUT,
            WRITE_TIMEOUT=TIMEOUT, RTMPS_SERVER=f"127.0.0.1:{rtmps_port}",
            TLS_CERT=self.folder / "cert.pem", TLS_KEY=self.folder / "key.pem", LOG_LEVEL="info",
            CLUSTER_API="on", STATIC_FILES=self.folder / "files", PLACEMENT_RULES="; ".join(rules))
        proxy.rtmps_port = rtmps_port
        return proxy

    def _register(self, first=False):
        """As often as SRS does; some of the sequences do it too."""
        origins = [(slot.app, origin.registration()) for slot in self.slots
                   for origin in slot.origins]
        origins.append((APP, self.healthy.origin.registration()))
        origins += [("api", {"ip": "127.0.0.1", "server": f"api-{number}", "service": "s",
                             "pid": "1", "rtmp": [str(server.rtmp_port)],
                             "api": [str(server.port)]})
                    for number, server in enumerate(self.api)]
        for label, registration in origins:
            self.proxy.register(_Registered(registration))
            if first:
                self.grpc("OriginService.UpdateOrigin", origin=registration["server"],
                          settings={"labels": {"values": {"slot": label}}}, updateMask="labels",
                          allowMissing=True)

    @staticmethod
    async def _call(what, *arguments):
        """A blocking call, on a thread."""
        return await asyncio.get_running_loop().run_in_executor(None, what, *arguments)

    # ---- The sequences

    async def run(self, numbers):
        """Takes them one after another, each slot those that are its own."""
        queues = collections.defaultdict(collections.deque)
        gate = Gate(len(self.slots))
        beside = [asyncio.ensure_future(self._beat()), asyncio.ensure_future(gate.watch())]
        source = iter(numbers)
        exhausted = False

        async def serve(index):
            nonlocal exhausted
            while True:
                queue = queues[index]
                while not queue and not exhausted:
                    number = next(source, None)
                    if number is None:
                        exhausted = True
                    else:
                        queues[number % len(self.slots)].append(number)
                if not queue:
                    return
                async with gate:
                    number = queue.popleft()
                    try:
                        await asyncio.wait_for(self._sequence(self.slots[index], number),
                                               SEQUENCE_SECONDS)
                    except asyncio.TimeoutError as error:
                        raise Failed(f"the driver itself hangs in {number}") from error

        try:
            await asyncio.gather(*(serve(index) for index in range(len(self.slots))))
        finally:
            for task in beside:
                task.cancel()
        if gate.fewest < len(self.slots) / 2:
            print(f"this machine is slow: as few as {gate.fewest} sequences at once", flush=True)

    async def _beat(self):
        while not self.stopping:
            await asyncio.sleep(BEAT_SECONDS)
            try:
                await self._call(self._register)
            except (OSError, AssertionError) as error:
                self.assert_alive()
                raise Failed(f"the System API does not answer: {error}") from error

    async def _sequence(self, slot, number):
        if not self.stopping:
            self.assert_alive()
        sequence = plan.sequence(self.seed, number)
        self.under_way[number] = sequence
        for origin, fault in zip(slot.origins, sequence.faults):
            await origin.begin(sequence, fault)
        beside = []
        if sequence.kicked_after_ms is not None:
            beside.append(self._kick_later(sequence, slot))
        if sequence.call is not None:
            beside.append(self._call_beside(sequence, slot))
        outcome, *_ = await asyncio.gather(
            Client(self.proxy, sequence, slot.app, self.seed).run(), *beside)
        for origin in slot.origins:
            origin.end()
        self.outcomes[number] = outcome
        if outcome.hung:
            self.hung.append(f"{sequence}: waits for {outcome.hung}")
        del self.under_way[number]

    async def _kick_later(self, sequence, slot):
        await asyncio.sleep(sequence.kicked_after_ms / 1000)
        try:
            await self._call(self.kick, f"{slot.app}/{sequence.stream}")
        except grpc.RpcError:
            if not self.stopping:
                raise

    async def _call_beside(self, sequence, slot):
        outcome = await caller_of(self.proxy, self.grpc, sequence, slot, self.seed).run()
        self.callers[sequence.call.kind].append(outcome)
        if outcome.hung:
            self.hung.append(f"{sequence}: the caller waits for {outcome.hung}")
        if outcome.wrong and not self.stopping:
            self.wrong.append(f"{sequence}: {outcome.wrong}")

    def kick(self, stream):
        answer = self.grpc("SessionService.KickSessions", filter={"stream": stream})
        self.kicks[len(answer.get("sessions", []))] += 1

    def assert_alive(self):
        if not self.proxy.process.running:
            raise Failed(f"srsproxy ended with {self.proxy.process.exit_code}")

    # ---- After

    async def finish(self, after):
        """What does not hold, one line each. Sequences from `after` on were not run yet."""
        problems = [f"hangs: {line}" for line in self.hung]
        problems += [f"wrong: {line}" for line in self.wrong]
        problems += await self.healthy.stop()
        for server in [*self.api, *(origin for slot in self.slots for origin in slot.origins)]:
            await server.close()
        problems += await self._call(self._look_around)
        problems += await self._stop_amid(after)
        self.grpc.close()
        for slot in self.slots:
            for origin in slot.origins:
                await origin.close()
        return problems

    async def _stop_amid(self, after):
        """SIGTERM while sequences are under way."""
        self.stopping = True
        self.hung = []
        sequences = asyncio.ensure_future(self.run(range(after, after + 2 * len(self.slots))))
        await asyncio.sleep(STOP_AFTER_SECONDS)
        problems = []
        try:
            await self._call(self.proxy.stop)
        except AssertionError as error:
            problems.append(str(error))
        await sequences
        return problems + [f"hangs while the proxy stops: {line}" for line in self.hung]

    def _look_around(self):
        problems = []
        proxy = self.proxy
        self.grpc("SessionService.KickSessions", filter={"protocol": "PROTOCOL_HLS"})

        def attempt(wait, *arguments):
            try:
                wait(*arguments, SETTLE_SECONDS)
            except TimeoutError as error:
                problems.append(str(error))

        def expect(what, condition):
            attempt(wait_until, condition, what)

        expect("no session is left", lambda: proxy.metric("srsproxy_sessions") == 0)
        for listener in ("rtmp", "rtmps", "http", "http_api"):
            expect(f"no connection of {listener} is left",
                   lambda name=listener: proxy.metric("srsproxy_connections", listener=name) == 0)
        expect("no watch is left", lambda: proxy.metric("srsproxy_watch_streams") == 0)
        answered = sum(one.answered for one in self.callers["heartbeats"])
        expect(f"{answered} streams of heartbeats have ended, and those that were not answered",
               lambda: proxy.metric(
                   "srsproxy_grpc_server_handled_total",
                   method="srsproxy.v1.OriginService/HeartbeatStream") >= answered)
        self._deregister_agents()
        expect(f"{self.origins:g} origins are known again",
               lambda: proxy.metric("srsproxy_origins") == self.origins)
        expect("no stream is held", lambda: not self._held())
        attempt(proxy.wait_for_descriptors, self.files)
        expect("no connection of the System API is left",
               lambda: not proxy.system_api_connections())
        return problems + self._look_at_ends()

    def _deregister_agents(self):
        for origin in self._listed("OriginService.ListOrigins", "origins"):
            if origin["registration"]["server"].startswith(AGENT):
                self.grpc("OriginService.DeregisterOrigin", originId=origin["id"])

    def _held(self):
        return [stream for stream in self._listed("StreamService.ListStreams", "streams")
                if stream.get("publishers") or stream.get("viewers") or stream.get("publisherLive")]

    def _listed(self, method, field):
        token, listed = "", []
        while True:
            page = self.grpc(method, pageSize=1000, pageToken=token)
            listed += page.get(field, [])
            token = page.get("nextPageToken", "")
            if not token:
                return listed

    def _look_at_ends(self):
        problems = []
        ends = self.proxy.session_ends()
        counted = self.proxy.metric("srsproxy_sessions_total")
        if counted != len(ends):
            problems.append(f"{counted:g} ends of sessions were counted, {len(ends)} logged")
        problems += [f"a session ended for no reason: {end}" for end in ends
                     if end["reason"] in ("", "internal")]
        problems += [f"a session failed: {record}"
                     for record in self.proxy.records("session failed")]
        told = {end["stream"] for end in ends}
        for number, outcome in self.outcomes.items():
            sequence = plan.sequence(self.seed, number)
            slot = self.slots[number % len(self.slots)]
            stream = f"__defaultVhost__/{slot.app}/{sequence.stream}"
            if outcome.answered and stream not in told:
                problems.append(f"no end was told of the session of {sequence}")
        return problems

    def summary(self):
        ends = collections.Counter((end["protocol"], end["side"], end["reason"])
                                   for end in self.proxy.session_ends())
        lines = [f"{count:6} {' '.join(key)}" for key, count in sorted(ends.items())]
        outcomes = self.outcomes.values()
        lines.append(f"{sum(one.answered for one in outcomes):6} clients were answered")
        lines.append(f"{sum(one.media for one in outcomes):6} got or sent media")
        lines.append(f"{sum(n for sessions, n in self.kicks.items() if sessions):6} of "
                     f"{sum(self.kicks.values())} kicks hit a session")
        for kind, calls in sorted(self.callers.items()):
            lines.append(f"{len(calls):6} callers ({kind}): {sum(one.left for one in calls)} left, "
                         f"{sum(one.answered for one in calls)} were answered, "
                         f"{sum(one.media for one in calls)} got all they wanted")
        return "\n".join(lines)

    def check_coverage(self):
        """Whether the sequences reach what they are for; in a few of them that is chance."""
        if len(self.outcomes) < 500:
            return []
        reasons = collections.Counter(end["reason"] for end in self.proxy.session_ends())
        missing = [reason for reason in ("closed", "kicked", "timeout", "unreachable", "refused")
                   if not reasons[reason]]
        media = sum(outcome.media for outcome in self.outcomes.values())
        problems = [f"no session ended as {reason}" for reason in missing]
        if media < len(self.outcomes) // 20:
            problems.append(f"only {media} of {len(self.outcomes)} sequences came to media")
        for kind in ("watch", "heartbeats", "unary"):
            calls = self.callers[kind]
            for what, count in (("left", sum(one.left for one in calls)),
                                ("got all they wanted", sum(one.media for one in calls))):
                if count < len(calls) // 20:
                    problems.append(f"only {count} of {len(calls)} callers ({kind}) {what}")
        if not any(one.directives for one in self.callers["heartbeats"]):
            problems.append("no agent was given a directive")
        return problems


class _Registered:
    def __init__(self, body):
        self._body = body

    def registration(self):
        return self._body


def numbers_of(text):
    """`5`, `5-9`."""
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


def numbers_for(seconds):
    end = time.monotonic() + seconds
    number = 0
    while time.monotonic() < end:
        yield number
        number += 1


async def drive(driver, numbers):
    """What went wrong, one line each."""
    try:
        await driver.start()
        began = time.monotonic()
        await driver.run(numbers)
        print(f"{len(driver.outcomes)} sequences in {time.monotonic() - began:.0f} s", flush=True)
        problems = await driver.finish(max(driver.outcomes, default=0) + 1)
        print(driver.summary(), flush=True)
        return problems + driver.check_coverage()
    except (Failed, AssertionError, OSError, grpc.RpcError, asyncio.TimeoutError) as error:
        if driver.proxy is None:
            raise
        driver.proxy.process.kill()
        under_way = "\n".join(f"  {sequence}" for sequence in driver.under_way.values())
        return [f"{type(error).__name__}: {error}\nunder way:\n{under_way}"]


def main():
    parser = argparse.ArgumentParser(prog="tests/faults/driver.py", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", default="", help="default: a new one")
    parser.add_argument("--sequences", type=int, default=2000)
    parser.add_argument("--seconds", type=int, help="in place of --sequences")
    parser.add_argument("--only", help="the number of a sequence, or N-M")
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--at-once", type=int, default=50)
    parser.add_argument("--plan", action="store_true", help="print the sequences, and run none")
    arguments = parser.parse_args()
    seed = arguments.seed or secrets.token_hex(4)
    numbers = numbers_of(arguments.only) if arguments.only else range(arguments.sequences)
    if arguments.plan:
        for number in numbers:
            print(plan.sequence(seed, number))
        return 0
    print(f"seed {seed}", flush=True)
    if arguments.only and len(numbers) == 1:
        print(plan.sequence(seed, numbers[0]))
    if arguments.seconds:
        numbers = numbers_for(arguments.seconds)
    elif arguments.repeat > 1:
        numbers = [number for _ in range(arguments.repeat) for number in numbers]

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 8192)), hard))
    folder = tempfile.mkdtemp(prefix="srsproxy-faults-")
    driver = Driver(folder, seed, arguments.at_once)
    problems = asyncio.run(drive(driver, numbers))
    if not problems:
        subprocess.run(["rm", "-rf", folder], check=True)
        print(f"all holds, seed {seed}")
        return 0
    print("\n".join(problems[:60]))
    print(f"--- the last lines of {driver.proxy.process.log}\n{driver.proxy.process.tail(30)}")
    print(f"{len(problems)} problems; again with --seed {seed}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
