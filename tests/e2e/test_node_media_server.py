"""node-media-server as the origin: HTTP-FLV and WS-FLV come through as it sends them."""

import json
import subprocess

import pytest

from support.node import NodeMediaServer, receive_ws

FLV_HEADER = b"FLV\x01"


@pytest.fixture
def published(lab, tmp_path, clip):
    """A proxy with a stream that node-media-server holds."""
    origin = NodeMediaServer(tmp_path)
    lab.run(origin)
    proxy = lab.proxy(origin)
    lab.publisher(proxy.url("one"), clip)
    proxy.wait_for_metric("srsproxy_streams", 1, state="in_use")
    return proxy


def tags(flv, count):
    """The types of the first tags of an FLV stream: 8 audio, 9 video, 18 data."""
    found = []
    at = int.from_bytes(flv[5:9], "big") + 4
    while len(found) < count:
        found.append(flv[at])
        at += 11 + int.from_bytes(flv[at + 1:at + 4], "big") + 4
    return found


def test_ffprobe_sees_the_stream(published):
    probed = subprocess.run(
        ["ffprobe", "-v", "error", "-of", "json", "-show_streams", "-probesize", "200000",
         published.http_url("/live/one.flv")], stdout=subprocess.PIPE, timeout=30, check=True)
    streams = json.loads(probed.stdout)["streams"]
    # Its metadata is a stream without a codec.
    assert {stream.get("codec_name") for stream in streams} - {None} == {"aac", "h264"}


def test_curl_gets_flv(published):
    got = subprocess.run(
        ["curl", "-sS", "-i", "--max-time", "3", published.http_url("/live/one.flv")],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=30, check=False)
    assert got.returncode == 28, "curl stops; the stream does not"
    head, _, body = got.stdout.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK")
    assert body.startswith(FLV_HEADER)
    assert {8, 9} <= set(tags(body, 8))
    published.wait_for_session_end(protocol="http_flv", role="viewer")


def test_a_websocket_gets_flv(published):
    got = receive_ws(f"ws://127.0.0.1:{published.http_port}/live/one.flv", 30_000)
    assert got.startswith(FLV_HEADER) and len(got) == 30_000
    assert {8, 9} <= set(tags(got, 8))
    published.wait_for_session_end(protocol="http_flv", role="viewer")
