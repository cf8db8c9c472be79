"""What a seed says: a list of sequences, each one client with its origins and what all of them do
wrong. A sequence is wholly told by its seed and number; only how long things take may vary.
"""

import dataclasses
import random

PROTOCOLS = {  # With how often they are chosen.
    "rtmp publish": 5, "rtmp play": 5, "rtmps publish": 1, "rtmps play": 1, "http-flv": 5,
    "websocket-flv": 2, "hls": 5, "file": 1, "cluster api": 2, "register": 1, "grpc": 1,
}
# Those that have a session which may be kicked.
OF_A_STREAM = ("rtmp publish", "rtmp play", "rtmps publish", "rtmps play", "http-flv",
               "websocket-flv", "hls")

# About how many bytes a client sends, and gets, until its request is answered: the interesting
# places are before that.
_SENT = {"rtmp": 3500, "rtmps": 4600, "http-flv": 90, "websocket-flv": 180, "hls": 200, "file": 90,
         "cluster api": 90, "register": 300, "grpc": 90}
_RECEIVED = {"rtmp": 3500, "rtmps": 6000, "http-flv": 300, "websocket-flv": 300, "hls": 900,
             "file": 400, "cluster api": 400, "register": 150, "grpc": 40}

# Who calls the control plane beside a client, with how often they are chosen, and about how many
# bytes of their connection are sent and received until they have what they want.
CALLERS = {"watch": 3, "heartbeats": 3, "unary": 4, "system api": 1}
_CALLER_SENT = {"watch": 700, "heartbeats": 1500, "unary": 700, "system api": 300}
_CALLER_RECEIVED = {"watch": 40_000, "heartbeats": 1500, "unary": 600, "system api": 60_000}
# What unary callers call: the stream and the origins of their sequence are what they name.
UNARY = ("SessionService.KickSessions", "SessionService.ListSessions", "StreamService.MoveStream",
         "StreamService.ReleaseStream", "StreamService.PinStream", "StreamService.LookupStream",
         "StreamService.ListStreams", "OriginService.DrainOrigin", "OriginService.DeregisterOrigin",
         "OriginService.ListOrigins", "EventService.ListEvents", "RebalanceService.PlanRebalance")

# What an origin says and hears in each step, in bytes.
RTMP_STEPS = {"accept": 0, "handshake": 6000, "connect": 500, "create": 120, "answer": 300,
              "media": 30_000}
HTTP_STEPS = {"accept": 0, "request": 200, "head": 150, "body": 30_000}


@dataclasses.dataclass(frozen=True)
class Leaving:
    """How and when a client leaves. `when`: "at once" (connected), "sent" and "received" (after
    `count` bytes), "messages" (after `count` answers), "ms" (after `count` of them), "end" (when it
    has got what it wanted)."""
    # fin, rst, half (closes its half only), stall (says and reads nothing for a while); of calls
    # also cancel, close (the channel, with all calls), deadline.
    how: str
    when: str
    count: int = 0

    @property
    def of_a_call(self):
        """It is the call that is left, and by it the connection."""
        return self.how in ("cancel", "close", "deadline")

    def __str__(self):
        after = {"sent": f"after {self.count} bytes sent",
                 "received": f"after {self.count} bytes received",
                 "messages": f"after {self.count} answers",
                 "ms": f"after {self.count} ms"}.get(self.when, f"at the {self.when}")
        return f"{self.how} {'at once' if self.when == 'at once' else after}"


@dataclasses.dataclass(frozen=True)
class Fault:
    """What an origin does wrong, `after` so many bytes of a step. `how`: fin, rst, half, stall,
    garbage (says it, and goes on), die (all of the origin, at once), slow (a few bytes at a time),
    no (it refuses, in the protocol's words); refuse: it does not listen."""
    how: str
    step: str = ""
    after: int = 0

    def __str__(self):
        if self.how in ("refuse", "no"):
            return {"refuse": "does not listen", "no": "says no"}[self.how]
        return f"{self.how} {self.after} bytes into '{self.step}'"


@dataclasses.dataclass(frozen=True)
class Call:
    """What somebody wants of the control plane while the client is there, and how he leaves."""
    kind: str  # Of CALLERS.
    leaving: Leaving
    after_ms: int  # Begins so long after the client.
    method: str  # Of a unary call.
    variant: int

    def __str__(self):
        return (f"{self.method or self.kind} after {self.after_ms} ms, variant {self.variant}: "
                f"{self.leaving}")


