"""The list of live streams on the HTTP port: what it shows, to whom, and in pages."""

import http.client
import json

import pytest

from support.waiting import wait_until


def ask(proxy, query="", host="localhost", method="GET"):
    """(status, headers, JSON or None)"""
    connection = http.client.HTTPConnection("127.0.0.1", proxy.http_port, timeout=20)
    try:
        connection.request(method, f"/api/v1/live-streams{query}", headers={"Host": host})
        answer = connection.getresponse()
        body = answer.read()
        return answer.status, answer.headers, json.loads(body) if body else None
    finally:
        connection.close()


def streams(proxy, query="", host="localhost"):
    status, _, body = ask(proxy, query, host)
    assert status == 200, body
    return body["streams"]


def test_nothing_is_live_at_first(lab):
    proxy = lab.proxy()
    status, headers, body = ask(proxy)
    assert status == 200
    assert headers["Content-Type"] == "application/json"
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert headers["Cache-Control"] == "no-store"
    assert body["streams"] == [] and "next" not in body
    assert body["rtmp_port"] == proxy.rtmp_port
    assert ask(proxy, method="HEAD")[2] is None


def test_a_stream_is_listed_while_it_is_published(lab, clip):
    proxy = lab.proxy(lab.nginx())
    publisher = lab.publisher(proxy.url("one") + "?token=secret", clip)
    (stream,) = wait_until(lambda: streams(proxy), "the stream is listed")
    assert stream["vhost"] == "__defaultVhost__"
    assert (stream["app"], stream["stream"]) == ("live", "one")
    assert stream["publishing"] is True
    assert stream["flv"] == "/live/one.flv"
    assert stream["hls"] == "/live/one.m3u8"
    assert stream["rtmp"] == "/live/one"
    assert set(stream["viewers"]) == {"rtmp", "http_flv", "hls", "webrtc", "srt"}
    assert not any(stream["viewers"].values())
    stream = wait_until(lambda: next(filter(lambda one: "bytes_in" in one, streams(proxy)), None),
                        "media comes in")
    grown = wait_until(lambda: next(filter(lambda one: one["bytes_in"] > stream["bytes_in"],
                                           streams(proxy)), None), "more comes in")
    assert grown["since"] == stream["since"] <= ask(proxy)[2]["time"]
    lab.player(proxy.url("one"))
    wait_until(lambda: streams(proxy)[0]["viewers"]["rtmp"] == 1, "the viewer is counted")
    publisher.stop()
    lab.close_clients()
    wait_until(lambda: not streams(proxy), "the stream is gone")


def test_nothing_private_is_shown(lab, clip):
    origin = lab.nginx()
    proxy = lab.proxy(origin)
    lab.publisher(proxy.url("one") + "?token=secret", clip)
    wait_until(lambda: streams(proxy), "the stream is listed")
    text = json.dumps(ask(proxy)[2])
    for private in ("secret", "token", "127.0.0.1", origin.server, str(origin.rtmp_port)):
        assert private not in text


def test_paths_name_the_vhost_where_the_host_does_not(lab, clip):
    proxy = lab.proxy(lab.nginx())
    lab.publisher(f"rtmp://127.0.0.1:{proxy.rtmp_port}/live/one?vhost=a.example.com", clip)
    (stream,) = wait_until(lambda: streams(proxy, host="localhost:8080"), "the stream is listed")
    assert stream["vhost"] == "a.example.com"
    assert stream["flv"] == "/live/one.flv?vhost=a.example.com"
    (stream,) = streams(proxy, host="a.example.com:18080")
    assert stream["flv"] == "/live/one.flv"


def test_pages(lab, clip):
    proxy = lab.proxy(lab.nginx())
    for name in ("a", "b", "c"):
        lab.publisher(proxy.url(name), clip, name=name)
    wait_until(lambda: len(streams(proxy)) == 3, "the streams are listed")
    listed, query = [], "?count=2"
    while query:
        _, _, body = ask(proxy, query)
        assert len(body["streams"]) <= 2
        listed += [stream["stream"] for stream in body["streams"]]
        query = f"?count=2&after={body['next']}" if "next" in body else None
    assert listed == ["a", "b", "c"]


@pytest.mark.parametrize("query", ["?count=0", "?count=1001", "?count=x", "?count=-1", "?count=",
                                   "?after=*", "?count=99999999999999999999"])
def test_a_query_that_cannot_be_read_is_refused(lab, query):
    status, _, body = ask(lab.proxy(), query)
    assert status == 400 and "count" in body["error"]


def test_it_is_only_read(lab):
    assert ask(lab.proxy(), method="POST")[0] == 405
