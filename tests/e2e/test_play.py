"""Publish and play through srsproxy, in front of two real origins."""

import concurrent.futures

import pytest

from support import media
from support.waiting import wait_until


@pytest.fixture
def origins(lab):
    return [lab.nginx("origin-a"), lab.nginx("origin-b")]


@pytest.fixture
def proxy(lab, origins):
    return lab.proxy(*origins)


def holders(origins, stream):
    return [origin for origin in origins if sum(origin.clients(stream))]


def test_the_frames_that_arrive_are_the_frames_sent(lab, proxy, clip):
    lab.publisher(proxy.url("show"), clip)
    players = [lab.player(proxy.url("show"), seconds=4, name=f"player-{number}")
               for number in range(2)]
    sent = media.frames_of(clip)
    for player in players:
        assert player.wait() == 0, player.output()
        media.assert_same_frames(sent, player.frames())


def test_a_viewer_that_came_first_sees_the_stream_from_its_first_frame(lab, proxy, origins, clip):
    player = lab.player(proxy.url("early"), seconds=4)
    wait_until(lambda: holders(origins, "early"), "the player waits at an origin")
    lab.publisher(proxy.url("early"), clip)
    assert player.wait() == 0, player.output()
    sent = media.frames_of(clip)
    arrived = player.frames()
    media.assert_same_frames(sent, arrived)
    first_picture = [next(frame.md5 for frame in frames if frame.track == 0)
                     for frames in (sent, arrived)]
    assert first_picture[0] == first_picture[1]


def test_all_clients_of_a_stream_reach_the_same_origin(lab, proxy, origins):
    streams = [f"stream-{number}" for number in range(12)]
    for stream in streams:
        publisher = lab.client(proxy.rtmp_port).open()
        assert publisher.publish(stream)["code"] == "NetStream.Publish.Start"
        for _ in range(3):
            assert lab.client(proxy.rtmp_port).open().play(stream)["level"] == "status"
    for stream in streams:
        wait_until(lambda stream=stream: sorted(origin.clients(stream) for origin in origins) ==
                   [(0, 0), (1, 3)], f"{stream} and its viewers are on one origin")
    assert all(any(holders([origin], stream) for stream in streams) for origin in origins), (
        "twelve streams, chosen at random, all on one of two origins")


# app and tcUrl of connect, and the name of play.
SPELLINGS = {
    "no vhost": [
        ("live", "rtmp://127.0.0.1:{port}/live", "spelled"),
        ("live", "rtmp://127.0.0.1/live", "spelled"),
        ("live", "rtmp://[::1]:{port}/live", "spelled"),
        ("live", "rtmp://localhost:{port}/live", "spelled?token=abc"),
        ("live?token=abc", "rtmp://10.1.2.3/live?token=abc", "spelled"),
        ("live/", "rtmp://10.1.2.3/live/", "spelled"),
    ],
    "a vhost": [
        ("live", "rtmp://cdn.example.com/live", "spelled"),
        ("live", "rtmp://CDN.Example.com:{port}/live", "spelled"),
        ("live?vhost=cdn.example.com", "rtmp://127.0.0.1/live?vhost=cdn.example.com", "spelled"),
        ("live", "rtmp://127.0.0.1/live", "spelled?vhost=cdn.example.com"),
        ("live?domain=cdn.example.com", "rtmp://127.0.0.1/live?domain=cdn.example.com", "spelled"),
        ("live...vhost...cdn.example.com", "rtmp://127.0.0.1/live...vhost...cdn.example.com",
         "spelled"),
    ],
}

UNUSUAL_NAMES = [
    ("live", "50%"), ("live", "%41%zz"), ("live", "a b"), ("live", "größe"), ("live", "a.b.flv"),
    ("live", "x" * 200), ("live?token=a/b", "tokened"), ("live/room/7", "deep"), ("live", "a/b"),
]