@dataclasses.dataclass(frozen=True)
class Sequence:
    number: int
    protocol: str
    leaving: Leaving
    faults: tuple  # Of the two origins that may serve it; None: it is willing.
    kicked_after_ms: int | None
    flood: bool  # The origin, or the publisher, sends more than the other side takes at once.
    ahead: bool  # The client sends more than it was asked for: pipelined requests, early media.
    variant: int  # Of what the protocol has several of.
    call: Call | None = None  # Beside the client.

    @property
    def stream(self):
        return f"s{self.number}"

    @property
    def may_be_unreadable(self):
        """Whether what the client hears may make no sense: the proxy passes media untouched."""
        return self.protocol.startswith("rtmp") and any(
            fault is not None and fault.how == "garbage" for fault in self.faults)

    @property
    def with_tls(self):
        return self.protocol.startswith("rtmps")

    @property
    def publishes(self):
        return self.protocol.endswith("publish")

    def __str__(self):
        parts = [f"{self.number}: {self.protocol}, variant {self.variant}",
                 f"client: {self.leaving}"]
        parts += [f"origin {name}: {fault or 'willing'}"
                  for name, fault in zip("ab", self.faults)]
        if self.kicked_after_ms is not None:
            parts.append(f"kicked after {self.kicked_after_ms} ms")
        if self.call is not None:
            parts.append(f"caller: {self.call}")
        parts += [word for word, holds in (("flood", self.flood), ("ahead", self.ahead)) if holds]
        return "; ".join(parts)


def _offset(rng, most):
    """Of all sizes alike: a uniform choice would seldom hit the first bytes."""
    if most <= 0:
        return 0
    return rng.choice((rng.randint(0, most), rng.randint(0, min(most, 64)),
                       int(most ** rng.random())))


def _moment(rng):
    return rng.choice((rng.randint(0, 20), rng.randint(0, 400), rng.randint(0, 1200)))


def _leaving(rng, protocol):
    family = protocol.split()[0] if protocol.startswith("rtmp") else protocol
    how = rng.choice(("fin", "rst", "fin", "rst", "half", "stall"))
    when = rng.choice(("at once", "sent", "sent", "received", "received", "ms", "ms", "ms", "end",
                       "end", "end", "end"))
    if when == "at once":
        return Leaving(rng.choice(("fin", "rst")), when)
    if when == "end":
        return Leaving(rng.choice(("fin", "rst")), when)
    if when == "ms":
        return Leaving(how, when, _moment(rng))
    most = (_SENT if when == "sent" else _RECEIVED)[family]
    if rng.random() < 0.3:
        most *= 8  # Also later, within the media.
    return Leaving(how, when, _offset(rng, most))


def fault(rng, protocol):
    if rng.random() < 0.4:
        return None
    how = rng.choice(("fin", "fin", "rst", "rst", "stall", "stall", "half", "garbage", "die",
                      "slow", "refuse", "no"))
    if how in ("refuse", "no"):
        return Fault(how)
    steps = RTMP_STEPS if protocol.startswith("rtmp") else HTTP_STEPS
    step = rng.choice(tuple(steps))
    if step == "accept" and how == "slow":
        step = "handshake" if protocol.startswith("rtmp") else "head"
    return Fault(how, step, _offset(rng, steps[step]))


def _leaving_a_call(rng, kind):
    """Half of them leave the connection at a byte, the others the call."""
    if kind == "system api" or rng.random() < 0.5:
        how = rng.choice(("fin", "rst", "fin", "rst", "half", "stall"))
        when = rng.choice(("at once", "sent", "sent", "received", "received", "ms"))
        if when == "ms":
            return Leaving(how, when, _moment(rng))
        if when == "at once":
            return Leaving(rng.choice(("fin", "rst")), when)
        return Leaving(how, when, _offset(rng, (_CALLER_SENT if when == "sent" else
                                                _CALLER_RECEIVED)[kind]))
    how = rng.choice(("cancel", "close", "deadline"))
    if how == "deadline":
        return Leaving(how, "ms", rng.choice((rng.randint(0, 5), rng.randint(0, 50), _moment(rng))))
    when = rng.choice(("at once", "ms", "end", "end") if kind == "unary" else
                      ("at once", "ms", "messages", "end", "end"))
    return Leaving(how, when, {"ms": _moment(rng), "messages": rng.randint(1, 6)}.get(when, 0))


def _call(rng):
    kind = rng.choices(tuple(CALLERS), tuple(CALLERS.values()))[0]
    return Call(kind, _leaving_a_call(rng, kind), rng.choice((0, 0, rng.randint(0, 400))),
                rng.choice(UNARY) if kind == "unary" else "", rng.randrange(4))


def sequence(seed, number):
    rng = random.Random(f"{seed}/{number}")
    protocol = rng.choices(tuple(PROTOCOLS), tuple(PROTOCOLS.values()))[0]
    kicked = protocol in OF_A_STREAM and rng.random() < 0.25
    planned = Sequence(
        number=number, protocol=protocol, leaving=_leaving(rng, protocol),
        faults=(fault(rng, protocol), fault(rng, protocol)),
        kicked_after_ms=rng.choice((rng.randint(0, 30), rng.randint(0, 700))) if kicked else None,
        flood=rng.random() < 0.2, ahead=rng.random() < 0.15, variant=rng.randrange(4))
    return dataclasses.replace(planned, call=_call(rng) if rng.random() < 0.3 else None)


def noise(seed, number, count):
    """Bytes that mean nothing."""
    return random.Random(f"{seed}/{number}/noise").randbytes(count)
