"""Proxies that share their streams through a real Redis."""

import concurrent.futures
import signal

import pytest

from support.ctl import ctl
from support.redis import Redis
from support.waiting import wait_until

KEY = "__defaultVhost__/live/cam"
MAPPING = f"srs-proxy-url:{KEY}"


@pytest.fixture
def redis(lab):
    return lab.origin(Redis(lab.folder))


class Fleet:
    """Proxies in front of the same two origins."""

    def __init__(self, lab, redis, proxies=3, **settings):
        self.lab = lab
        self.redis = redis
        self.origins = [lab.fake(server="alpha"), lab.fake(server="beta")]
        self.proxies = [lab.proxy(*self.origins, **redis.settings(ID=f"proxy-{i}", **settings))
                        for i in range(proxies)]
        for proxy in self.proxies:
            wait_until(lambda proxy=proxy: proxy.get("/readyz").status == 200, "it is ready")

    def publish(self, proxy, name="cam"):
        publisher = self.lab.client(self.proxies[proxy].rtmp_port).open()
        assert publisher.publish(name)["level"] == "status"
        return publisher

    def play(self, proxy, name="cam"):
        player = self.lab.client(self.proxies[proxy].rtmp_port).open()
        assert player.play(name)["level"] == "status"
        return player

    def sessions(self):
        """How many each origin has had."""
        return [len(origin.sessions) for origin in self.origins]

    def stream(self, proxy, key="live/cam"):
        return ctl(self.proxies[proxy], "stream", "get", key, "-o", "json").json


def degraded(proxy):
    return proxy.get("/readyz").json["degraded"]


@pytest.fixture
def fleet(lab, redis):
    return Fleet(lab, redis)


def test_every_client_of_a_stream_reaches_its_origin_by_any_proxy(fleet, redis):
    fleet.publish(0)
    home = fleet.sessions().index(1)
    assert redis.cli("GET", MAPPING) == f"srs-proxy-server:{fleet.origins[home].origin_id}"
    for proxy in (1, 2, 0, 2):
        fleet.play(proxy)
    assert fleet.sessions()[home] == 5
    for proxy in range(3):
        shown = fleet.stream(proxy)
        assert shown["originId"] == fleet.origins[home].origin_id
        assert shown["publisherLive"]


def test_viewers_who_come_first_are_joined_by_the_publisher(fleet):
    fleet.play(1)
    home = fleet.sessions().index(1)
    fleet.publish(2)
    assert fleet.sessions()[home] == 2


def test_of_many_first_requests_at_three_proxies_one_origin_gets_all(fleet):
    def play(number):
        return fleet.play(number % 3, "crowd")

    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        list(pool.map(play, range(64)))
    assert sorted(fleet.sessions()) == [0, 64]


def test_a_move_waits_for_a_publisher_at_another_proxy(fleet):
    publisher = fleet.publish(0)
    home = fleet.sessions().index(1)
    other = fleet.origins[1 - home].origin_id
    move = ("stream", "move", "live/cam", other, "--kick", "-o", "json")
    wait_until(lambda: ctl(fleet.proxies[1], *move, "--dry-run").code == 0, "it is known there")
    foreseen = ctl(fleet.proxies[1], *move, "--dry-run").json
    assert foreseen["stream"]["pendingMove"]["originId"] == other
    assert foreseen["sessionsToEnd"] == 1, "the publisher, wherever it is connected"
    assert "pendingMove" not in fleet.stream(0)
    moved = ctl(fleet.proxies[1], "stream", "move", "live/cam", other, "--yes", "-o", "json")
    assert moved.code == 0, moved.err
    assert fleet.stream(2)["originId"] == fleet.origins[home].origin_id
    publisher.close()
    wait_until(lambda: fleet.stream(2)["originId"] == other, "the move is done")


def test_what_a_go_proxy_writes_is_followed(fleet, redis):
    for index, origin in enumerate(fleet.origins):
        redis.cli("SET", f"srs-proxy-url:__defaultVhost__/live/go-{index}",
                  f"srs-proxy-server:{origin.origin_id}")
        fleet.play(index, f"go-{index}")
    assert fleet.sessions() == [1, 1]


def test_a_mapping_has_a_time_to_live_until_media_flows(fleet, redis):
    fleet.publish(0)
    assert redis.cli("TTL", MAPPING) == "-1"


def test_a_proxy_that_dies_holds_nothing(lab, fleet, redis):
    mortal = lab.spawn_proxy(**redis.settings(ID="mortal"))
    mortal.wait_until_listening()
    mortal.register(*fleet.origins)
    publisher = lab.client(mortal.rtmp_port).open()
    assert publisher.publish("cam")["level"] == "status"
    wait_until(lambda: fleet.stream(0)["publisherLive"], "it is live")
    mortal.process.kill()
    # Not in 15 s, but now.
    redis.cli("DEL", *redis.cli("--scan", "--pattern", "srs-proxy-x-proxy:mortal:*").split())
    wait_until(lambda: not fleet.stream(0).get("publisherLive"), "its publisher is swept")
    wait_until(lambda: "mortal" not in redis.cli("HKEYS", "srs-proxy-x-proxies"),
               "nothing is left of it")


