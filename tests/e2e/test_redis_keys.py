"""All keys in Redis and how long each lives, read with redis-cli."""

import fnmatch
import pathlib
import re

import pytest

from support.ctl import ctl
from support.proxy import ask
from support.redis import Redis
from support.waiting import wait_until

FOR_GOOD = -1
# Seconds until it goes when nobody writes it any more, of each kind of key. Those of servers are
# PROXY_ORIGIN_SERVER_TTL, here its default.
LIVES = {
    "srs-proxy-url:*": FOR_GOOD,
    "srs-proxy-all-servers": FOR_GOOD,
    "srs-proxy-server:*": 300,
    "srs-proxy-hls:*": 120,
    "srs-proxy-spbhid:*": 120,
    "srs-proxy-x-url:*": FOR_GOOD,
    "srs-proxy-x-streams": FOR_GOOD,
    "srs-proxy-x-vhosts:*": FOR_GOOD,
    "srs-proxy-x-pins": FOR_GOOD,
    "srs-proxy-x-unpinned:*": 600,
    "srs-proxy-x-origin:*": 300,
    "srs-proxy-x-server:*": FOR_GOOD,
    "srs-proxy-x-origins": FOR_GOOD,
    "srs-proxy-x-beats": FOR_GOOD,
    "srs-proxy-x-feed": FOR_GOOD,
    "srs-proxy-x-history": FOR_GOOD,
    "srs-proxy-x-uses:*": FOR_GOOD,
    "srs-proxy-x-proxies": FOR_GOOD,
    "srs-proxy-x-proxy:*": 15,
    "srs-proxy-x-driver": 10,
}
# Names that are kept for what comes later.
NOT_YET = {"srs-proxy-rtc:*", "srs-proxy-ufrag:*", "srs-proxy-x-req:*"}
# Is there only after Redis was lost: 5 s.
AFTER_A_LOSS = {"srs-proxy-x-settle"}
ROOT = pathlib.Path(__file__).resolve().parents[2]
# What a test's steps may take on a slow machine. A key that is renewed is younger.
SLOW = 60


@pytest.fixture
def redis(lab):
    return lab.origin(Redis(lab.folder))


@pytest.fixture
def nginx(lab):
    return lab.nginx("alpha", hls=True)


def ready_proxy(lab, *origins, **settings):
    proxy = lab.proxy(*origins, **settings)
    wait_until(lambda: proxy.get("/readyz").status == 200, "it is ready")
    return proxy


def lives_as(redis, key, seconds):
    left = int(redis.cli("TTL", key))
    if seconds == FOR_GOOD:
        return left == FOR_GOOD
    return max(0, seconds - SLOW) < left <= seconds


def http_ok(proxy, path):
    """The body, once the origin has it."""
    def found():
        answer = ask(proxy.http_url(path))
        return answer if answer.status == 200 else None

    return wait_until(found, path, timeout=30).body


def segment_of(proxy):
    """A segment of the stream, as the proxy's playlist has it: with the id of the viewer."""
    lines = http_ok(proxy, "/live/cam.m3u8").decode().splitlines()
    return "/live/" + next(line for line in lines if "spbhid=" in line)


def test_each_kind_of_key_lives_as_long_as_is_written(lab, redis, nginx, clip):
    proxy = ready_proxy(lab, nginx, **redis.settings())
    lab.publisher(proxy.url("cam"), clip)
    wait_until(lambda: redis.cli("TTL", "srs-proxy-url:__defaultVhost__/live/cam") == "-1",
               "it is published")
    http_ok(proxy, "/live/cam.m3u8")
    for stream in ("live/cam", "live/other"):
        assert ctl(proxy, "stream", "pin", stream, "alpha").code == 0
    assert ctl(proxy, "stream", "unpin", "live/other").code == 0
    assert ctl(proxy, "origin", "set", "alpha", "--weight", "50").code == 0
    kinds = set(LIVES)

    def missing():
        keys = redis.cli("--scan").split()
        return {kind for kind in kinds if not fnmatch.filter(keys, kind)}

    wait_until(lambda: not missing(), "a key of each kind is there")
    for key in redis.cli("--scan").split():
        kind = [kind for kind in kinds if fnmatch.fnmatchcase(key, kind)]
        assert len(kind) == 1, f"{key} is none of those that are known"
        assert lives_as(redis, key, LIVES[kind[0]]), f"{key}: {redis.cli('TTL', key)}"


def test_no_kind_of_key_is_left_out():
    header = (ROOT / "src/dataplane/protocol/redis/keys.h").read_text()
    names = re.findall(r'KeyKind::\w+, "(.+?)"', header)
    known = {name + "*" * name.endswith(":") for name in names}
    assert known - NOT_YET == set(LIVES) | AFTER_A_LOSS
    rows = re.findall(r"^\| (`srs-proxy-.*?) \|", (ROOT / "docs/redis.md").read_text(), re.M)
    named = {re.sub(r"{.*}", "*", name) for row in rows for name in re.findall(r"`(.+?)`", row)}
    assert named == set(LIVES) | AFTER_A_LOSS, "the table of docs/redis.md"


def test_a_server_lives_as_long_as_is_set(lab, redis):
    origin = lab.fake(server="alpha")
    ready_proxy(lab, origin, **redis.settings(ORIGIN_SERVER_TTL="200s"))
    for key in ("srs-proxy-server", "srs-proxy-x-origin"):
        wait_until(lambda key=key: redis.cli("EXISTS", f"{key}:{origin.origin_id}") == "1", key)
        assert lives_as(redis, f"{key}:{origin.origin_id}", 200)


def test_a_viewer_alone_holds_a_mapping_for_thirty_seconds(lab, redis):
    proxy = ready_proxy(lab, lab.fake(), **redis.settings())
    viewer = lab.client(proxy.rtmp_port).open()
    assert viewer.play("cam")["level"] == "status"
    for key in ("srs-proxy-url", "srs-proxy-x-url"):
        left = int(redis.cli("TTL", f"{key}:__defaultVhost__/live/cam"))
        assert 0 < left <= 30
    viewer.close()
    wait_until(lambda: redis.cli("--scan", "--pattern", "*url:*") == "", "nothing is left of it")


def test_keys_of_hls_are_renewed_while_they_are_used(lab, redis, nginx, clip):
    proxy, other = [ready_proxy(lab, nginx, **redis.settings(ID=name)) for name in "ab"]
    lab.publisher(proxy.url("cam"), clip)
    segment = segment_of(proxy)
    spbhid = segment.partition("spbhid=")[2].partition("&")[0]
    keys = [f"srs-proxy-spbhid:{spbhid}", "srs-proxy-hls:__defaultVhost__/live/cam"]
    for key in keys:
        assert lives_as(redis, key, 120)
        redis.cli("EXPIRE", key, 50)
    http_ok(other, segment)
    for key in keys:
        wait_until(lambda key=key: int(redis.cli("TTL", key)) > 50, "it is renewed")
