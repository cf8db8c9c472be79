"""HLS through the proxy: what the origin is asked, what the client gets, and who is watching."""

import hashlib
import json
import re
import socket
import subprocess
import time

import pytest

from support import media
from support.ctl import ctl
from support.http_origin import HttpOrigin, answers, chunk
from support.waiting import wait_until

MEDIA = """#EXTM3U
#EXT-X-VERSION:6
#EXT-X-TARGETDURATION:2
#EXT-X-MEDIA-SEQUENCE:7
#EXT-X-KEY:METHOD=AES-128,URI="one.key"
#EXT-X-MAP:URI="/live/one-init.mp4?a=1"
#EXT-X-UNKNOWN:"kept",as=it is
#EXTINF:2.000,a title
one-7.ts?token=x%20y
#EXTINF:2.000,
http://127.0.0.1:{port}/live/one-8.ts
#EXTINF:2.000,
https://cdn.example.com/live/one-9.ts
"""
SEGMENT = bytes(range(256)) * 1000


def http(body, *fields, status="200 OK"):
    body = body.encode() if isinstance(body, str) else body
    return "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *fields, "", ""
                        ]).encode() + body


def target_of(request):
    return request.split(b" ")[1].decode()


class HlsOrigin(HttpOrigin):
    """Serves `pages`: path -> bytes of an answer, or a function of the target that gives them."""

    def __init__(self, server, pages):
        self.pages = pages
        super().__init__(self._say, server)

    def _say(self, connection, request):
        target = target_of(request)
        page = self.pages.get(target.partition("?")[0], http("gone\n", status="404 Not Here"))
        connection.sendall(page(target) if callable(page) else page)

    def targets(self):
        return [target_of(request) for request in self.requests]


def hls_origin(lab, pages, server="hls"):
    return lab.fake(lambda name: HlsOrigin(name, pages), server)


def origin_that(lab, answer):
    return lab.fake(lambda server: HttpOrigin(answer, server))


@pytest.fixture
def origin(lab):
    made = hls_origin(lab, {"/live/one-7.ts": http(SEGMENT, "Content-Type: video/mp2t")})
    made.pages["/live/one.m3u8"] = http(
        MEDIA.format(port=made.http_port), "Content-Type: application/vnd.apple.mpegurl",
        'ETag: "origins"', "Last-Modified: Thu, 01 Jan 2026 00:00:00 GMT",
        "Cache-Control: max-age=1", "Accept-Ranges: bytes", "X-Other: a")
    return made


def id_of(stream, vhost="__defaultVhost__"):
    return hashlib.sha256(f"{vhost}/{stream}".encode()).hexdigest()[:32]


# ---- Playlists


def test_what_a_playlist_leads_to_comes_back_here(lab, wire, origin):
    client = wire(lab.proxy(origin))
    got = client.get("/live/one.m3u8")
    spbhid = f"spbhid={id_of('live/one')}"
    expected = MEDIA.format(port=origin.http_port)
    for plain, tagged in [
            ('URI="one.key"', f'URI="one.key?{spbhid}"'), ("mp4?a=1", f"mp4?a=1&{spbhid}"),
            ("token=x%20y", f"token=x%20y&{spbhid}"),
            (f"http://127.0.0.1:{origin.http_port}/live/one-8.ts", f"/live/one-8.ts?{spbhid}")]:
        expected = expected.replace(plain, tagged)
    assert got.body.decode() == expected
    assert got.status == 200
    assert got.fields["Content-Type"] == "application/vnd.apple.mpegurl"
    assert got.fields["Cache-Control"] == "max-age=1" and got.fields["X-Other"] == "a"
    assert got.fields["ETag"] != '"origins"'
    assert "Last-Modified" not in got.fields and "Accept-Ranges" not in got.fields


def test_the_id_of_a_stream_is_always_the_same(lab, wire, origin):
    bodies = {wire(lab.proxy(origin)).get("/live/one.m3u8").body for _ in range(2)}
    assert len(bodies) == 1


