"""A Redis that cannot be used, whatever comes: the start ends, and later the proxy is not ready."""

import pytest

from support.ports import free_port
from support.redis import Redis
from support.redis_relay import RedisRelay
from support.waiting import wait_until


class Kind:
    """What Redis can become: `reason` is in the words for it."""

    def __init__(self, reason, config=lambda: (), rewrites=()):
        self.reason = reason
        self._config = config
        self._rewrites = dict(rewrites)

    def put_on(self, redis, relay):
        redis.kill()
        relay.rewrites = self._rewrites
        redis.start(*self._config())


KINDS = {
    "of a cluster": Kind("belongs to a Redis Cluster (cluster_enabled:1)",
                         lambda: ("--cluster-enabled", "yes", "--cluster-port", free_port())),
    "without scripts": Kind("has no EVAL", lambda: ("--rename-command", "EVAL", "")),
    # One that is so old is not to be had: this one says so.
    "too old": Kind("is too old: 6.0 or later is needed",
                    rewrites=[(b"redis_version:%d" % major, b"redis_version:5")
                              for major in range(6, 10)]),
}
USABLE = Kind("")


@pytest.fixture
def redis(lab):
    return lab.origin(Redis(lab.folder))


@pytest.fixture
def relay(lab, redis):
    return lab.origin(RedisRelay(redis))


@pytest.mark.parametrize("kind", KINDS)
def test_one_that_is_there_at_the_start_ends_it(lab, redis, relay, kind):
    KINDS[kind].put_on(redis, relay)
    proxy = lab.spawn_proxy(**relay.settings())
    assert proxy.process.wait() == 1
    assert KINDS[kind].reason in proxy.process.lines("srsproxy cannot start")[0]


@pytest.mark.parametrize("kind", KINDS)
def test_one_that_comes_later_makes_the_proxy_not_ready(lab, redis, relay, kind):
    origin = lab.fake()
    proxy = lab.proxy(origin, **relay.settings())
    wait_until(lambda: proxy.get("/readyz").status == 200, "it is ready")
    publisher = lab.client(proxy.rtmp_port).open()
    assert publisher.publish("cam")["level"] == "status"

    KINDS[kind].put_on(redis, relay)
    wait_until(lambda: proxy.get("/readyz").status == 503, "it is not ready")
    answer = proxy.get("/readyz").json
    assert KINDS[kind].reason in answer["reasons"][0] and not answer["degraded"]
    assert proxy.get("/livez").status == 200
    # However often it looks, that is logged once; and no session has ended.
    seen = relay.connections
    wait_until(lambda: relay.connections >= seen + 6, "it has looked again and again")
    lines = proxy.process.lines("Redis cannot be used")
    assert len(lines) == 1 and KINDS[kind].reason in lines[0]
    proxy.wait_for_metric("srsproxy_sessions", 1)

    USABLE.put_on(redis, relay)
    wait_until(lambda: proxy.get("/readyz").status == 200, "it is ready again")
    wait_until(lambda: not proxy.get("/readyz").json["degraded"], "it is whole again")
    wait_until(lambda: redis.cli("GET", "srs-proxy-url:__defaultVhost__/live/cam") ==
               f"srs-proxy-server:{origin.origin_id}", "the stream is written again")
