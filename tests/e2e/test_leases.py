"""Origins whose registration ends, by their own word, an operator's or silence, while streams are
live on them or nobody else is there."""

import os
import signal
import time

import pytest

from support.ctl import ctl
from support.http_origin import HttpOrigin
from support.proxy import ask
from support.rtmp import avc
from support.rtmp.chunks import VIDEO
from support.waiting import wait_until

TTL_SECONDS = 4


class Live:
    """A stream that is published with pictures when asked."""

    def __init__(self, lab, proxy, stream):
        self._lab = lab
        self.proxy = proxy
        self.stream = stream
        self.publisher = self.connect()
        assert self.publisher.publish(stream)["code"] == "NetStream.Publish.Start"
        self._timestamp = 0
        self._pictures = 0

    def connect(self):
        return self._lab.client(self.proxy.rtmp_port).open()

    def viewer(self):
        viewer = self.connect()
        assert viewer.play(self.stream)["level"] == "status"
        return viewer

    def assert_plays(self, viewer):
        self._pictures += 1
        mark = b"picture %d" % self._pictures
        self.publisher.media(VIDEO, avc.SEQUENCE_HEADER, self._timestamp)
        self.publisher.media(VIDEO, avc.key_frame(mark), self._timestamp + 40)
        self._timestamp += 80
        while viewer.receive_media(VIDEO).payload != avc.key_frame(mark):
            pass


@pytest.fixture
def origins(lab):
    return [lab.nginx("origin-a"), lab.nginx("origin-b")]


def home_and_other(origins, stream):
    home = wait_until(lambda: next((origin for origin in origins if origin.clients(stream)[0]),
                                   None), f"{stream} is published")
    return home, next(origin for origin in origins if origin is not home)


def health_of(proxy, origin):
    listed = ctl(proxy, "origin", "list", "-o", "json")
    assert listed.code == 0, listed.err
    return {entry["registration"]["server"]: entry["health"].removeprefix("ORIGIN_HEALTH_")
            for entry in listed.json["origins"]}.get(origin.server)


def deregister(proxy, origin, *options):
    done = ctl(proxy, "origin", "deregister", origin.server, "--yes", "-o", "json", *options)
    assert done.code == 0, done.err
    return done.json


def test_a_deregistered_origin_keeps_its_live_stream_until_it_ends(lab, origins):
    proxy = lab.proxy(*origins)
    live = Live(lab, proxy, "show")
    home, other = home_and_other(origins, "show")
    assert deregister(proxy, home)["leaving"]
    assert health_of(proxy, home) == "LEAVING"
    proxy.wait_for_metric("srsproxy_origins", 1, state="leaving")
    proxy.wait_for_metric("srsproxy_origin_up", 0, origin=home.server)

    viewers = [live.viewer() for _ in range(3)]
    assert home.clients("show") == (1, 3), "new viewers of the stream go there too"
    for viewer in viewers:
        live.assert_plays(viewer)
    explained = ctl(proxy, "stream", "explain", "live/show")
    assert "It is leaving and listens for rtmp: it is used." in explained.out
    for number in range(6):
        Live(lab, proxy, f"new-{number}")
        assert other.clients(f"new-{number}") == (1, 0), "no new streams"

    live.publisher.close()
    for viewer in viewers:
        viewer.close()
    wait_until(lambda: health_of(proxy, home) is None, "it goes with its last session")
    proxy.wait_for_metric("srsproxy_origin_info", 0, origin=home.server)
    proxy.wait_for_metric("srsproxy_origins", 0, state="leaving")
    assert any("its last live session has ended" in record["why"]
               for record in proxy.records("origin left"))
    again = Live(lab, proxy, "show")
    assert other.clients("show") == (1, 0)
    live.publisher = again.publisher
    live.assert_plays(live.viewer())


def test_an_origin_that_is_leaving_registers_again(lab, origins):
    proxy = lab.proxy(*origins)
    live = Live(lab, proxy, "show")
    home, _ = home_and_other(origins, "show")
    assert deregister(proxy, home)["leaving"]
    proxy.register(home)
    assert health_of(proxy, home) == "HEALTHY"
    live.assert_plays(live.viewer())