def test_the_origin_is_asked_for_the_whole_playlist(lab, wire, origin):
    client = wire(lab.proxy(origin))
    client.get("/live/one.m3u8?token=a%20b&spbhid=x", "Range: bytes=0-3", "If-None-Match: \"z\"",
               "If-Modified-Since: Thu, 01 Jan 2026 00:00:00 GMT", "Accept-Encoding: gzip",
               "User-Agent: me", "X-Forwarded-For: 1.2.3.4")
    asked = origin.request().lower()
    assert asked.startswith("get /live/one.m3u8?token=a%20b http/1.1\r\n")
    assert "accept-encoding: identity\r\n" in asked and "user-agent: me\r\n" in asked
    assert "x-forwarded-for: 127.0.0.1\r\n" in asked
    assert "range:" not in asked and "if-" not in asked


def test_validators_and_head(lab, wire, origin):
    client = wire(lab.proxy(origin))
    first = client.get("/live/one.m3u8")
    head = client.get("/live/one.m3u8", method="HEAD")
    assert head.status == 200 and head.fields["ETag"] == first.fields["ETag"]
    assert int(head.fields["Content-Length"]) == len(first.body)
    same = client.get("/live/one.m3u8", f"If-None-Match: \"x\", {first.fields['ETag']}")
    assert same.status == 304 and same.body == b"" and same.fields["Cache-Control"] == "max-age=1"
    origin.pages["/live/one.m3u8"] = http("#EXTM3U\n#EXT-X-TARGETDURATION:1\n")
    changed = client.get("/live/one.m3u8", f"If-None-Match: {first.fields['ETag']}")
    assert changed.status == 200 and changed.fields["ETag"] != first.fields["ETag"]


@pytest.mark.parametrize("status", ["404 Not Found", "403 Forbidden", "302 Found", "500 Oh"])
def test_what_the_origin_sends_is_passed_on(lab, wire, status):
    proxy = lab.proxy(hls_origin(lab, {
        "/live/one.m3u8": http("no.\n", "Location: /else", status=status)}))
    got = wire(proxy).get("/live/one.m3u8")
    assert (got.status, got.body) == (int(status[:3]), b"no.\n")
    assert got.fields["Location"] == "/else"
    proxy.wait_for_metric("srsproxy_http_responses_total", 1, protocol="hls", code=status[:3])
    # What is no stream fills nothing.
    proxy.wait_for_metric("srsproxy_streams", 0, state="known")


ENDLESS = 50_000_000


def says_without_end(connection, request):
    """50 MB without a newline, in chunks, or as much as the proxy takes."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" +
                       chunk(b"#EXTM3U\n"))
    for _ in range(50):
        connection.sendall(chunk(b"x" * 1_000_000))


def breaks_off(connection, request):
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n#EXTM3U\n")
    connection.shutdown(socket.SHUT_WR)


@pytest.mark.parametrize("answer, status", [
    (lambda connection, request: connection.shutdown(socket.SHUT_RDWR), 502),
    (answers("garbage\n\n"), 502),
    (answers("HTTP/1.1 200 OK\nContent-Length: 3\nContent-Length: 4\n\n"), 502),
    (answers("HTTP/1.1 100 Continue\n\n" * 100), 502),
    (answers("HTTP/1.1 200 OK\nContent-Length: 6\n\n<html>"), 502),
    (answers("HTTP/1.1 200 OK\nContent-Length: 0\n\n"), 502),
    (answers("HTTP/1.1 200 OK\nContent-Encoding: gzip\nContent-Length: 9\n\n#EXTM3U\n"), 502),
    (answers(f"HTTP/1.1 200 OK\nContent-Length: {ENDLESS}\n\n", b"#EXTM3U\n"), 502),
    (says_without_end, 502),
    (answers("HTTP/1.1 200 OK\nContent-Length: 70008\n\n", b"#EXTM3U\n" + b"x" * 70_000), 502),
    (breaks_off, 502),
    (answers("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\nzz\n#EXTM3U\n"), 502),
    (lambda connection, request: None, 504),
    (answers("HTTP/1.1 200 OK\nContent-Length: 100\n\n#EXTM3U\n"), 504),
    (answers("HTTP/1.1 101 Switching Protocols\nUpgrade: x\nConnection: Upgrade\n\n"), 502),
    (answers("HTTP/1.1 099 What\nContent-Length: 0\n\n"), 502),
    (lambda connection, request: connection.sendall(b"HTTP/1.1 200 OK\nA: b\n\n"), 502),
], ids=["closes", "garbage", "two lengths", "100 times 100", "HTML", "nothing", "gzip",
        "50 MB told", "50 MB in chunks", "a line of 70 kB", "breaks off", "bad chunks", "silent",
        "stops", "another protocol", "no status", "bare LF"])
def test_playlists_that_cannot_be_used(lab, wire, answer, status):
    origin = origin_that(lab, answer)
    proxy = lab.proxy(origin, HANDSHAKE_TIMEOUT="1s")
    got = wire(proxy).get("/live/one.m3u8")
    assert got.status == status
    error = json.loads(got.body)["error"]
    assert error and str(origin.http_port) not in error and "127.0.0.1" not in error
    proxy.wait_for_metric("srsproxy_http_responses_total", 1, protocol="hls", code=str(status))


def test_an_origin_that_goes_between_two_playlists_is_reported_without_its_address(lab, wire):
    """It answers a player's context with a master, and is gone when that is followed."""
    master = http("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\none.m3u8?hls_ctx=new\n",
                  "Connection: close")

    def once(connection, request):
        origin.stop_listening()
        connection.sendall(master)
        connection.shutdown(socket.SHUT_WR)

    origin = origin_that(lab, once)
    got = wire(lab.proxy(origin, WORKERS=1)).get("/live/one.m3u8?hls_ctx=old")
    assert got.status == 502
    assert "127.0.0.1" not in json.loads(got.body)["error"]


