"""HLS through several proxies that share a Redis: a viewer's requests may reach any of them."""

import pytest

from support.ctl import ctl
from support.forwarder import Forwarder
from support.proxy import ask
from support.redis import Redis
from support.waiting import wait_until

VHOST = "cam.example.com"


@pytest.fixture
def origins(lab):
    return [lab.nginx(name, hls=True) for name in ("alpha", "beta")]


@pytest.fixture
def proxies(lab, origins):
    redis = lab.origin(Redis(lab.folder))
    first = lab.spawn_proxy(**redis.settings(ID="first"))  # It does not live for long.
    first.wait_until_listening()
    started = [first] + [lab.proxy(**redis.settings(ID=name)) for name in ("second", "third")]
    first.register(*origins)
    for proxy in started:
        wait_until(lambda proxy=proxy: proxy.get("/readyz").status == 200, "it is ready")
        wait_until(lambda proxy=proxy: proxy.metric("srsproxy_origins") == 2, "it knows them")
    return started


def get(proxy, path, host="127.0.0.1"):
    return ask(proxy.http_url(path), headers={"Host": host})


def playlist_of(proxy, path, host):
    """Of one that has a segment."""
    def found():
        answer = get(proxy, path, host)
        return answer.status == 200 and b"#EXTINF" in answer.body and answer.body

    return wait_until(found, f"{path} lists a segment", timeout=30).decode()


def newest_segment(playlist):
    return "/live/" + [line for line in playlist.splitlines() if "spbhid=" in line][-1]


def test_a_playlist_from_one_and_segments_from_others(lab, proxies, origins, clip):
    first, second, third = proxies
    assert ctl(second, "stream", "pin", f"{VHOST}/live/cam", "alpha").code == 0
    # Where the path alone would lead, without the vhost.
    assert ctl(second, "stream", "pin", "__defaultVhost__/live/cam", "beta").code == 0
    lab.publisher(f"rtmp://127.0.0.1:{third.rtmp_port}/live?vhost={VHOST}/cam", clip)
    playlist = playlist_of(first, "/live/cam.m3u8", VHOST)
    segment = newest_segment(playlist)
    assert get(second, segment).status == 200
    assert get(second, segment.partition("?")[0]).status == 404, "its path alone names another"
    first.process.kill()
    for proxy in (second, third):
        assert get(proxy, segment).status == 200
        again = newest_segment(playlist_of(proxy, "/live/cam.m3u8", VHOST))
        assert again.partition("?")[2] == segment.partition("?")[2], "the id is the same"
        assert get(proxy, again).status == 200
    assert ".ts" in origins[0].requests_of("/live/")


def test_ffmpeg_plays_on_when_one_of_its_proxies_dies(lab, proxies, clip):
    first, second, _ = proxies
    front = lab.run(Forwarder(*(proxy.http_port for proxy in proxies)))
    lab.publisher(second.url("show"), clip)
    playlist_of(second, "/live/show.m3u8", "127.0.0.1")
    player = lab.player(f"http://127.0.0.1:{front.port}/live/show.m3u8",
                        options=["-live_start_index", "-1", "-http_persistent", "0"])
    wait_until(lambda: len(player.frames()) > 20, "it plays", timeout=30)
    first.process.kill()
    seen = len(player.frames())
    # More than what was listed before.
    wait_until(lambda: len(player.frames()) > seen + 400, "it plays on", timeout=60)
    assert player.running
