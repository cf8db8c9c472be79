#!/usr/bin/python3
"""Keeps one origin registered with srsproxy while it runs, and tells it the machine's load.

Take it as the start of your own: what is special to an origin is what it registers, what it
reports, and what it does when an operator drains it. README.md says how to run it.
"""

import argparse
import asyncio
import contextlib
import os
import pathlib
import random
import signal
import sys
import uuid

import grpc

sys.path.insert(0, os.environ.get("STUBS") or str(pathlib.Path(__file__).with_name("stubs")))

from srsproxy.v1 import origin_pb2, origin_service_pb2 as api  # pylint: disable=C0413
from srsproxy.v1.origin_service_pb2_grpc import OriginServiceStub  # pylint: disable=C0413

ANSWER_SECONDS = 10
FIRST_DELAY, LONGEST_DELAY = 0.5, 15
KEEPALIVE = [("grpc.keepalive_time_ms", 30_000), ("grpc.keepalive_timeout_ms", 10_000),
             ("grpc.keepalive_permit_without_calls", 1), ("grpc.http2.max_pings_without_data", 0)]


class Machine:
    """How busy this machine is, as Linux tells it: the CPU since the last look, and the memory."""

    def __init__(self):
        self._ticks = self._read_ticks()

    def load(self):
        before, self._ticks = self._ticks, self._read_ticks()
        busy, total = (now - then for now, then in zip(self._ticks, before))
        memory = dict(line.split(":") for line in open("/proc/meminfo", encoding="ascii"))
        free, size = (int(memory[name].split()[0]) for name in ("MemAvailable", "MemTotal"))
        return origin_pb2.LoadReport(cpu_ratio=min(1, busy / total) if total else 0,
                                     memory_ratio=1 - free / size)

    @staticmethod
    def _read_ticks():
        line = pathlib.Path("/proc/stat").read_text(encoding="ascii").split("\n")[0]
        ticks = [int(tick) for tick in line.split()[1:9]]
        return sum(ticks) - ticks[3] - ticks[4], sum(ticks)  # Without idle and iowait; all.


class Agent:
    def __init__(self, channel, registration, token):
        self._origins = OriginServiceStub(channel)
        self._registration = registration
        self._metadata = [("authorization", f"Bearer {token}")] if token else []
        self._machine = Machine()
        self._lease_id = ""  # A secret: not for the log.
        self._sequence = 0  # Never goes back: a lease may outlive a connection.
        self._failures = 0
        self._draining = False

    async def keep_registered(self):
        while True:
            try:
                await self._register()
                delay = await self._send_heartbeats()
            except (grpc.aio.AioRpcError, asyncio.TimeoutError, ConnectionError,
                    asyncio.InvalidStateError) as error:  # The last: it has ended already.
                longest = min(LONGEST_DELAY, FIRST_DELAY * 2 ** self._failures)
                delay = random.uniform(longest / 2, longest)  # Not all agents at once.
                self._failures += 1
                print(f"failed: {told(error)}; again in {delay:.1f} s", flush=True)
            await asyncio.sleep(delay)

    async def leave(self):
        if self._lease_id:
            request = api.DeregisterOriginRequest(lease_id=self._lease_id)
            answer = await self._origins.DeregisterOrigin(request, metadata=self._metadata,
                                                          timeout=ANSWER_SECONDS)
            print(f"left: {answer.origin_id}", flush=True)

    async def _register(self):
        request = api.RegisterOriginRequest(registration=self._registration)
        answer = await self._origins.RegisterOrigin(request, metadata=self._metadata,
                                                    timeout=ANSWER_SECONDS)
        self._lease_id = answer.lease_id
        print(f"registered: {answer.origin.id}", flush=True)

    async def _send_heartbeats(self):
        """Returns after how many seconds to register again."""
        call = self._origins.HeartbeatStream(metadata=self._metadata)
        ended = asyncio.ensure_future(call.code())
        try:
            while True:
                answer = await self._send_heartbeat(call)
                asked = {directive.kind: directive for directive in answer.directives}
                if again := asked.get(api.DIRECTIVE_KIND_REREGISTER):
                    print(f"to register again: {again.message}", flush=True)
                    return again.delay.ToTimedelta().total_seconds()
                self._drain(api.DIRECTIVE_KIND_DRAIN in asked)
                pause = answer.heartbeat_interval.ToTimedelta().total_seconds()
                if (await asyncio.wait([ended], timeout=pause))[0]:
                    raise ConnectionError(f"{ended.result().name}: {await call.details()}")
        finally:
            call.cancel()

    async def _send_heartbeat(self, call):
        self._sequence += 1
        await call.write(api.HeartbeatStreamRequest(heartbeat=api.HeartbeatRequest(
            lease_id=self._lease_id, load=self._machine.load(), sequence=self._sequence)))
        answer = await asyncio.wait_for(call.read(), ANSWER_SECONDS)
        if answer is grpc.aio.EOF:
            raise ConnectionError("the proxy ended the stream")
        self._failures = 0
        return answer.heartbeat

    def _drain(self, wanted):
        """Here an origin would end, or take up again, what it does by itself: ingests, forwards."""
        if wanted != self._draining:
            self._draining = wanted
            print("drained by an operator" if wanted else "no longer drained", flush=True)


def told(error):
    if isinstance(error, grpc.aio.AioRpcError):
        return f"{error.code().name}: {error.details()}"
    return str(error) or "no answer in time"


def channel_to(options):
    if not options.ca:
        return grpc.aio.insecure_channel(options.proxy, KEEPALIVE)
    ca, key, cert = (pathlib.Path(path).read_bytes() if path else None
                     for path in (options.ca, options.key, options.cert))
    return grpc.aio.secure_channel(options.proxy, grpc.ssl_channel_credentials(ca, key, cert),
                                   KEEPALIVE)


async def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--proxy", default="127.0.0.1:12026", help="host:port of gRPC")
    parser.add_argument("--ip", required=True, help="the origin's address")
    parser.add_argument("--server", required=True, help="its name, kept over restarts")
    parser.add_argument("--pid", type=int, default=os.getpid(), help="its process id")
    for name in ("rtmp", "http", "api", "srt", "rtc"):
        parser.add_argument(f"--{name}", action="append", default=[], help="where it listens")
    parser.add_argument("--ca", help="TLS: who signs the proxy's certificate, PEM")
    parser.add_argument("--cert", help="mutual TLS: this agent's certificate, PEM")
    parser.add_argument("--key", help="mutual TLS: its key, PEM")
    options = parser.parse_args()
    registration = origin_pb2.OriginRegistration(
        ip=options.ip, server=options.server, service=uuid.uuid4().hex[:8], pid=str(options.pid),
        rtmp=options.rtmp, http=options.http, api=options.api, srt=options.srt, rtc=options.rtc)

    async with channel_to(options) as channel:
        agent = Agent(channel, registration, os.environ.get("SRSPROXY_TOKEN"))
        running = asyncio.create_task(agent.keep_registered())
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, running.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await running
        try:
            await agent.leave()
        except grpc.aio.AioRpcError as error:
            sys.exit(f"Error: cannot leave: {told(error)}")


asyncio.run(main())
