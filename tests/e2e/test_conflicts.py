"""Sources that take each other's place as an origin: an agent that registers an id of its own for
the address that SRS's heartbeat registers."""

import pytest

from support.ctl import ctl

WHY = "is registered in turn as"


@pytest.fixture
def contest(lab):
    """A proxy, and what takes the place once more."""
    fake = lab.fake(server="srs")
    proxy = lab.proxy()

    class Contest:
        def __init__(self):
            self.proxy = proxy

        def srs(self):
            proxy.register(fake)

        def agent(self):
            proxy.register(fake, server="agent", pid="9")

    return Contest()


def test_it_is_named_from_the_second_takeover_on(contest):
    proxy = contest.proxy
    contest.srs()
    contest.agent()
    assert WHY not in ctl(proxy, "origin", "list").out
    assert "conflicts          ok" in ctl(proxy, "check").out
    contest.srs()

    shown = ctl(proxy, "origin", "list").out
    assert WHY in shown and "agent-fake-9 from 127.0.0.1" in shown, shown
    assert "srs-fake-1 from 127.0.0.1" in shown and "let only one of them register it" in shown
    checked = ctl(proxy, "check", "--strict")
    assert checked.code == 7 and WHY in checked.out, checked.out
    proxy.wait_for_metric("srsproxy_origin_conflicts_total", 1, origin="srs")


def test_it_is_counted_each_time_and_reported_once_a_minute(contest):
    proxy = contest.proxy
    contest.srs()
    for _ in range(10):
        contest.agent()
        contest.srs()
    proxy.wait_for_metric("srsproxy_origin_conflicts_total", 19)
    (line,) = proxy.records("origin in conflict")
    assert line["level"] == "warn" and WHY in line["why"]
    events = ctl(proxy, "event", "list", "--filter", "event=conflict")
    assert events.code == 0, events.err
    assert events.out.count(WHY) == 1 and "conflict" in events.out, events.out


def test_an_srs_that_starts_anew_is_none(lab):
    fake = lab.fake(server="srs")
    proxy = lab.proxy()
    for pid in range(10):
        proxy.register(fake, pid=str(pid))
    proxy.wait_for_metric("srsproxy_origin_conflicts_total", 0)
    assert "conflicts          ok" in ctl(proxy, "check").out
