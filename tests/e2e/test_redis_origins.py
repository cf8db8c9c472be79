"""Origins of several proxies that share a real Redis."""

import json

import pytest

from support.ctl import ctl
from support.redis import Redis
from support.waiting import wait_until


@pytest.fixture
def redis(lab):
    return lab.origin(Redis(lab.folder))


@pytest.fixture
def proxies(lab, redis):
    """Three, with no origin."""
    started = [lab.proxy(**redis.settings(ID=f"proxy-{i}")) for i in range(3)]
    for proxy in started:
        wait_until(lambda proxy=proxy: proxy.get("/readyz").status == 200, "it is ready")
    return started


def origins(proxy):
    listed = ctl(proxy, "origin", "list", "-o", "json").json
    return {origin["registration"]["server"]: origin for origin in listed.get("origins", listed)}


def listed_for_go(redis):
    return json.loads(redis.cli("GET", "srs-proxy-all-servers") or "[]")


def test_an_origin_that_registers_at_one_proxy_serves_clients_of_all(lab, redis, proxies):
    origin = lab.fake(server="alpha")
    proxies[0].register(origin)
    for proxy in proxies:
        wait_until(lambda proxy=proxy: "alpha" in origins(proxy), "it is known")
    publisher = lab.client(proxies[1].rtmp_port).open()
    assert publisher.publish("cam")["level"] == "status"
    player = lab.client(proxies[2].rtmp_port).open()
    assert player.play("cam")["level"] == "status"
    assert len(origin.sessions) == 2
    # As a Go proxy reads it.
    key = f"srs-proxy-server:{origin.origin_id}"
    server = json.loads(redis.cli("GET", key))
    assert server["server_id"] == "alpha" and server["rtmp"]
    assert 200 < int(redis.cli("TTL", key)) <= 300
    wait_until(lambda: listed_for_go(redis) == [key], "Go proxies find it")


def test_what_an_operator_decides_at_one_proxy_holds_at_all(lab, proxies):
    proxies[0].register(lab.fake(server="alpha"))
    wait_until(lambda: "alpha" in origins(proxies[1]), "it is known")
    cordoned = ctl(proxies[1], "origin", "cordon", "alpha")
    assert cordoned.code == 0, cordoned.err
    for proxy in proxies:
        wait_until(lambda proxy=proxy: "cordon" in str(origins(proxy).get("alpha")).lower(),
                   "it is cordoned")


def test_a_deregistered_origin_is_leaving_everywhere_while_anything_is_live_on_it(lab, redis,
                                                                                 proxies):
    origin = lab.fake(server="alpha")
    proxies[0].register(origin)
    wait_until(lambda: "alpha" in origins(proxies[2]), "it is known")
    publisher = lab.client(proxies[2].rtmp_port).open()
    assert publisher.publish("cam")["level"] == "status"
    assert ctl(proxies[0], "origin", "deregister", origin.origin_id, "--yes").code == 0
    for proxy in proxies:
        wait_until(lambda proxy=proxy: "LEAVING" in str(origins(proxy).get("alpha")), "it leaves")
    assert redis.cli("EXISTS", f"srs-proxy-server:{origin.origin_id}") == "1"
    # A viewer by any proxy still finds the stream.
    player = lab.client(proxies[1].rtmp_port).open()
    assert player.play("cam")["level"] == "status"


def test_origins_that_register_without_redis_are_known_to_all_when_it_is_back(lab, redis, proxies):
    origin = lab.fake(server="alpha")
    redis.kill()
    proxies[0].register(origin)
    publisher = lab.client(proxies[0].rtmp_port).open()
    assert publisher.publish("cam")["level"] == "status"
    refused = ctl(proxies[0], "origin", "cordon", "alpha")
    assert refused.code != 0 and "Redis" in refused.err
    redis.start()
    for proxy in proxies:
        wait_until(lambda proxy=proxy: "alpha" in origins(proxy), "it is known")


def test_a_server_of_a_go_proxy_serves_clients_of_ours(lab, redis, proxies):
    origin = lab.fake(server="gopher")
    registration = origin.registration()
    server = {"ip": registration["ip"], "server_id": registration["server"],
              "service_id": registration["service"], "pid": registration["pid"],
              "rtmp": registration["rtmp"], "update_at": "2026-11-30T12:00:00.5+08:00"}
    key = f"srs-proxy-server:{origin.origin_id}"
    redis.cli("SET", key, json.dumps(server), "EX", "300")
    redis.cli("SET", "srs-proxy-all-servers", json.dumps([key]))
    for proxy in proxies:
        wait_until(lambda proxy=proxy: "gopher" in origins(proxy), "it is known")
    player = lab.client(proxies[2].rtmp_port).open()
    assert player.play("cam")["level"] == "status"