def test_one_proxy_drives_and_another_takes_over(fleet, redis):
    wait_until(lambda: redis.cli("GET", "srs-proxy-x-driver"), "one drives")
    drains = [ctl(proxy, "origin", "drain", "alpha", "--yes") for proxy in fleet.proxies]
    assert sorted(drain.code for drain in drains) == [0, 6, 6]
    driver = [drain.code for drain in drains].index(0)
    for index, drain in enumerate(drains):
        assert index == driver or f"proxy-{driver}" in drain.err, drain.err


def test_redis_dies_while_streams_run(fleet, redis):
    fleet.publish(0)
    for proxy in (1, 2):
        fleet.play(proxy)
    home = fleet.sessions().index(3)
    redis.kill()
    for proxy in fleet.proxies:
        wait_until(lambda proxy=proxy: degraded(proxy), "it says so")
        assert proxy.get("/readyz").status == 200
        assert proxy.get("/livez").status == 200
    # Known ones where they are, unknown ones on the same origin from every proxy.
    fleet.play(2)
    assert fleet.sessions()[home] == 4
    before = fleet.sessions()
    for number in range(4):
        for proxy in range(3):
            fleet.play(proxy, f"new-{number}")
    came = [now - then for now, then in zip(fleet.sessions(), before)]
    assert sum(came) == 12 and all(count % 3 == 0 for count in came)
    redis.start()
    for proxy in fleet.proxies:
        wait_until(lambda proxy=proxy: not degraded(proxy), "it is whole again")
    wait_until(lambda: redis.cli("GET", MAPPING) ==
               f"srs-proxy-server:{fleet.origins[home].origin_id}", "the stream is written again")
    # No session has ended.
    assert sum(proxy.metric("srsproxy_sessions") for proxy in fleet.proxies) == 16


def test_a_redis_that_hangs_is_given_up(fleet, redis):
    fleet.publish(0)
    home = fleet.sessions().index(1)
    redis.suspend()
    for proxy in range(3):
        fleet.play(proxy)
        fleet.play(proxy, "new")
    counts = fleet.sessions()
    assert counts in ([7, 0], [0, 7], [4, 3], [3, 4])
    assert counts[home] >= 4
    redis.resume()
    for proxy in fleet.proxies:
        wait_until(lambda proxy=proxy: not degraded(proxy), "it is whole again")


FAULTS = {
    "out of memory": (["CONFIG", "SET", "maxmemory", "100kb"], ["CONFIG", "SET", "maxmemory", "0"]),
    "a replica": (["REPLICAOF", "127.0.0.1", "1"], ["REPLICAOF", "NO", "ONE"]),
    "scripts forbidden": (["ACL", "SETUSER", "default", "-@scripting"],
                          ["ACL", "SETUSER", "default", "+@all"]),
    "too few replicas": (["CONFIG", "SET", "min-replicas-to-write", "1"],
                         ["CONFIG", "SET", "min-replicas-to-write", "0"]),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_redis_that_refuses_is_done_without(fleet, redis, fault):
    fleet.publish(0)
    home = fleet.sessions().index(1)
    breaks, mends = FAULTS[fault]
    assert redis.cli(*breaks) == "OK"
    for proxy in range(3):
        fleet.play(proxy)
        fleet.publish(proxy, f"new-{proxy}")
    assert fleet.sessions()[home] >= 4
    assert all(proxy.get("/readyz").status == 200 for proxy in fleet.proxies)
    assert redis.cli(*mends) == "OK"
    for proxy in fleet.proxies:
        wait_until(lambda proxy=proxy: not degraded(proxy), "it is whole again")
    for number in range(3):
        key = f"srs-proxy-url:__defaultVhost__/live/new-{number}"
        wait_until(lambda key=key: redis.cli("GET", key), "what came meanwhile is written")


def test_a_flushed_redis_is_written_again(fleet, redis):
    fleet.publish(0)
    fleet.play(1)
    home = fleet.sessions().index(2)
    redis.cli("FLUSHALL")
    wait_until(lambda: redis.cli("GET", MAPPING) ==
               f"srs-proxy-server:{fleet.origins[home].origin_id}", "the stream is written again")
    fleet.play(2)
    assert fleet.sessions()[home] == 3


def test_a_redis_that_is_away_at_the_start_is_waited_for(lab, redis):
    redis.kill()
    proxy = lab.proxy(**redis.settings())
    assert proxy.get("/readyz").status == 503
    redis.start()
    wait_until(lambda: proxy.get("/readyz").status == 200, "it is ready")


def test_a_proxy_that_stops_leaves_at_once(fleet, redis):
    fleet.proxies[1].process.signal(signal.SIGTERM)
    assert fleet.proxies[1].process.wait(15) == 0
    assert "proxy-1" not in redis.cli("--scan", "--pattern", "srs-proxy-x-proxy:*")
