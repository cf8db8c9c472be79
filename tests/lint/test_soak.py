"""The judge of the soak stage: what it must not let pass, and what it must."""

import sys

import pytest

from tree import ROOT

sys.path.insert(0, str(ROOT / "tests" / "soak"))

import judge  # noqa: E402
from judge import MIB, Quiet, Sample  # noqa: E402
from schedule import Schedule  # noqa: E402

INFINITY = float("inf")


def samples(count=100, rss=lambda number: 30 * MIB, late=lambda number: 0,
            apart=lambda number: (), ended=lambda number: 0):
    """As of a run: each worker wakes 1,000 times between two, `late(number)` of them 0.3 s late."""
    made, overdue = [], 0
    for number in range(count):
        overdue += late(number)
        done = 1000 * number
        made.append(Sample(at=float(number), sessions=9, ended=ended(number), in_use=3, files=50,
                           rss=rss(number), cpu=0.1 * number, apart=frozenset(apart(number)),
                           late={0.1: done - overdue, 0.5: done, 5.0: done, INFINITY: done}))
    return made


def test_memory_that_goes_up_and_down_is_no_trend():
    assert not judge.check_trend(samples(rss=lambda number: (30 + number % 7) * MIB))


def test_memory_that_fills_up_at_the_beginning_is_no_trend():
    assert not judge.check_trend(samples(rss=lambda number: min(number, 20) * MIB))


def test_memory_that_grows_is_found():
    assert judge.check_trend(samples(rss=lambda number: 30 * MIB + number * MIB // 10))


def test_events_that_are_remembered_are_no_trend():
    def ended(number):
        return 1000 * number

    assert not judge.check_trend(samples(rss=lambda number: 30 * MIB + 400 * ended(number),
                                         ended=ended))
    assert judge.check_trend(samples(rss=lambda number: 30 * MIB + 700 * ended(number),
                                     ended=ended))


def test_one_peak_hides_no_growth():
    grows = samples(rss=lambda number: (90 if number == 25 else 30 + number // 10) * MIB)
    assert judge.check_trend(grows)


def test_too_few_samples_are_no_answer():
    with pytest.raises(ValueError):
        judge.check_trend(samples(4))


def test_a_worker_that_is_late_now_and_then_is_let_pass():
    assert not judge.check_lag(samples(late=lambda number: 1))


def test_a_worker_that_is_late_often_is_found():
    assert judge.check_lag(samples(late=lambda number: 5))


def test_a_worker_that_hangs_once_is_found():
    made = samples()
    made[-1].late[5.0] -= 1
    assert judge.check_lag(made) == ["a worker came more than 5 s late"]


def test_workers_that_report_nothing_are_found():
    made = samples()
    made[-1].late = made[0].late
    assert judge.check_lag(made) == ["no worker told how late it was"]


def test_a_stream_that_comes_apart_is_found_once():
    found = judge.check_apart(samples(apart=lambda number: ["live/a"] if number >= 40 else []))
    assert found == ["live/a is on several origins from second 40 on"]


def test_a_stream_that_moves_is_not_apart():
    assert not judge.check_apart(samples(apart=lambda number: ["live/a"] if number % 10 else []))


def quiet(**changes):
    return Quiet(**dict(sessions=0, ended=0, in_use=0, connections=0, files=40,
                        rss=25 * MIB) | changes)


def test_the_quiet_of_before_is_let_pass():
    assert not judge.check_quiet(quiet(rss=27 * MIB), 40, quiet())
    assert not judge.check_quiet(quiet(rss=35 * MIB, ended=20_000), 40, quiet())


@pytest.mark.parametrize("left", [{"sessions": 1}, {"in_use": 1}, {"connections": 1},
                                  {"files": 41}, {"rss": 30 * MIB}])
def test_what_is_left_is_found(left):
    assert len(judge.check_quiet(quiet(**left), 40, quiet())) == 1


@pytest.mark.parametrize("record", [
    {"level": "error", "message": "anything"},
    {"level": "warn", "message": "session failed"},
    {"level": "info", "message": "session ended", "reason": "internal"},
    {"level": "info", "message": "session ended", "reason": ""}])
def test_the_log_is_read(record):
    fine = [{"level": "warn", "message": "origin lost"},
            {"level": "info", "message": "session ended", "reason": "closed"}]
    assert not judge.check_log(fine)
    assert len(judge.check_log([*fine, record])) == 1


def test_clients_that_are_not_served_are_found():
    assert not judge.check_clients(99, ["slow"])
    assert judge.check_clients(98, ["slow", "slower"])
    assert judge.check_clients(0, [])


def test_a_seed_gives_always_the_same():
    def draws(seed):
        return [Schedule(seed).rng(name).random() for name in ("move", "kick")]

    assert draws("a") == draws("a")
    assert draws("a") != draws("b")
    assert len(set(draws("a"))) == 2


def test_what_is_scheduled_happens_in_order_and_until_it_is_over():
    schedule, seen = Schedule("a"), []
    schedule.every(0.01, "often", lambda _: seen.append("often"))
    schedule.after(0.02, lambda: seen.append("once"))
    schedule.after(1000, lambda: seen.append("never"))
    schedule.run(0.2, ended=lambda: False)
    assert seen.count("once") == 1 and seen.count("often") > 1 and "never" not in seen
    schedule.every(0.01, "often", lambda _: seen.append("often"))
    schedule.run(1000, ended=lambda: True)