def test_kick_takes_an_origin_away_with_all_its_sessions(lab, origins):
    proxy = lab.proxy(*origins)
    live = Live(lab, proxy, "show")
    viewer = live.viewer()
    live.assert_plays(viewer)
    home, other = home_and_other(origins, "show")
    done = deregister(proxy, home, "--kick")
    assert not done["leaving"] and done["sessionsEnded"] == "2"
    live.publisher.wait_for_close()
    viewer.wait_for_close()
    assert health_of(proxy, home) is None
    live = Live(lab, proxy, "show")
    live.assert_plays(live.viewer())
    assert other.clients("show") == (1, 1)


def test_no_silence_is_judged_across_a_pause_of_the_proxy(lab, origins):
    proxy = lab.proxy(*origins, ORIGIN_SERVER_TTL=f"{TTL_SECONDS}s")
    live = Live(lab, proxy, "show")
    old = live.viewer()
    home, _ = home_and_other(origins, "show")
    proxy.register(*origins)
    os.kill(proxy.process.pid, signal.SIGSTOP)
    time.sleep(2.5 * TTL_SECONDS)  # This is the pause that is looked at, no way to wait for it.
    os.kill(proxy.process.pid, signal.SIGCONT)
    wait_until(lambda: proxy.records("this process did not run for a while; silence is not judged "
                                     "by it"), "it has noticed")
    proxy.wait_for_metric("srsproxy_lease_expirations_total", 0)
    proxy.register(*origins)
    new = live.viewer()
    assert home.clients("show") == (1, 2)
    for viewer in (old, new):
        live.assert_plays(viewer)
    assert {health_of(proxy, origin) for origin in origins} == {"HEALTHY"}


def test_a_lease_that_ends_by_silence_leaves_live_streams_where_they_are(lab, origins):
    proxy = lab.proxy(*origins, ORIGIN_SERVER_TTL=f"{TTL_SECONDS}s")
    live = Live(lab, proxy, "show")
    home, other = home_and_other(origins, "show")

    def silent_for_too_long():
        proxy.register(other)
        return health_of(proxy, home) == "LEAVING"

    wait_until(silent_for_too_long, "its lease has ended")
    live.assert_plays(live.viewer())
    assert home.clients("show")[0] == 1
    proxy.register(home)
    assert health_of(proxy, home) == "HEALTHY"


def test_the_only_origin_serves_although_its_lease_has_ended(lab):
    origin = lab.nginx("origin-a")
    proxy = lab.proxy(origin, ORIGIN_SERVER_TTL=f"{TTL_SECONDS}s")
    proxy.wait_for_metric("srsproxy_lease_expirations_total", 1)
    wait_until(lambda: health_of(proxy, origin) == "DEAD", "it is listed as dead")
    proxy.wait_for_metric("srsproxy_origin_up", 0, origin=origin.server)
    proxy.wait_for_metric("srsproxy_origins", 1, state="dead")
    assert ctl(proxy, "check").code == 7

    live = Live(lab, proxy, "show")
    live.assert_plays(live.viewer())
    better = lab.nginx("origin-b")
    proxy.register(better)
    Live(lab, proxy, "other")
    assert better.clients("other") == (1, 0), "a living one comes first"
    live.assert_plays(live.viewer())
    assert origin.clients("show")[0] == 1, "what is live stays"

    proxy.register(origin)
    assert health_of(proxy, origin) == "HEALTHY"
    assert deregister(proxy, better)["leaving"]


PLAYLIST = b"""#EXTM3U
#EXT-X-TARGETDURATION:2
#EXT-X-MEDIA-SEQUENCE:7
#EXTINF:2.000,
one-7.ts
"""


def hls_origin(lab, server):
    head = (b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.apple.mpegurl\r\n"
            b"Content-Length: %d\r\n\r\n" % len(PLAYLIST))
    return lab.fake(lambda name: HttpOrigin(lambda connection, _: connection.sendall(
        head + PLAYLIST), name), server)


def test_viewers_of_hls_keep_an_origin_for_as_long_as_they_ask(lab):
    origin, other = hls_origin(lab, "hls-a"), hls_origin(lab, "hls-b")
    proxy = lab.proxy(origin)
    url = proxy.http_url("/live/one.m3u8")
    assert ask(url).status == 200
    proxy.register(other)
    assert deregister(proxy, origin)["leaving"]
    assert ask(url, headers={"User-Agent": "another"}).status == 200
    assert (len(origin.requests), len(other.requests)) == (2, 0), "it goes there too"
    wait_until(lambda: health_of(proxy, origin) is None, "nobody has asked for ten seconds",
               timeout=30)
    assert ask(url).status == 200
    assert (len(origin.requests), len(other.requests)) == (2, 1)
