"""Where streams are placed, by the settings, and how a rebalance evens them out."""

import pytest

from support.ctl import ctl
from support.waiting import wait_until


def publish(lab, proxy, name):
    publisher = lab.client(proxy.rtmp_port).open()
    assert publisher.publish(name)["level"] == "status"
    return publisher


def origin_of(proxy, key):
    return ctl(proxy, "stream", "get", key, "-o", "json").json["originId"]


def test_least_streams_fills_evenly(lab):
    origins = [lab.fake(server="alpha"), lab.fake(server="beta"), lab.fake(server="gamma")]
    proxy = lab.proxy(*origins, LOAD_BALANCER_STRATEGY="least_streams")
    for number in range(6):
        publish(lab, proxy, f"stream-{number}")
    assert [len(origin.sessions) for origin in origins] == [2, 2, 2]
    proxy.wait_for_metric("srsproxy_stream_assignments_total", 6, strategy="least_streams",
                          reason="claimed")


def test_a_hashed_stream_has_the_same_origin_on_every_proxy(lab):
    origins = [lab.fake(server=f"origin-{letter}") for letter in "abcd"]
    one, other = (lab.proxy(*origins, LOAD_BALANCER_STRATEGY="consistent_hash") for _ in range(2))
    for number in range(5):
        explained = [ctl(proxy, "stream", "explain", f"live/{number}", "-o", "json").json
                     for proxy in (one, other)]
        assert explained[0]["pick"]["originId"] == explained[1]["pick"]["originId"]


def test_rules_decide_and_are_explained(lab):
    origins = [lab.fake(server=server) for server in ("alpha", "beta", "gamma")]
    proxy = lab.proxy(*origins, PLACEMENT_RULES="*/live -> server=beta; * -> zone=nowhere")
    for number in range(4):
        publish(lab, proxy, f"stream-{number}")
        assert origin_of(proxy, f"live/stream-{number}").startswith("beta-")
    explained = ctl(proxy, "stream", "explain", "other/stream")
    assert "'* -> zone=nowhere'" in explained.out
    assert "selects no origin that can serve __defaultVhost__/other/stream" in explained.out


@pytest.fixture
def uneven(lab, clip):
    """Two origins; four published and watched streams, all on the first."""
    first, second = lab.nginx("first"), lab.nginx("second")
    proxy = lab.proxy(first)
    streams = {}
    for name in ("one", "two", "three", "four"):
        publisher = lab.publisher(proxy.url(name), clip)
        wait_until(lambda name=name: first.clients(name)[0] == 1, f"{name} is published")
        streams[name] = [publisher, lab.player(proxy.url(name))]
    for name in streams:
        wait_until(lambda name=name: first.clients(name) == (1, 1), f"{name} is watched")
    proxy.register(second)
    return proxy, first, second, streams


def test_a_rebalance_ends_no_session_unless_requested(uneven):
    proxy, first, _, streams = uneven
    plan = ctl(proxy, "rebalance", "plan", "-o", "json").json
    assert not plan.get("moves")
    assert plan["heldBySessions"] == 2
    assert ctl(proxy, "rebalance", "apply", "--yes", "--wait").code == 0
    assert {first.clients(name) for name in streams} == {(1, 1)}


def test_a_rebalance_keeps_publishers_and_viewers_together(lab, clip, uneven):
    proxy, first, second, streams = uneven
    applied = ctl(proxy, "rebalance", "apply", "--max-kicked", "4", "--rate", "1000", "--wait",
                  "--yes")
    assert applied.code == 0, applied.out + applied.err
    moved = [name for name in streams if origin_of(proxy, f"live/{name}") == second.origin_id]
    assert len(moved) == 2
    for name in moved:
        for part in streams[name]:
            wait_until(lambda part=part: not part.running, f"a client of {name} was ended")
        lab.publisher(proxy.url(name), clip)
        wait_until(lambda name=name: second.clients(name)[0] == 1, f"{name} is published again")
        lab.player(proxy.url(name))
        wait_until(lambda name=name: second.clients(name) == (1, 1), f"{name} is watched again")
        assert first.clients(name) == (0, 0)
    for name in streams.keys() - set(moved):
        assert first.clients(name) == (1, 1) and second.clients(name) == (0, 0)
    proxy.wait_for_metric("srsproxy_sticky_violations_total", 0)
    proxy.wait_for_metric("srsproxy_imbalance_ratio", 0)
    assert not ctl(proxy, "rebalance", "plan", "-o", "json").json.get("moves")
