"""Client implementations other than ffmpeg's: rtmpdump (librtmp), GStreamer, and RTMPS."""

import subprocess

import pytest

from support import media
from support.ports import free_port
from support.process import Process
from support.waiting import wait_until


@pytest.fixture
def origin(lab):
    return lab.nginx("origin-a")


@pytest.fixture
def proxy(lab, origin):
    return lab.proxy(origin)


def wait_for_bytes(path, count=150_000):
    """A player that is killed then leaves a file whose last frame may be cut."""
    wait_until(lambda: path.exists() and path.stat().st_size > count,
               f"the player has written {count} bytes", timeout=30)


def test_rtmpdump_plays(lab, proxy, clip, tmp_path):
    lab.publisher(proxy.url("dumped"), clip)
    target = tmp_path / "dumped.flv"
    player = lab.run(Process("rtmpdump", ["rtmpdump", "--live", "--quiet", "-r",
                                          proxy.url("dumped"), "-o", target],
                             tmp_path / "rtmpdump.log"))
    wait_for_bytes(target)
    player.kill()
    media.assert_same_frames(media.frames_of(clip), media.frames_of(target)[:-1])


@pytest.mark.parametrize("sink", [
    pytest.param(["rtmp2sink", "location={url}"], id="rtmp2sink"),
    pytest.param(["rtmpsink", "location={url} live=1"], id="rtmpsink, on librtmp as OBS is"),
])
def test_gstreamer_publishes(lab, proxy, origin, clip, tmp_path, sink):
    url = proxy.url("gst")
    lab.run(Process("gst-launch-1.0", ["gst-launch-1.0", "-q", *media.gstreamer_source(clip),
                                       *[part.format(url=url) for part in sink]],
                    tmp_path / "gst.log"))
    wait_until(lambda: origin.clients("gst") == (1, 0), "GStreamer publishes")
    player = lab.player(url, seconds=3)
    assert player.wait() == 0, player.output()
    # flvmux stamps what it sends anew.
    media.assert_same_frames(media.frames_of(clip), player.frames(), jitter_ms=100)


def test_gstreamer_plays(lab, proxy, clip, tmp_path):
    lab.publisher(proxy.url("to-gst"), clip)
    target = tmp_path / "played.flv"
    player = lab.run(Process("gst-launch-1.0", [
        "gst-launch-1.0", "-q", "rtmp2src", f"location={proxy.url('to-gst')}", "!", "filesink",
        "buffer-mode=unbuffered", f"location={target}"], tmp_path / "gst.log"))
    wait_for_bytes(target)
    player.kill()
    media.assert_same_frames(media.frames_of(clip), media.frames_of(target)[:-1])


@pytest.fixture
def certificate(tmp_path):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                    "-subj", "/CN=localhost", "-keyout", str(tmp_path / "key.pem"),
                    "-out", str(tmp_path / "cert.pem")], check=True, stderr=subprocess.DEVNULL)
    return tmp_path / "cert.pem", tmp_path / "key.pem"


def test_rtmps_publishes_and_plays(lab, origin, clip, certificate):
    port = free_port()
    proxy = lab.proxy(origin, RTMPS_SERVER=f"127.0.0.1:{port}", TLS_CERT=certificate[0],
                      TLS_KEY=certificate[1])
    url = f"rtmps://127.0.0.1:{port}/live/secret"
    lab.publisher(url, clip)
    wait_until(lambda: origin.clients("secret")[0] == 1, "the stream is published")
    over_tls = lab.player(url, seconds=3, name="rtmps-player")
    plain = lab.player(proxy.url("secret"), seconds=3)
    for player in (over_tls, plain):
        assert player.wait() == 0, player.output()
        media.assert_same_frames(media.frames_of(clip), player.frames())