def test_no_origin_and_an_origin_that_is_not_there(lab, wire):
    proxy = lab.proxy()
    gone = hls_origin(lab, {}, "gone")
    gone.stop()
    proxy.register(gone)
    got = wire(proxy).get("/live/one.m3u8")
    assert got.status == 502 and b"error" in got.body
    here = hls_origin(lab, {"/live/one.m3u8": http("#EXTM3U\n#EXT-X-TARGETDURATION:1\n")}, "here")
    proxy.register(here)
    for _ in range(4):
        assert wire(proxy).get("/live/one.m3u8").status == 200


# ---- Segments, and connections to the origins


def test_segments_come_as_they_are_over_a_kept_connection(lab, wire, origin):
    client = wire(lab.proxy(origin, WORKERS=1))
    playlist = client.get("/live/one.m3u8").body.decode()
    segment = re.search(r"^one-7.*$", playlist, re.MULTILINE)[0]
    for _ in range(3):
        got = client.get(f"/live/{segment}")
        assert got.status == 200 and got.body == SEGMENT
        assert got.fields["Content-Type"] == "video/mp2t"
    assert origin.targets()[1:] == ["/live/one-7.ts?token=x%20y"] * 3
    assert origin.connections == 1


def test_ranges_and_conditions_of_segments_pass(lab, wire, origin):
    origin.pages["/live/one-7.ts"] = http(b"bcd", "Content-Range: bytes 1-3/9", 'ETag: "e"',
                                          status="206 Partial Content")
    client = wire(lab.proxy(origin))
    got = client.get("/live/one-7.ts?spbhid=" + id_of("live/one"), "Range: bytes=1-3",
                     'If-Range: "e"', "If-Modified-Since: Thu, 01 Jan 2026 00:00:00 GMT")
    assert got.status == 206 and got.body == b"bcd" and got.fields["ETag"] == '"e"'
    asked = origin.request()
    assert "Range: bytes=1-3\r\n" in asked and 'If-Range: "e"\r\n' in asked
    assert "If-Modified-Since: Thu" in asked
    origin.pages["/live/one-7.ts"] = b"HTTP/1.1 304 Not Modified\r\nETag: \"e\"\r\n\r\n"
    assert client.get("/live/one-7.ts?spbhid=x", 'If-None-Match: "e"').status == 304
    assert client.get("/live/one-7.ts?spbhid=x", method="HEAD").status == 304


@pytest.mark.parametrize("path", ["one-7.ts", "one/7.ts", "one_720p/7.m4s", "one-init.mp4",
                                  "one.key", "one/sub/7.vtt"])
