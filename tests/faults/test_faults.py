"""The driver's own tests: what a seed says, and what a pipe does at its byte."""

import asyncio
import collections
import time

import pytest

import plan
from cut import Cut
from gate import Gate
from pipe import Ended, Pipe, Struck, Tls, connect
from plan import Leaving

MANY = 2000


def test_a_seed_gives_always_the_same():
    said = [str(plan.sequence("a", number)) for number in range(200)]
    assert said == [str(plan.sequence("a", number)) for number in range(200)]
    assert said != [str(plan.sequence("b", number)) for number in range(200)]


def test_everything_happens_in_a_run():
    sequences = [plan.sequence("a", number) for number in range(MANY)]
    assert {one.protocol for one in sequences} == set(plan.PROTOCOLS)
    assert {one.leaving.how for one in sequences} == {"fin", "rst", "half", "stall"}
    assert {one.leaving.when for one in sequences} == {"at once", "sent", "received", "ms", "end"}
    faults = [fault for one in sequences for fault in one.faults if fault is not None]
    assert {fault.how for fault in faults} == {"fin", "rst", "half", "stall", "garbage", "die",
                                               "slow", "refuse", "no"}
    assert {fault.step for fault in faults} == {"", *plan.RTMP_STEPS, *plan.HTTP_STEPS}
    kicked = collections.Counter(one.kicked_after_ms is not None for one in sequences
                                 if one.protocol in plan.OF_A_STREAM)
    assert 0.1 < kicked[True] / kicked.total() < 0.4
    assert all(one.kicked_after_ms is None for one in sequences
               if one.protocol not in plan.OF_A_STREAM)


def test_callers_leave_in_every_way():
    calls = [one.call for one in (plan.sequence("a", number) for number in range(MANY))
             if one.call is not None]
    assert 0.2 < len(calls) / MANY < 0.4
    assert {one.kind for one in calls} == set(plan.CALLERS)
    assert {one.method for one in calls} == {"", *plan.UNARY}
    for kind in plan.CALLERS:
        leaving = [one.leaving for one in calls if one.kind == kind]
        of_calls = set() if kind == "system api" else {"cancel", "close", "deadline"}
        assert {one.how for one in leaving} == {"fin", "rst", "half", "stall"} | of_calls
        assert {"at once", "sent", "received", "ms"} <= {one.when for one in leaving}
    assert {one.leaving.when for one in calls if one.kind in ("watch", "heartbeats")} >= {
        "messages", "end"}


async def _pair(serve):
    """A client's pipe to a server that `serve(pipe)` serves; both strike by raising Struck."""
    async def strike():
        raise Struck

    served = asyncio.get_running_loop().create_future()

    async def accepted(reader, writer):
        pipe = Pipe(reader, writer, strike)
        try:
            await serve(pipe)
        except (Struck, Ended):
            pass
        served.set_result(pipe)

    server = await asyncio.start_server(accepted, "127.0.0.1", 0)
    client = Pipe(*await connect(server.sockets[0].getsockname()[1]), strike)
    return client, served, server


@pytest.mark.parametrize("which, count", [("sent", 0), ("sent", 3), ("received", 5), ("moved", 7)])
def test_a_pipe_strikes_at_its_byte(which, count):
    async def echo(pipe):
        while True:
            await pipe.send(await pipe.read_some(1))

    async def run():
        client, _, server = await _pair(echo)
        client.arm(which, count)
        with pytest.raises(Struck):
            await client.check()
            for _ in range(100):
                await client.send(b"x")
                await client.read_some()
        client.rst()
        server.close()
        return {"sent": client.sent, "received": client.received,
                "moved": client.sent + client.received}[which]

    assert asyncio.run(run()) == count


@pytest.mark.parametrize("leave", [Pipe.fin, Pipe.rst, Pipe.half])
def test_the_other_side_sees_the_end(leave):
    async def run():
        client, served, server = await _pair(Pipe.read_to_end)
        await client.send(b"abc")
        leave(client)
        pipe = await asyncio.wait_for(served, 10)
        server.close()
        return pipe.received

    assert asyncio.run(run()) <= 3


def test_tls_is_cut_below_it():
    async def run():
        client, _, server = await _pair(Pipe.read_to_end)
        client.arm("sent", 20)
        with pytest.raises(Struck):
            await Tls(client).handshake()
        client.rst()
        server.close()
        return client.sent

    assert asyncio.run(run()) == 20


async def _cut(leaving, to_port, say):
    """What somebody who says `say` gets, by way of a Cut, and the cut."""
    cut = Cut(leaving, to_port)
    await cut.open()
    reader, writer = await asyncio.open_connection("127.0.0.1", cut.port)
    writer.write(say)
    try:
        got = await reader.read()
    except ConnectionError:
        got = b""
    with pytest.raises(OSError):
        await asyncio.open_connection("127.0.0.1", cut.port)
    await cut.close()
    writer.close()
    return got, cut


@pytest.mark.parametrize("leaving", [
    Leaving("fin", "sent", 3), Leaving("rst", "sent", 2), Leaving("half", "sent", 3),
    Leaving("stall", "sent", 1), Leaving("fin", "ms", 50), Leaving("rst", "at once")], ids=str)
def test_a_connection_that_is_passed_on_is_cut_as_planned(leaving):
    hears = []

    async def hear(pipe):
        try:
            while True:
                hears.append(await pipe.read_some())
        finally:
            pipe.fin()

    async def run():
        _, _, server = await _pair(hear)
        _, cut = await asyncio.wait_for(_cut(leaving, server.sockets[0].getsockname()[1],
                                             b"abcdef"), 10)
        server.close()
        return cut.left

    assert asyncio.run(run())
    most = leaving.count if leaving.when == "sent" else 6
    assert b"".join(hears) in (b"abcdef"[:most], b"")
    assert leaving.how == "rst" or b"".join(hears) == b"abcdef"[:most]


def test_a_connection_is_passed_on_whole_where_nothing_is_planned_for_it():
    async def echo(pipe):
        for _ in range(6):
            await pipe.send(await pipe.read_some(1))
        pipe.fin()

    async def run():
        _, _, server = await _pair(echo)
        got, cut = await asyncio.wait_for(_cut(Leaving("cancel", "messages", 3),
                                               server.sockets[0].getsockname()[1], b"abcdef"), 10)
        server.close()
        return got, cut.left

    assert asyncio.run(run()) == (b"abcdef", False)


def test_fewer_run_at_once_where_the_test_is_late():
    async def run():
        gate = Gate(50)
        watch = asyncio.ensure_future(gate.watch())
        for _ in range(10):
            await asyncio.sleep(0.03)
            time.sleep(0.15)  # What a busy machine does to the loop.
        slow = gate.limit
        while gate.limit <= slow:
            await asyncio.sleep(0.02)
        watch.cancel()
        return slow

    assert 4 <= asyncio.run(asyncio.wait_for(run(), 60)) < 25


def test_no_more_than_the_limit_are_inside():
    async def run():
        gate = Gate(5)
        inside, most = 0, 0

        async def one():
            nonlocal inside, most
            async with gate:
                inside += 1
                most = max(most, inside)
                await asyncio.sleep(0)
                inside -= 1

        await asyncio.gather(*(one() for _ in range(40)))
        return most

    assert asyncio.run(run()) == 5
