"""Callers of the control plane that leave in the midst of their calls: watchers, origins' agents,
and operators who change what a client of the same sequence is using."""

import asyncio
import dataclasses
import itertools
import time

import grpc
import grpc.aio
from google.protobuf import json_format

from clients import PATIENCE, Client, Outcome
from cut import Cut
from pipe import Struck
from support.grpc_calls import calling

_CHANNEL = [("grpc.enable_retries", 0), ("grpc.use_local_subchannel_pool", 1),
            ("grpc.enable_http_proxy", 0)]
_WATCH_SECONDS = 0.6  # So long a watch is read.
_REPEAT_SECONDS = 0.02
_NOBODYS_PORT = "9"
_HEARTBEATS = 8
_HEARTBEAT_SECONDS = 0.03
_MANY = 200  # Heartbeats in one message.
AGENT = "agent-"  # Begins the servers that agents stand for.
# Of calls that nobody has cut, while the proxy runs; what they name may be gone meanwhile.
_WRONG = {grpc.StatusCode.UNKNOWN, grpc.StatusCode.INTERNAL, grpc.StatusCode.UNIMPLEMENTED,
          grpc.StatusCode.DATA_LOSS, grpc.StatusCode.DEADLINE_EXCEEDED,
          grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.UNAUTHENTICATED,
          grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.CANCELLED}

_changes = itertools.count()  # Their ids are new ones when a sequence is run again.


class CallerOutcome(Outcome):
    """What became of a caller; `media`: it got what it came for."""

    def __init__(self):
        super().__init__()
        self.left = False    # As planned, before it had what it came for.
        self.directives = 0  # That an agent was given.
        self.wrong = ""      # What should not have been answered.


def caller_of(proxy, calls, sequence, slot, seed):
    """Who makes the call of `sequence`, a client on `slot`; run() returns a CallerOutcome. `calls`
    are those of somebody who never leaves, who may be called on any thread."""
    if sequence.call.kind == "system api":
        return _SystemApiCaller(proxy, sequence, slot.app, seed)
    return _Caller(proxy, calls, sequence, slot)


class _SystemApiCaller:
    """Speaks and leaves as clients do."""

    def __init__(self, proxy, sequence, app, seed):
        call = sequence.call
        self._after = call.after_ms / 1000
        self._client = Client(proxy, dataclasses.replace(
            sequence, protocol="system api", leaving=call.leaving, variant=call.variant,
            faults=(None, None)), app, seed)

    async def run(self):
        await asyncio.sleep(self._after)
        done = await self._client.run()
        outcome = CallerOutcome()
        outcome.hung = done.hung
        outcome.answered = outcome.media = done.answered
        outcome.left = not done.answered
        return outcome


