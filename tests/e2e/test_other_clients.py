"""Client implementations other than ffmpeg's: rtmpdump (librtmp), GStreamer, nginx as a relay, and
RTMPS."""

import ssl
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


def test_nginx_pushes(lab, proxy, origin, clip):
    relay = lab.nginx("relay", relay=f"push rtmp://127.0.0.1:{proxy.rtmp_port}/live;")
    lab.publisher(f"rtmp://127.0.0.1:{relay.rtmp_port}/live/pushed", clip)
    wait_until(lambda: origin.clients("pushed") == (1, 0), "the relay publishes")
    player = lab.player(proxy.url("pushed"), seconds=3)
    assert player.wait() == 0, player.output()
    media.assert_same_frames(media.frames_of(clip), player.frames())
    lab.close_clients()
    wait_until(lambda: origin.clients("pushed") == (0, 0), "the relay has ended its stream")


def test_nginx_pulls(lab, proxy, origin, clip):
    lab.publisher(proxy.url("pulled"), clip)
    relay = lab.nginx("relay", relay=f"pull rtmp://127.0.0.1:{proxy.rtmp_port}/live;")
    player = lab.player(f"rtmp://127.0.0.1:{relay.rtmp_port}/live/pulled", seconds=3)
    assert player.wait() == 0, player.output()
    media.assert_same_frames(media.frames_of(clip), player.frames())
    left = proxy.wait_for_session_end(role="viewer")  # With its last player.
    assert [end["reason"] for end in left] == ["closed"]


def make_certificate(folder, name="localhost", days=2):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", str(days),
                    "-subj", f"/CN={name}", "-keyout", str(folder / "key.pem"),
                    "-out", str(folder / "cert.pem")], check=True, stderr=subprocess.DEVNULL)
    return folder / "cert.pem", folder / "key.pem"


@pytest.fixture
def certificate(tmp_path):
    return make_certificate(tmp_path)


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


def shown_certificate(port):
    pem = ssl.get_server_certificate(("127.0.0.1", port))
    return subprocess.run(["openssl", "x509", "-noout", "-subject", "-enddate"], input=pem,
                          text=True, check=True, stdout=subprocess.PIPE).stdout


def test_a_certificate_is_read_again_when_it_changes(lab, origin, clip, certificate):
    rtmps, https = free_port(), free_port()
    proxy = lab.proxy(origin, RTMPS_SERVER=f"127.0.0.1:{rtmps}",
                      HTTPS_SERVER=f"127.0.0.1:{https}", TLS_CERT=certificate[0],
                      TLS_KEY=certificate[1])
    publisher = lab.publisher(f"rtmps://127.0.0.1:{rtmps}/live/stays", clip)
    wait_until(lambda: origin.clients("stays")[0] == 1, "the stream is published")
    expiry = proxy.metric("srsproxy_tls_cert_expiry_timestamp_seconds", listener="rtmps_server")
    assert "localhost" in shown_certificate(rtmps)

    certificate[0].write_text("no certificate")
    proxy.process.wait_for_line("the former one stays")
    assert "localhost" in shown_certificate(https)

    make_certificate(certificate[0].parent, "renewed", days=30)
    for port in (rtmps, https):
        wait_until(lambda: "renewed" in shown_certificate(port), "the new certificate is shown")
    for listener in ("rtmps_server", "https_server"):
        renewed = proxy.metric("srsproxy_tls_cert_expiry_timestamp_seconds", listener=listener)
        assert renewed - expiry == pytest.approx(28 * 86400, abs=60)
    assert publisher.running, "who is connected stays connected"