@pytest.mark.parametrize("spellings", SPELLINGS.values(), ids=SPELLINGS)
def test_one_stream_has_one_origin_however_its_name_is_spelled(lab, spellings):
    origins = [lab.fake(server="origin-a"), lab.fake(server="origin-b")]
    proxy = lab.proxy(*origins)
    for app, tc_url, stream in spellings:
        player = lab.client(proxy.rtmp_port).open(app, tc_url.format(port=proxy.rtmp_port))
        assert player.play(stream)["level"] == "status", (app, tc_url, stream)
    proxy.wait_for_metric("srsproxy_streams", 1, state="known")
    assert sorted(len(origin.sessions) for origin in origins) == [0, len(spellings)]


def test_a_stream_pushed_to_an_address_plays_at_a_domain(lab, origins):
    proxy = lab.proxy(*origins)
    for number in range(6):
        publisher = lab.client(proxy.rtmp_port).open()
        assert publisher.publish(f"s{number}")["level"] == "status"
        player = lab.client(proxy.rtmp_port).open("live", "rtmp://play.example.com/live")
        assert player.play(f"s{number}")["level"] == "status"
        assert sorted(origin.clients(f"s{number}") for origin in origins) == [(0, 0), (1, 1)]


@pytest.mark.parametrize("app, stream", UNUSUAL_NAMES)
def test_unusual_names_are_published_and_played(lab, app, stream):
    origin = lab.fake()
    proxy = lab.proxy(origin)
    assert lab.client(proxy.rtmp_port).open(app).publish(stream)["level"] == "status"
    assert lab.client(proxy.rtmp_port).open(app).play(stream)["level"] == "status"
    proxy.wait_for_metric("srsproxy_streams", 1, state="known")
    connects = [session.commands()[0][2]["app"] for session in origin.sessions]
    assert connects == [app, app]


def test_a_token_in_the_app_does_not_make_two_streams_one(lab, proxy):
    for stream in ("one", "two", "three"):
        client = lab.client(proxy.rtmp_port).open("live?token=same")
        assert client.publish(stream)["code"] == "NetStream.Publish.Start"
    proxy.wait_for_metric("srsproxy_streams", 3, state="known")


def test_64_first_clients_of_a_stream_at_once_share_one_origin(lab, proxy, origins):
    def play(_):
        return lab.client(proxy.rtmp_port).open().play("rush")["level"]

    with concurrent.futures.ThreadPoolExecutor(64) as pool:
        assert set(pool.map(play, range(64))) == {"status"}
    wait_until(lambda: sorted(origin.clients("rush") for origin in origins) == [(0, 0), (0, 64)],
               "all 64 are on one origin")


def test_a_session_is_in_the_log_and_in_the_metrics(lab, proxy, origins, clip):
    publisher = lab.publisher(proxy.url("told"), clip)
    wait_until(lambda: holders(origins, "told"), "the stream is published")
    holder, = holders(origins, "told")
    player = lab.player(proxy.url("told?token=very-secret"), seconds=2)
    assert player.wait() == 0, player.output()
    viewer, = proxy.wait_for_session_end(role="viewer")
    publisher.kill()
    ended, = proxy.wait_for_session_end(role="publisher")

    for record in (viewer, ended):
        assert record["protocol"] == "rtmp"
        assert record["stream"] == "__defaultVhost__/live/told"
        assert record["origin"] == holder.server
        assert record["client"].startswith("127.0.0.1:")
        assert record["side"] == "client"
        assert record["reason"] == "closed"
    assert viewer["id"] != ended["id"]
    assert viewer["bytes_out"] > 50_000 > viewer["bytes_in"]
    assert ended["bytes_in"] > 50_000 > ended["bytes_out"]
    assert "very-secret" not in proxy.process.output()

    proxy.wait_for_metric("srsproxy_sessions", 0)
    for role in ("publisher", "viewer"):
        proxy.wait_for_metric("srsproxy_sessions_total", 1, protocol="rtmp", role=role)
    proxy.wait_for_metric("srsproxy_bytes_total", viewer["bytes_out"], role="viewer",
                          direction="out")
    proxy.wait_for_metric("srsproxy_bytes_total", ended["bytes_in"], role="publisher",
                          direction="in")
    proxy.wait_for_metric("srsproxy_origins", 2)
    metrics = proxy.get("/metrics").body.decode()
    for private in ("told", viewer["client"], viewer["id"]):
        assert f'"{private}"' not in metrics and f"/{private}" not in metrics
