"""SRS itself as the origin, where SRSPROXY_TEST_SRS names its program."""

import os
import pathlib
import subprocess
import urllib.error
import urllib.parse
import urllib.request

import pytest

from support import media
from support.ctl import ctl
from support.ports import free_port
from support.process import Process
from support.waiting import wait_until

SRS = os.environ.get("SRSPROXY_TEST_SRS", "")

pytestmark = pytest.mark.skipif(not SRS, reason="SRSPROXY_TEST_SRS names no SRS program")

CONFIG = """\
listen {rtmp};
max_connections 1000;
daemon off;
srs_log_tank console;
pid {folder}/srs.pid;
http_api {{ enabled on; listen {api}; }}
http_server {{ enabled on; listen {http}; dir {folder}/html; }}
heartbeat {{
    enabled on;
    interval 1;
    url http://127.0.0.1:{proxy}/api/v1/srs/register;
    device_id {name};
    ports on;
}}
vhost __defaultVhost__ {{
    tcp_nodelay on;
    min_latency on;
    http_remux {{ enabled on; mount [vhost]/[app]/[stream].flv; }}
    hls {{ enabled on; hls_fragment 1; hls_window 8; hls_path {folder}/html; }}
}}
"""

ENVIRONMENT = dict(os.environ, SRS_DEVICE_IP="127.0.0.1")


class Srs(Process):
    """Registers itself at the proxy by its heartbeat."""

    def __init__(self, folder, name, proxy):
        folder = pathlib.Path(folder)
        (folder / "html").mkdir(parents=True)
        self.rtmp_port = free_port()
        config = folder / "srs.conf"
        config.write_text(CONFIG.format(folder=folder, name=name, rtmp=self.rtmp_port,
                                        api=free_port(), http=free_port(), proxy=proxy.api_port))
        super().__init__(name, [SRS, "-c", config], folder / "srs.log", env=ENVIRONMENT,
                         cwd=folder)


class Playlists:
    """Of one stream, as a player reads them."""

    def __init__(self, proxy, path):
        self._proxy = proxy
        self._path = path

    def _uris(self, path):
        try:
            with urllib.request.urlopen(self._proxy.http_url(path), timeout=20) as answer:
                text = answer.read().decode()
        except urllib.error.HTTPError:
            return []
        return [urllib.parse.urljoin(path, line) for line in text.splitlines()
                if line and not line.startswith("#")]

    def media(self):
        """Where the master playlist leads to, once there is one."""
        return wait_until(lambda: self._uris(self._path), f"{self._path} is there", timeout=40)[0]

    def segments(self, media):
        return self._uris(media)


@pytest.fixture
def proxy(lab):
    return lab.proxy()


@pytest.fixture
def origins(lab, proxy, tmp_path):
    origins = [lab.run(Srs(tmp_path / name, name, proxy)) for name in ("srs-a", "srs-b")]
    proxy.wait_for_metric("srsproxy_origins", 2, timeout=30)
    return origins


def test_srs_registers_and_streams_play(lab, proxy, origins, clip):
    listed = ctl(proxy, "origin", "list", "-o", "json").json["origins"]
    assert {entry["registration"]["deviceId"] for entry in listed} == {"srs-a", "srs-b"}
    lab.publisher(proxy.url("to-srs"), clip)
    players = [lab.player(proxy.url("to-srs"), seconds=4, name=f"player-{number}",
                          options=["-analyzeduration", "1000000"]) for number in range(2)]
    sent = media.frames_of(clip)
    for player in players:
        assert player.wait(60) == 0, player.output()
        media.assert_same_frames(sent, player.frames())


def test_srs_refuses_a_second_publisher_by_closing(lab, proxy, origins):
    first = lab.client(proxy.rtmp_port).open()
    assert first.publish("busy")["code"] == "NetStream.Publish.Start"
    second = lab.client(proxy.rtmp_port).open()
    status = second.publish("busy")
    assert status["level"] == "error"
    assert "origin" in status["description"].lower()