def test_segments_are_found_by_path(lab, wire, path):
    """Of two origins, the one that holds the stream is asked, with an unknown id or none."""
    pages = {"/live/one.m3u8": http("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\na.ts\n"),
             f"/live/{path}": http(SEGMENT)}
    origins = [hls_origin(lab, pages, name) for name in ("a", "b")]
    proxy = lab.proxy(*origins)
    client = wire(proxy)
    client.get("/live/one.m3u8")
    holder = next(origin for origin in origins if origin.requests)
    for target in (f"/live/{path}", f"/live/{path}?spbhid=00000000000000000000000000000000"):
        assert client.get(target).body == SEGMENT
    assert len(holder.requests) == 3


def test_an_id_leads_to_its_stream_whatever_the_path_is(lab, wire):
    pages = {"/live/one.m3u8": http("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n/else/x.m4s\n"),
             "/else/x.m4s": http(SEGMENT)}
    origins = [hls_origin(lab, pages, name) for name in ("a", "b")]
    proxy = lab.proxy(*origins)
    target = wire(proxy).get("/live/one.m3u8").body.decode().split("\n")[3]
    holder = next(origin for origin in origins if origin.requests)
    for _ in range(8):
        assert wire(proxy).get(target).body == SEGMENT
    assert len(holder.requests) == 9 and holder.targets()[-1] == "/else/x.m4s"


def test_a_connection_that_the_origin_closed_is_not_used_again(lab, wire, origin):
    """The origin closes each time after its answer, without saying so before."""
    def once(connection, request):
        connection.sendall(http(SEGMENT))
        connection.shutdown(socket.SHUT_WR)

    closing = origin_that(lab, once)
    client = wire(lab.proxy(closing, WORKERS=1))
    for _ in range(5):
        assert client.get("/live/one-7.ts?spbhid=x").body == SEGMENT
    assert closing.connections == 5


def test_a_request_that_met_the_close_is_sent_once_more(lab, wire):
    """On each connection the second request is answered by closing."""
    used = set()

    def first_only(connection, request):
        if connection in used:
            connection.shutdown(socket.SHUT_RDWR)
        else:
            used.add(connection)
            connection.sendall(http(SEGMENT))

    origin = origin_that(lab, first_only)
    client = wire(lab.proxy(origin, WORKERS=1))
    for _ in range(3):
        assert client.get("/live/one-7.ts?spbhid=x").body == SEGMENT
    assert len(origin.requests) == 5 and origin.connections == 3


@pytest.mark.parametrize("answer", [
    http(SEGMENT) + b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbad",
    http(SEGMENT, "Connection: close"),
], ids=["surplus bytes", "says that it closes"])
def test_a_connection_in_doubt_is_not_used_again(lab, wire, answer):
    origin = origin_that(lab, lambda connection, request: connection.sendall(answer))
    client = wire(lab.proxy(origin, WORKERS=1))
    for _ in range(3):
        assert client.get("/live/one-7.ts?spbhid=x").body == SEGMENT
    assert origin.connections == 3


@pytest.mark.parametrize("tail", [b"5\r\nab", b"zz\r\nab\r\n"], ids=["cut", "no size"])
def test_a_segment_that_breaks_off_ends_the_connection(lab, wire, tail):
    def broken(connection, request):
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" +
                           chunk(b"good") + tail)
        connection.shutdown(socket.SHUT_WR)

    proxy = lab.proxy(origin_that(lab, broken))
    client = wire(proxy)
    client.send("GET /live/one-7.ts?spbhid=x HTTP/1.1\r\nHost: a\r\n\r\n")
    client.read_to_end()
    proxy.wait_for_metric("srsproxy_http_responses_total", 1, protocol="hls", code="502")
    assert client.body().startswith(chunk(b"good"))
    assert not client.body().endswith(b"0\r\n\r\n")


def test_a_slow_client_gets_the_whole_segment(lab, wire):
    """It takes nothing until the origin has given everything away."""
    size = 3_000_000
    given = []

    def large(connection, request):
        connection.sendall(http(b"z" * size))
        given.append(True)

    origin = origin_that(lab, large)
    proxy = lab.proxy(origin)
    client = wire(proxy)
    client.send("GET /live/one-7.ts?spbhid=x HTTP/1.1\r\nHost: a\r\n\r\n")
    client.head()
    wait_until(lambda: given or len(client.received) < size, "it was sent")
    client.read_until(lambda received: received.endswith(b"z") and
                      len(received.partition(b"\r\n\r\n")[2]) == size, "all of it")


