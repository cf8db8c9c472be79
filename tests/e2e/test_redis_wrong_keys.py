"""What Redis may hold that no srsproxy wrote: passed over or healed, logged; no client minds."""

import datetime
import json

import pytest

from support.ctl import ctl
from support.redis import Redis
from support.waiting import wait_until

LIST = "srs-proxy-all-servers"


@pytest.fixture
def redis(lab):
    return lab.origin(Redis(lab.folder))


def start(lab, redis, *origins, **settings):
    proxy = lab.proxy(*origins, **redis.settings(**settings))
    wait_until(lambda: proxy.get("/readyz").status == 200, "it is ready")
    return proxy


def play(lab, proxy, stream):
    player = lab.client(proxy.rtmp_port).open()
    assert player.play(stream)["level"] == "status"


def go_server(origin, **changes):
    """As a Go proxy writes it."""
    registration = origin.registration()
    return json.dumps({"ip": registration["ip"], "server_id": registration["server"],
                       "service_id": registration["service"], "pid": registration["pid"],
                       "rtmp": registration["rtmp"],
                       "update_at": "2026-11-30T12:00:00.5+08:00"} | changes)


def key_of(origin):
    return f"srs-proxy-server:{origin.origin_id}"


def known(proxy):
    listed = ctl(proxy, "origin", "list", "-o", "json").json
    return {origin["registration"]["server"] for origin in listed.get("origins", listed)}


def test_servers_that_are_nowhere(lab, redis):
    origin = lab.fake(server="alpha")
    redis.cli("SET", LIST, json.dumps(["srs-proxy-server:gone-1-2", key_of(origin), 7]))
    redis.cli("SET", "srs-proxy-url:__defaultVhost__/live/lost", "srs-proxy-server:gone-1-2")
    proxy = start(lab, redis, origin)
    play(lab, proxy, "lost")
    assert len(origin.sessions) == 1
    wait_until(lambda: json.loads(redis.cli("GET", LIST)) == [key_of(origin)], "it is listed alone")


def test_a_mapping_to_a_server_without_endpoints(lab, redis):
    origin, bare = lab.fake(server="alpha"), lab.fake(server="bare")
    redis.cli("SET", key_of(bare), go_server(bare, rtmp=None), "EX", 300)
    redis.cli("SET", "srs-proxy-url:__defaultVhost__/live/cam", key_of(bare))
    proxy = start(lab, redis, origin)
    play(lab, proxy, "cam")
    assert len(origin.sessions) == 1 and not bare.sessions
    assert len(proxy.process.lines(key_of(bare))) == 1
    proxy.wait_for_metric("srsproxy_redis_broken_keys_total", 1, source="origins")


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_server_whose_writers_clock_is_an_hour_off(lab, redis, hours):
    origin = lab.fake(server="gopher")
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=hours)
    redis.cli("SET", key_of(origin), go_server(origin, update_at=at.isoformat()), "EX", 300)
    redis.cli("SET", LIST, json.dumps([key_of(origin)]))
    proxies = [start(lab, redis, ID=name) for name in "ab"]
    for proxy in proxies:
        wait_until(lambda proxy=proxy: known(proxy) == {"gopher"}, "it is known")
    play(lab, proxies[1], "cam")


def test_two_proxies_of_one_id_are_warned_about_and_both_live(lab, redis):
    proxies = [start(lab, redis, ID="twin") for _ in range(2)]
    for proxy in proxies:
        proxy.process.wait_for_line("the same PROXY_ID: give each its own")
        proxy.wait_for_metric("srsproxy_proxies", 2)
    listed = redis.cli("HKEYS", "srs-proxy-x-proxies").split()
    assert len(listed) == 2 and all(name.startswith("twin:") for name in listed)


def test_a_redis_that_may_forget_is_warned_about(lab):
    redis = lab.origin(Redis(lab.folder, "--maxmemory-policy", "allkeys-lru"))
    proxy = start(lab, redis)
    assert len(proxy.process.lines("set maxmemory-policy noeviction")) == 1