def test_a_dropped_publisher_may_come_back_at_once(lab, proxy, origins, clip):
    publisher = lab.publisher(proxy.url("drop"), clip)
    player = lab.player(proxy.url("drop"))
    wait_until(lambda: len(player.frames()) > 30, "it plays", timeout=30)
    publisher.kill()
    proxy.wait_for_session_end(role="publisher")
    seen = len(player.frames())
    lab.publisher(proxy.url("drop"), clip, name="again")
    wait_until(lambda: len(player.frames()) > seen + 30, "it plays on", timeout=30)


def test_srs_killed_and_restarted_with_another_pid(lab, proxy, tmp_path, clip):
    srs = lab.run(Srs(tmp_path / "one", "srs-one", proxy))
    proxy.wait_for_metric("srsproxy_origins", 1, timeout=30)
    publisher = lab.publisher(proxy.url("back"), clip)
    player = lab.player(proxy.url("back"))
    wait_until(lambda: len(player.frames()) > 30, "it plays", timeout=30)
    srs.kill()
    publisher.wait()
    again = lab.run(Process("srs-one", [SRS, "-c", tmp_path / "one" / "srs.conf"],
                            tmp_path / "srs-again.log", cwd=tmp_path / "one",
                            env=ENVIRONMENT))
    wait_until(lambda: ctl(proxy, "origin", "list", "-o", "name").out.endswith(f"-{again.pid}\n"),
               "the proxy hears of the new pid", timeout=30)
    lab.publisher(proxy.url("back"), clip, name="again")
    assert media.probe(proxy.url("back")) == ["aac", "h264"]


def test_srs_learns_the_clients_address(lab, tmp_path):
    proxy = lab.proxy(RTMP_REAL_IP="f3")
    srs = lab.run(Srs(tmp_path / "one", "srs-one", proxy))
    proxy.wait_for_metric("srsproxy_origins", 1, timeout=30)
    client = lab.client(proxy.rtmp_port, source="127.0.0.99").open()
    assert client.publish("known")["code"] == "NetStream.Publish.Start"
    assert srs.wait_for_line("127.0.0.99")


def test_streams_play_by_http_flv(lab, proxy, origins, clip):
    lab.publisher(proxy.url("by-http"), clip)
    probe = subprocess.run(
        ["ffprobe", "-v", "error", "-show_entries", "stream=codec_name", "-of", "csv=p=0",
         proxy.http_url("/live/by-http.flv")],
        check=True, capture_output=True, text=True, timeout=60)
    assert set(probe.stdout.split()) == {"h264", "aac"}
    end = proxy.wait_for_session_end(protocol="http_flv")[0]
    assert end["stream"].endswith("live/by-http") and end["bytes_out"] > 1000


def test_hls_master_context_media_and_segments(lab, proxy, origins, clip):
    lab.publisher(proxy.url("hls"), clip)
    playlists = Playlists(proxy, "/live/hls.m3u8")
    media_path = playlists.media()
    assert "hls_ctx=" in media_path and "spbhid=" in media_path
    segments = wait_until(lambda: playlists.segments(media_path), "it lists a segment", timeout=40)
    assert "hls_ctx=" in segments[0] and "spbhid=" in segments[0]
    segment = urllib.request.urlopen(proxy.http_url(segments[0]), timeout=20).read()
    assert segment[0] == 0x47 and len(segment) % 188 == 0
    listed = ctl(proxy, "session", "list", "--protocol", "hls", "-o", "json").json["sessions"]
    assert [session["stream"] for session in listed] == ["__defaultVhost__/live/hls"]
    kicked = ctl(proxy, "session", "kick", "--protocol", "hls", "--yes")
    assert kicked.code == 0, kicked.err
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(proxy.http_url(media_path), timeout=20)