# ---- Viewers


def hls_sessions(proxy):
    listed = ctl(proxy, "session", "list", "--protocol", "hls", "-o", "json")
    assert listed.code == 0, listed.err
    return listed.json.get("sessions", [])


def test_viewers_are_sessions(lab, wire, origin):
    proxy = lab.proxy(origin)
    for _ in range(3):
        wire(proxy).get("/live/one.m3u8", "User-Agent: one")
        wire(proxy).get("/live/one-7.ts", "User-Agent: one")
    wire(proxy).get("/live/one.m3u8", "User-Agent: two")
    sessions = hls_sessions(proxy)
    assert len(sessions) == 2
    assert all(session["protocol"] == "PROTOCOL_HLS" for session in sessions)
    assert max(int(session["bytesOut"]) for session in sessions) > 3 * len(SEGMENT)
    proxy.wait_for_metric("srsproxy_sessions", 2, protocol="hls", role="viewer")
    proxy.wait_for_metric("srsproxy_streams", 1, state="known")
    assert proxy.metric("srsproxy_bytes_total", protocol="hls", direction="out") > 3 * len(SEGMENT)


def test_a_trusted_proxy_distinguishes_viewers(lab, wire, origin):
    proxy = lab.proxy(origin, TRUSTED_PROXIES="127.0.0.0/8,10.9.0.0/16")
    for viewer in ("10.0.0.1", "10.0.0.2", "10.0.0.1"):
        wire(proxy).get("/live/one.m3u8", "User-Agent: same",
                        f"X-Forwarded-For: made up, {viewer}, 10.9.9.9")
    assert len(hls_sessions(proxy)) == 2


def test_a_kicked_viewer_gets_404(lab, wire, origin):
    proxy = lab.proxy(origin)
    client = wire(proxy)
    assert client.get("/live/one.m3u8", "User-Agent: one").status == 200
    kicked = ctl(proxy, "session", "kick", "--stream", "live/one", "--yes")
    assert kicked.code == 0, kicked.err
    for target in ("/live/one.m3u8", "/live/one-7.ts?spbhid=" + id_of("live/one")):
        assert client.get(target, "User-Agent: one").status == 404
    assert client.get("/live/one.m3u8", "User-Agent: two").status == 200
    assert proxy.wait_for_session_end(protocol="hls")[0]["reason"] == "kicked"


class ContextOrigin(HlsOrigin):
    """Gives each player a context, as SRS does: who has none that it knows gets a master."""

    def __init__(self, server, first):
        self.first = first
        self.context = f"of-{server}"
        super().__init__(server, {
            "/live/one.m3u8": self._playlist,
            f"/live/one-{first}.ts": lambda target: http(f"{server} {target}")})

    def _playlist(self, target):
        if f"hls_ctx={self.context}" not in target:
            return http("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n"
                        f"/live/one.m3u8?hls_ctx={self.context}\n")
        lines = ["#EXTM3U", "#EXT-X-TARGETDURATION:2", f"#EXT-X-MEDIA-SEQUENCE:{self.first}"]
        for number in range(self.first, self.first + 3):
            lines += ["#EXTINF:2,", f"one-{number}.ts?hls_ctx={self.context}"]
        return http("\n".join([*lines, ""]))


def uris(playlist):
    return [line for line in playlist.body.decode().split("\n") if line and line[0] != "#"]