class _Caller:
    """A gRPC client with a connection of its own, by way of a Cut."""

    def __init__(self, proxy, calls, sequence, slot):
        self._proxy, self._calls, self._slot = proxy, calls, slot
        self._sequence, self._call = sequence, sequence.call
        self._stream = f"{slot.app}/{sequence.stream}"
        self._outcome = CallerOutcome()
        self._left = False  # The call, as planned.
        self._deadline = (self._call.leaving.count / 1000
                          if self._call.leaving.how == "deadline" else None)
        self._channel = self._running = None
        self._waits_for = "the connection"
        self._requests = {  # Of unary calls that say more than how long a page is.
            "SessionService.ListSessions": {"filter": {"stream": self._stream}},
            "StreamService.LookupStream": {"stream": self._stream},
            "RebalanceService.PlanRebalance": {"maxMoves": 10}} | self._changes()

    async def run(self):
        await asyncio.sleep(self._call.after_ms / 1000)
        cut = Cut(self._call.leaving, self._proxy.grpc_port,
                  4096 if self._sequence.flood else None)
        await cut.open()
        self._channel = grpc.aio.insecure_channel(f"127.0.0.1:{cut.port}", _CHANNEL)
        try:
            error = await self._speak()
        finally:
            await self._channel.close()
            await cut.close()
        self._outcome.left = self._left or cut.left or self._deadline is not None
        self._judge(error)
        await self._put_right()
        return self._outcome

    async def _speak(self):
        """The error that it ended with, or None."""
        speak = {"watch": self._watch, "heartbeats": self._beat, "unary": self._ask}
        script = asyncio.ensure_future(speak[self._call.kind]())
        leaving = self._call.leaving
        if leaving.of_a_call and leaving.how != "deadline" and leaving.when == "ms":
            await asyncio.wait({script}, timeout=leaving.count / 1000)
            if not script.done():
                await self._leave()
                script.cancel()  # Whatever it awaits: grpc.aio forgets some of it at a cancel.
        await asyncio.wait({script}, timeout=PATIENCE)
        if not script.done():
            self._outcome.hung = self._waits_for
            script.cancel()
        (end,) = await asyncio.gather(script, return_exceptions=True)
        return end

    def _judge(self, error):
        if error is None or self._outcome.hung or self._outcome.left:
            return
        if not isinstance(error, grpc.RpcError):
            raise error
        if error.code() in _WRONG:
            self._outcome.wrong = (f"{self._call.method or self._call.kind}: {error.code().name} "
                                   f"({error.details()})")

    # ---- How the call is left

    async def _leave(self):
        self._left = True
        if self._call.leaving.how == "close":
            await self._channel.close()
        elif self._running is not None:
            self._running.cancel()

    async def _begin(self, name, **fields):
        """The running call; a stream of requests takes no fields."""
        api = self._calls.api
        call = api.call(name)
        requests = [] if call.streams_requests else [
            json_format.ParseDict(fields, api.new(call.request))]
        self._running = calling(self._channel, api, call)(*requests, timeout=self._deadline)
        at_once = self._call.leaving.of_a_call and self._call.leaving.when == "at once"
        if at_once and (self._call.kind == "unary" or call.streams_responses):
            await asyncio.sleep(0)
            await self._leave()
            raise Struck
        return self._running

    async def _heard(self, count):
        """So many messages of a stream have come."""
        self._outcome.answered = True
        leaving = self._call.leaving
        if leaving.when == "messages" and count >= leaving.count:
            await self._leave()
            raise Struck

    # ---- A watcher

    async def _watch(self):
        """To the end of the snapshot, and for a while."""
        watch = await self._begin("EventService.Watch", **(
            {}, {"stream": self._stream}, {"originId": self._slot.origins[0].id},
            {"kinds": ["EVENT_KIND_ORIGIN_ADDED", "EVENT_KIND_STREAM_REMOVED"]}
        )[self._call.variant])
        self._waits_for = "a watch's snapshot"
        end = time.monotonic() + _WATCH_SECONDS
        count = 0
        while True:
            reading = asyncio.ensure_future(watch.read())
            await asyncio.wait({reading}, timeout=max(0, end - time.monotonic())
                               if self._outcome.media else None)
            if not reading.done():
                break
            answer = await reading
            if answer is grpc.aio.EOF:
                self._outcome.wrong = "a watch ended without a word"
                return
            count += 1
            self._outcome.media |= answer.snapshot_complete
            await self._heard(count)
        watch.cancel()
        await asyncio.gather(reading, return_exceptions=True)

    # ---- An agent

    async def _beat(self):
        self._waits_for = "the registration"
        registered = await (await self._begin(
            "OriginService.RegisterOrigin", registration={
                "ip": "127.0.0.1", "server": self._agent, "service": "s", "pid": "1",
                "rtmp": [_NOBODYS_PORT]}))
        self._waits_for = "an answer to a heartbeat"
        stream = await self._begin("OriginService.HeartbeatStream")
        if self._sequence.flood:
            await self._beat_ahead(stream, registered.lease_id)
        else:
            await self._beat_in_turn(stream, registered.lease_id)
        await stream.done_writing()
        self._waits_for = "the end of a stream of heartbeats"
        while await stream.read() is not grpc.aio.EOF:
            pass
        self._outcome.media = True
        if self._call.variant == 3:
            self._waits_for = "the registration's end"
            await (await self._begin("OriginService.DeregisterOrigin",
                                     leaseId=registered.lease_id))

    async def _beat_in_turn(self, stream, lease):
        for number in range(1, 1 + _HEARTBEATS):
            if number == 3 and self._drains_its_agent:
                await self._operate("OriginService.DrainOrigin", origin=self._agent)
            await self._send(stream, self._heartbeats(lease, number,
                                                      1 if self._call.variant < 2 else 3))
            answer = await stream.read()
            if answer is grpc.aio.EOF:
                return
            beats = list(answer.answers) or [answer]
            self._outcome.directives += sum(len(beat.heartbeat.directives) for beat in beats)
            await self._heard(number)
            await asyncio.sleep(_HEARTBEAT_SECONDS)

    async def _beat_ahead(self, stream, lease):
        """All at once; takes the answers later."""
        for number in range(_HEARTBEATS):
            await self._send(stream, self._heartbeats(lease, number * _MANY + 1, _MANY))
        for number in range(_HEARTBEATS):
            if await stream.read() is grpc.aio.EOF:
                return
            await self._heard(number + 1)

    @staticmethod
    async def _send(stream, message):
        try:
            await stream.write(message)
        except asyncio.InvalidStateError:
            pass  # The proxy has ended the stream; the next read() says why.

    def _heartbeats(self, lease, first, count):
        """One message; of several heartbeats one is of an unknown lease."""
        beats = [{"leaseId": lease, "sequence": str(number), "load": {"cpuRatio": 0.5}}
                 for number in range(first, first + count)]
        if count > 1:
            beats[1]["leaseId"] = "unknown"
        api = self._calls.api
        return json_format.ParseDict({"heartbeat": beats[0]} if count == 1 else
                                     {"heartbeats": beats},
                                     api.new(api.call("OriginService.HeartbeatStream").request))

    @property
    def _agent(self):
        return f"{AGENT}{self._slot.app}"

    @property
    def _drains_its_agent(self):
        return self._call.kind == "heartbeats" and self._call.variant == 1

    # ---- An operator

    def _changes(self):
        origin, odd = self._slot.origins[0], self._call.variant % 2 == 1
        changes = {
            "SessionService.KickSessions": {"filter": {"stream": self._stream}},
            "StreamService.MoveStream": {"stream": self._stream, "origin": origin.server,
                                         "kick": odd},
            "StreamService.ReleaseStream": {"stream": self._stream, "force": odd},
            "StreamService.PinStream": {"stream": self._stream, "origin": origin.server},
            "OriginService.DrainOrigin": {"origin": origin.server} | (
                {"deadline": "0s"} if odd else {}),
            "OriginService.DeregisterOrigin": {"originId": origin.id, "kick": odd}}
        change_id = f"{self._sequence.number}-{next(_changes)}"
        return {name: fields | {"requestId": change_id} for name, fields in changes.items()}

    async def _ask(self):
        method = self._call.method
        self._waits_for = f"the answer of {method}"
        await (await self._begin(method, **self._requests.get(
            method, {"pageSize": 10 ** self._call.variant})))
        self._outcome.answered = self._outcome.media = True

    async def _put_right(self):
        """A change that was cut is done when it is repeated; then all is as it was before."""
        method, origin = self._call.method, self._slot.origins[0]
        if "requestId" in self._requests.get(method, {}):
            await self._operate(method, **self._requests[method])
        if method == "OriginService.DrainOrigin":
            await self._operate("OriginService.UpdateOrigin", origin=origin.server,
                                updateMask="adminState")
        elif method == "OriginService.DeregisterOrigin":
            await self._operate("OriginService.RegisterOrigin", registration=origin.registration())
        elif method == "StreamService.PinStream":
            await self._operate("StreamService.UnpinStream", stream=self._stream)
        if self._drains_its_agent:
            await self._operate("OriginService.UpdateOrigin", origin=self._agent,
                                updateMask="adminState", allowMissing=True)

    async def _operate(self, method, **fields):
        """By somebody who never leaves."""
        def call():
            try:
                self._calls(method, **fields)
            except grpc.RpcError as error:
                return error.code(), error.details()
            return grpc.StatusCode.OK, ""

        end = time.monotonic() + PATIENCE
        while True:
            code, details = await asyncio.get_running_loop().run_in_executor(None, call)
            if code != grpc.StatusCode.ABORTED or time.monotonic() > end:
                break  # Else the first one is still being answered.
            await asyncio.sleep(_REPEAT_SECONDS)
        if code in _WRONG or code == grpc.StatusCode.ABORTED:
            self._outcome.wrong = f"{method}, not cut: {code.name} ({details})"