def test_ffmpeg_plays_hls_on_over_a_move(lab, proxy, origins, clip):
    publisher = lab.publisher(proxy.url("wander"), clip)
    playlists = Playlists(proxy, "/live/wander.m3u8")
    wait_until(lambda: playlists.segments(playlists.media()), "it lists a segment", timeout=40)
    player = lab.player(proxy.http_url("/live/wander.m3u8"), options=["-live_start_index", "-1"])
    wait_until(lambda: len(player.frames()) > 20, "it plays", timeout=30)
    home = ctl(proxy, "stream", "get", "live/wander", "-o", "json").out
    listed = ctl(proxy, "origin", "list", "-o", "json").json["origins"]
    target = next(entry["id"] for entry in listed if entry["id"] not in home)
    moved = ctl(proxy, "stream", "move", "live/wander", target, "--kick", "--yes")
    assert moved.code == 0, moved.err
    publisher.wait(30)
    lab.publisher(proxy.url("wander"), clip, name="again")
    new = Playlists(proxy, "/live/wander.m3u8")
    wait_until(lambda: new.segments(new.media()), "the new origin lists a segment", timeout=40)
    seen = len(player.frames())
    wait_until(lambda: len(player.frames()) > seen + 75, "it plays on", timeout=60)
    assert player.running


def test_the_clusters_api_is_that_of_both(lab, tmp_path, clip):
    proxy = lab.proxy(CLUSTER_API="on")
    for name in ("srs-a", "srs-b"):
        lab.run(Srs(tmp_path / name, name, proxy))
    proxy.wait_for_metric("srsproxy_origins", 2, timeout=30)
    servers = {entry["registration"]["server"]
               for entry in ctl(proxy, "origin", "list", "-o", "json").json["origins"]}

    def listed(name):
        said = proxy.ask_cluster(f"/api/v1/{name}").json
        assert said["code"] == 0 and said["missing"] == []
        return said[name]

    names = {f"cluster-{number}" for number in range(6)}
    publishers = {name: lab.client(proxy.rtmp_port).open() for name in names}
    for name, publisher in publishers.items():
        assert publisher.publish(name)["code"] == "NetStream.Publish.Start"
    streams = wait_until(lambda: len(listed("streams")) == 6 and listed("streams"),
                         "six streams are listed", timeout=30)
    assert {stream["name"] for stream in streams} == names
    assert {stream["origin"] for stream in streams} <= servers
    vhosts = {vhost["id"]: vhost for vhost in listed("vhosts")}
    clients = {client["id"]: client for client in listed("clients")}
    for stream in streams:
        assert vhosts[stream["vhost"]]["origin"] == stream["origin"]
        assert clients[stream["publish"]["cid"]]["origin"] == stream["origin"]
        item = proxy.ask_cluster(f"/api/v1/streams/{stream['id']}").json["stream"]
        assert (item["name"], item["origin"]) == (stream["name"], stream["origin"])
    pages = [stream["id"] for start in range(0, 6, 2) for stream in
             proxy.ask_cluster(f"/api/v1/streams?start={start}&count=2").json["streams"]]
    assert pages == [stream["id"] for stream in streams]

    summaries = proxy.ask_cluster("/api/v1/summaries").json
    assert {of["origin"] for of in summaries["origins"]} == servers
    assert summaries["data"]["self"]["version"] and summaries["data"]["system"]["cpus"] > 0
    versions = proxy.ask_cluster("/api/v1/versions").json
    assert {of["origin"] for of in versions["origins"]} == servers

    # As SRS's console ends a publisher.
    victim = streams[0]
    path = f"/api/v1/clients/{victim['publish']['cid']}?callback=f&method=DELETE"
    assert b'"code":0' in proxy.ask_cluster(path).body
    end = proxy.wait_for_session_end(role="publisher")
    assert [record["stream"].rsplit("/", 1)[1] for record in end] == [victim["name"]]
    assert proxy.ask_cluster("/api/v1/clients/nobody", method="DELETE").json["code"] == 2049