def test_a_move_goes_unnoticed_by_players(lab, wire):
    origins = {name: lab.fake(lambda server, first=first: ContextOrigin(server, first), name)
               for name, first in (("a", 100), ("b", 5))}
    proxy = lab.proxy(origins["a"])
    client = wire(proxy)
    variant = uris(client.get("/live/one.m3u8"))[0]
    assert variant.startswith("/live/one.m3u8?hls_ctx=of-a&spbhid=")
    before = client.get(variant)
    assert "#EXT-X-MEDIA-SEQUENCE:100\n" in before.body.decode()
    old_segment = "/live/" + uris(before)[0]

    proxy.register(origins["b"])
    moved = ctl(proxy, "stream", "move", "live/one", "b", "--yes")
    assert moved.code == 0, moved.err
    after = client.get(variant)
    assert after.status == 200
    text = after.body.decode()
    assert "#EXT-X-MEDIA-SEQUENCE:103\n" in text and "STREAM-INF" not in text
    assert text.count("#EXT-X-DISCONTINUITY\n") == 1
    assert uris(after)[0].startswith("one-5.ts?hls_ctx=of-b&spbhid=")
    assert origins["b"].targets() == ["/live/one.m3u8?hls_ctx=of-a", "/live/one.m3u8?hls_ctx=of-b"]

    # From then on the new origin is asked with its own context.
    again = client.get(variant)
    assert "#EXT-X-MEDIA-SEQUENCE:103\n" in again.body.decode()
    assert origins["b"].targets()[2:] == ["/live/one.m3u8?hls_ctx=of-b"]
    new = client.get("/live/" + uris(again)[0])
    assert new.body.decode() == "b /live/one-5.ts?hls_ctx=of-b"
    # What was listed before is where it was.
    assert client.get(old_segment).body.decode() == "a /live/one-100.ts?hls_ctx=of-a"
    assert len(hls_sessions(proxy)) == 1

    kicked = ctl(proxy, "session", "kick", "--stream", "live/one", "--yes")
    assert kicked.code == 0, kicked.err
    assert client.get(variant).status == 404


def test_without_contexts_the_new_origin_is_asked_first(lab, wire):
    """Segments of both may have the same name; what the new one has not may still be at the old."""
    def pages(name, first):
        playlist = (f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:{first}\n" +
                    "".join(f"#EXTINF:2,\none-{first + n}.ts\n" for n in range(2)))
        return {"/live/one.m3u8": http(playlist),
                **{f"/live/one-{first + n}.ts": http(f"{name} {first + n}") for n in range(2)}}

    proxy = lab.proxy(hls_origin(lab, pages("a", 0), "a"))
    client = wire(proxy)
    client.get("/live/one.m3u8")
    proxy.register(hls_origin(lab, pages("b", 1), "b"))
    assert ctl(proxy, "stream", "move", "live/one", "b", "--yes").code == 0
    after = client.get("/live/one.m3u8")
    assert "#EXT-X-MEDIA-SEQUENCE:2\n" in after.body.decode()
    spbhid = f"?spbhid={id_of('live/one')}"
    assert [client.get(f"/live/one-{number}.ts{spbhid}").body for number in range(3)] == [
        b"a 0", b"b 1", b"b 2"]


def test_players_wait_for_a_stream_that_is_on_no_origin(lab, wire):
    """Until the encoder is back, players get what they had: they give up at an error."""
    first = lab.fake(lambda server: ContextOrigin(server, 100), "a")
    proxy = lab.proxy(first)
    client = wire(proxy)
    variant = uris(client.get("/live/one.m3u8"))[0]
    before = client.get(variant)
    later = lab.fake(lambda server: ContextOrigin(server, 5), "b")
    page = later.pages.pop("/live/one.m3u8")
    proxy.register(later)
    assert ctl(proxy, "stream", "move", "live/one", "b", "--yes").code == 0
    waiting = client.get(variant)
    assert waiting.status == 200 and waiting.body == before.body
    assert wire(proxy).get("/live/one.m3u8").status == 404, "who is new is told"
    first.stop()
    assert client.get(variant).body == before.body
    later.pages["/live/one.m3u8"] = page
    assert "#EXT-X-MEDIA-SEQUENCE:103\n" in client.get(variant).body.decode()
    later.pages.pop("/live/one.m3u8")
    assert client.get(variant).status == 404, "the stream has ended"


# ---- Real parts


@pytest.fixture
def nginxes(lab):
    return [lab.nginx(name, hls=True) for name in ("origin-a", "origin-b")]


def home_of(origins, stream):
    return next((origin for origin in origins if origin.clients(stream)[0]), None)


def playable(proxy, path):
    """Once a playlist has a segment, it plays."""
    def has_segment():
        got = subprocess.run(["curl", "-sf", "--max-time", "10", proxy.http_url(path)],
                             capture_output=True, text=True, check=False)
        return "#EXTINF" in got.stdout

    wait_until(has_segment, f"{path} lists a segment", timeout=30)
    return proxy.http_url(path)


def test_what_is_published_plays_by_hls(lab, nginxes, clip):
    proxy = lab.proxy(*nginxes)
    lab.publisher(proxy.url("show"), clip)
    url = playable(proxy, "/live/show.m3u8")
    probe = subprocess.run(
        ["ffprobe", "-v", "error", "-show_entries", "stream=codec_name", "-of", "csv=p=0", url],
        check=True, capture_output=True, text=True, timeout=60)
    assert set(probe.stdout.split()) == {"h264", "aac"}
    home, other = sorted(nginxes, key=lambda origin: origin.clients("show")[0], reverse=True)
    assert ".ts" in home.requests_of("/live/") and ".ts" not in other.requests_of("/live/")


def test_ffmpeg_plays_on_over_a_move(lab, nginxes, clip):
    proxy = lab.proxy(*nginxes)
    publisher = lab.publisher(proxy.url("show"), clip)
    url = playable(proxy, "/live/show.m3u8")
    player = lab.player(url, options=["-live_start_index", "-1"])
    wait_until(lambda: len(player.frames()) > 20, "it plays", timeout=30)
    home = home_of(nginxes, "show")
    target = next(origin for origin in nginxes if origin is not home)
    moved = ctl(proxy, "stream", "move", "live/show", target.server, "--kick", "--yes")
    assert moved.code == 0, moved.err
    publisher.wait(30)
    lab.publisher(proxy.url("show"), clip, name="again")
    wait_until(lambda: home_of(nginxes, "show") is target, "it is published there", timeout=30)
    wait_until(lambda: "-0.ts" in target.requests_of("/live/show"), "its segments are asked for",
               timeout=40)
    seen = len(player.frames())
    wait_until(lambda: len(player.frames()) > seen + 40, "it plays on", timeout=30)
    assert player.running


def test_ffmpeg_plays_on_when_its_origin_dies(lab, nginxes, clip):
    proxy = lab.proxy(*nginxes)
    publisher = lab.publisher(proxy.url("show"), clip)
    player = lab.player(playable(proxy, "/live/show.m3u8"), options=["-live_start_index", "-1"])
    wait_until(lambda: len(player.frames()) > 20, "it plays", timeout=30)
    home = home_of(nginxes, "show")
    home.kill()
    publisher.wait(30)
    lab.publisher(proxy.url("show"), clip, name="again")
    seen = len(player.frames())
    wait_until(lambda: len(player.frames()) > seen + 60, "it plays on", timeout=40)
    assert player.running


def test_a_segment_that_stops_in_the_middle_is_broken_off(lab, wire):
    beginning = http(SEGMENT)[:-len(SEGMENT)] + SEGMENT[:1000]
    proxy = lab.proxy(lab.fake(lambda name: HttpOrigin(
        lambda connection, _: connection.sendall(beginning), name)), HANDSHAKE_TIMEOUT="300ms")
    client = wire(proxy)
    client.send("GET /live/one-7.ts?hls_ctx=a HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    received = client.read_to_end()
    assert b" 200 " in received and received.endswith(SEGMENT[:1000])
    proxy.wait_for_metric("srsproxy_http_responses_total", 1, code="502")


def test_a_segment_that_waits_for_its_viewer_is_not(lab, wire):
    proxy = lab.proxy(lab.fake(lambda name: HttpOrigin(
        lambda connection, _: connection.sendall(http(SEGMENT * 64)), name)),
        HANDSHAKE_TIMEOUT="500ms")
    client = wire(proxy)
    client.send("GET /live/one-7.ts?hls_ctx=a HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    client.head()
    time.sleep(2)  # The viewer's pause, several times as long as an origin may be silent.
    whole = len(SEGMENT) * 64
    client.read_until(lambda received: len(client.body()) >= whole, "the whole segment")
    assert len(client.body()) == whole
