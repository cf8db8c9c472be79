"""Live streams over HTTP: what the origin is asked, and what the client gets, on the wire."""

import json
import socket
import subprocess

import pytest

from support.http_origin import HttpOrigin, answers, chunk
from support.ports import free_port
from support.waiting import wait_until

GET = "GET /live/one.flv HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
FLV = b"FLV\x01\x05\x00\x00\x00\x09\x00\x00\x00\x00" + bytes(range(256)) * 8


def origin_that(lab, answer):
    return lab.fake(lambda server: HttpOrigin(answer, server))


OK = answers("HTTP/1.1 200 OK\nContent-Type: video/x-flv\nServer: SRS\nConnection: keep-alive\n"
             "Transfer-Encoding: chunked\nX-Other: a\nX-Other: b\n\n", chunk(FLV), b"0\r\n\r\n")


def test_the_origin_is_asked_what_the_client_asked(lab, wire):
    origin = origin_that(lab, OK)
    proxy = lab.proxy(origin)
    client = wire(proxy)
    client.send("GET /live/one.flv?token=a%20b&x=1 HTTP/1.1\r\nHost: example.com:8080\r\n"
                "User-Agent: me\r\nAuthorization: Basic abc\r\nRange: bytes=0-\r\n"
                "X-Forwarded-For: 1.2.3.4\r\nX-Real-IP: 1.2.3.4\r\n"
                "Connection: keep-alive, X-Hop\r\nX-Hop: gone\r\nTE: trailers\r\n\r\n")
    client.head()
    asked = origin.request().split("\r\n")
    assert asked[0] == "GET /live/one.flv?token=a%20b&x=1 HTTP/1.1"
    fields = dict(line.split(": ", 1) for line in asked[1:] if line)
    assert fields["Host"] == "example.com:8080"
    assert fields["User-Agent"] == "me"
    assert fields["Authorization"] == "Basic abc"
    assert fields["Range"] == "bytes=0-"
    assert fields["X-Forwarded-For"] == "127.0.0.1"
    assert fields["X-Real-IP"] == "127.0.0.1"
    assert fields["X-Forwarded-Proto"] == "http"
    assert "X-Hop" not in fields and "TE" not in fields


def test_a_trusted_proxy_in_front_is_believed(lab, wire):
    origin = origin_that(lab, OK)
    proxy = lab.proxy(origin, TRUSTED_PROXIES="127.0.0.0/8")
    client = wire(proxy)
    client.send("GET /live/one.flv HTTP/1.1\r\nHost: a.example.com\r\n"
                "X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Proto: https\r\n\r\n")
    client.head()
    asked = origin.request()
    assert "X-Forwarded-For: 1.2.3.4, 127.0.0.1\r\n" in asked
    assert "X-Forwarded-Proto: https\r\n" in asked


def test_each_line_of_forwarded_addresses_counts(lab, wire):
    """Some proxies add a line of their own below one that the client made up."""
    origin = origin_that(lab, OK)
    client = wire(lab.proxy(origin, TRUSTED_PROXIES="127.0.0.0/8"))
    client.send("GET /live/one.flv HTTP/1.1\r\nHost: a.example.com\r\n"
                "X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 1.2.3.4\r\n\r\n")
    client.head()
    assert "X-Forwarded-For: 6.6.6.6, 1.2.3.4, 127.0.0.1\r\n" in origin.request()


def test_a_request_without_host_names_the_origin(lab, wire):
    origin = origin_that(lab, OK)
    client = wire(lab.proxy(origin))
    client.send("GET /live/one.flv HTTP/1.0\r\n\r\n")
    client.head()
    assert f"Host: 127.0.0.1:{origin.http_port}\r\n" in origin.request()


def test_a_redirection_to_the_origin_comes_back_here(lab, wire):
    port = []
    origin = origin_that(lab, lambda connection, request: connection.sendall(
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:%d/live/two.flv?a=1\r\n"
        b"Content-Length: 0\r\n\r\n" % port[0]))
    port.append(origin.http_port)
    client = wire(lab.proxy(origin))
    client.send(GET)
    head = client.head()
    assert head.startswith("HTTP/1.1 302 ") and "\r\nLocation: /live/two.flv?a=1" in head


def test_other_sites_may_read_what_their_preflight_allowed(lab, wire):
    client = wire(lab.proxy(origin_that(lab, OK)))
    client.send("GET /live/one.flv HTTP/1.1\r\nHost: a\r\nOrigin: http://b\r\n\r\n")
    assert "\r\nAccess-Control-Allow-Origin: *" in client.head()


def test_no_answer_loses_its_length(lab, wire):
    """Connection may not take away what says where the answer ends."""
    client = wire(lab.proxy(origin_that(lab, answers(
        "HTTP/1.1 200 OK\nContent-Length: 5\nConnection: Content-Length\n\n", b"hello"))))
    for _ in range(2):
        client.received = b""
        client.send(GET)
        assert "\r\nContent-Length: 5" in client.head()
        client.read_until(lambda received: received.endswith(b"hello"), "the body")


def test_a_client_that_sends_on_and_leaves_is_seen(lab, wire):
    """It fills what is kept of further requests; its origin says nothing more."""
    origin = origin_that(lab, answers("HTTP/1.1 200 OK\n\n", FLV))
    proxy = lab.proxy(origin)
    client = wire(proxy)
    client.send(GET)
    client.head()
    client.send(b"x" * 70_000)
    assert proxy.wait_for_session_end(protocol="http_flv")[0]["side"] == "client"
    wait_until(lambda: origin.ended == 1, "the origin sees it")


def test_the_client_gets_what_the_origin_sends(lab, wire):
    proxy = lab.proxy(origin_that(lab, OK))
    client = wire(proxy)
    client.send(GET)
    client.read_until(lambda received: received.endswith(b"0\r\n\r\n"), "the whole answer")
    head = client.head().split("\r\n")
    assert head[0] == "HTTP/1.1 200 OK"
    assert "Content-Type: video/x-flv" in head and "Server: SRS" in head
    assert "X-Other: a" in head and "X-Other: b" in head
    assert client.body() == chunk(FLV) + b"0\r\n\r\n"
    # The connection is kept: another request is answered on it.
    client.received = b""
    client.send(GET)
    client.read_until(lambda received: received.endswith(b"0\r\n\r\n"), "the second answer")
    end = proxy.wait_for_session_end(count=2, protocol="http_flv")[0]
    assert (end["role"], end["side"], end["reason"]) == ("viewer", "origin", "closed")


def test_http_1_0_gets_no_chunks(lab, wire):
    proxy = lab.proxy(origin_that(lab, OK))
    client = wire(proxy)
    client.send("GET /live/one.flv HTTP/1.0\r\n\r\n")
    client.read_to_end()
    assert client.body() == FLV
    assert "Transfer-Encoding" not in client.head()


def test_a_body_with_a_length_and_a_body_until_the_close(lab, wire):
    length = origin_that(lab, answers(f"HTTP/1.1 200 OK\nContent-Length: {len(FLV)}\n\n", FLV))
    proxy = lab.proxy(length)
    client = wire(proxy)
    client.send(GET)
    client.read_until(lambda received: received.endswith(FLV), "the body")
    assert f"Content-Length: {len(FLV)}" in client.head()
    assert "Connection: keep-alive" in client.head()

    def until_close(connection, request):
        connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + FLV)
        connection.shutdown(socket.SHUT_WR)

    proxy = lab.proxy(origin_that(lab, until_close))
    client = wire(proxy)
    client.send(GET)
    client.read_to_end()
    assert client.body() == FLV and "Connection: close" in client.head()


def test_head_gets_the_head_alone(lab, wire):
    origin = origin_that(lab, answers("HTTP/1.1 200 OK\nContent-Length: 12345\n\n"))
    proxy = lab.proxy(origin)
    client = wire(proxy)
    client.send(GET.replace("GET", "HEAD"))
    assert "Content-Length: 12345" in client.head()
    client.send("GET /api/v1/versions HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    client.read_to_end()
    assert origin.request().startswith("HEAD /live/one.flv")
    assert client.body().startswith(b"HTTP/1.1 200 OK")


def test_the_first_byte_is_not_held_back(lab, wire):
    """The origin sends the head and a byte, and then waits for the client to have them."""
    seen = []

    def byte_by_byte(connection, request):
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for value in b"FLV":
            connection.sendall(chunk(bytes([value])))
            wait_until(lambda value=value: value in seen, "the client has the byte")
        connection.sendall(b"0\r\n\r\n")

    proxy = lab.proxy(origin_that(lab, byte_by_byte))
    client = wire(proxy)
    client.send(GET)
    for value in b"FLV":
        client.read_until(lambda received, value=value: bytes([value]) in
                          received.partition(b"\r\n\r\n")[2], "a byte")
        seen.append(value)
    client.read_until(lambda received: received.endswith(b"0\r\n\r\n"), "the end")


def test_a_client_that_leaves_is_seen_by_the_origin(lab, wire):
    def media_for_ever(connection, request):
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + FLV)

    origin = origin_that(lab, media_for_ever)
    proxy = lab.proxy(origin)
    client = wire(proxy)
    client.send(GET)
    client.read_until(lambda received: received.endswith(FLV), "media")
    client.close()
    wait_until(lambda: origin.ended == 1, "the origin's connection is closed")
    end = proxy.wait_for_session_end(protocol="http_flv")[0]
    assert (end["side"], end["reason"]) == ("client", "closed")


def test_a_client_that_leaves_before_the_answer_is_seen_by_the_origin(lab, wire):
    origin = origin_that(lab, lambda connection, request: None)
    proxy = lab.proxy(origin)
    client = wire(proxy)
    client.send(GET)
    origin.request()
    client.close()
    wait_until(lambda: origin.ended == 1, "the origin's connection is closed")


@pytest.mark.parametrize("status", [404, 403, 500, 302])
def test_what_the_origin_refuses_is_refused_in_its_words(lab, wire, status):
    proxy = lab.proxy(origin_that(lab, answers(
        f"HTTP/1.1 {status} Because\nLocation: /else\nContent-Length: 4\n\n", b"no.\n")))
    client = wire(proxy)
    client.send(GET)
    client.read_until(lambda received: received.endswith(b"no.\n"), "the answer")
    assert client.head().startswith(f"HTTP/1.1 {status} Because\r\n")
    assert "Location: /else" in client.head()


@pytest.mark.parametrize("answer, status", [
    (lambda connection, request: connection.shutdown(socket.SHUT_RDWR), 502),
    (answers("garbage\n\n"), 502),
    (answers("HTTP/1.1 200 OK\nContent-Length: 3\nContent-Length: 4\n\n"), 502),
    (answers("HTTP/1.1 200 OK\nContent-Length: 3\nTransfer-Encoding: chunked\n\n"), 502),
    (answers("HTTP/1.1 100 Continue\n\n" * 100), 502),
    (answers("HTTP/1.1 101 Switching Protocols\nUpgrade: websocket\n\n"), 502),
    (lambda connection, request: None, 504),
], ids=["closes", "garbage", "two lengths", "length and chunks", "100 times 100", "101", "silent"])
def test_an_origin_that_cannot_be_used_is_reported_without_its_address(lab, wire, answer, status):
    origin = origin_that(lab, answer)
    proxy = lab.proxy(origin, HANDSHAKE_TIMEOUT="1s")
    client = wire(proxy)
    client.send(GET)
    client.read_until(lambda received: received.endswith(b"}\n"), "an answer")
    assert client.head().startswith(f"HTTP/1.1 {status} ")
    error = json.loads(client.body())["error"]
    assert error and str(origin.http_port) not in error and "127.0.0.1" not in error


def test_interim_answers_are_skipped(lab, wire):
    proxy = lab.proxy(origin_that(lab, answers(
        "HTTP/1.1 100 Continue\n\nHTTP/1.1 103 Early Hints\nLink: a\n\n"
        "HTTP/1.1 200 OK\nContent-Length: 2\n\n", b"ok")))
    client = wire(proxy)
    client.send(GET)
    client.read_until(lambda received: received.endswith(b"ok"), "the answer")
    assert client.head().startswith("HTTP/1.1 200 OK")


@pytest.mark.parametrize("tail", [b"5\r\nab", b"zz\r\nab\r\n", b"5\r\nabcdeXY"],
                         ids=["cut", "no size", "no CRLF"])
def test_a_body_that_breaks_off_ends_the_connection(lab, wire, tail):
    def broken(connection, request):
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" +
                           chunk(b"good") + tail)
        connection.shutdown(socket.SHUT_WR)

    proxy = lab.proxy(origin_that(lab, broken))
    client = wire(proxy)
    client.send(GET)
    client.read_to_end()
    assert client.body().startswith(chunk(b"good"))
    assert not client.body().endswith(b"0\r\n\r\n")
    end = proxy.wait_for_session_end(protocol="http_flv")[0]
    assert (end["side"], end["reason"]) == ("origin", "bad_input")


def test_no_origin_and_an_origin_that_is_not_there(lab, wire):
    proxy = lab.proxy()
    proxy.wait_for_metric("srsproxy_origins", 0)
    gone = origin_that(lab, OK)
    gone.stop()
    proxy.register(gone)
    client = wire(proxy)
    client.send(GET)
    client.read_until(lambda received: received.endswith(b"}\n"), "an answer")
    assert client.head().startswith("HTTP/1.1 502 ")


def test_the_other_origin_is_tried_when_nobody_listens(lab, wire):
    gone = lab.fake(lambda server: HttpOrigin(OK, server), "gone")
    gone.stop()
    here = lab.fake(lambda server: HttpOrigin(OK, server), "here")
    proxy = lab.proxy(gone, here)
    for _ in range(8):
        client = wire(proxy)
        client.send(GET)
        assert client.head().startswith("HTTP/1.1 200 OK")


def test_cors_preflight_and_versions(lab, wire):
    proxy = lab.proxy()
    client = wire(proxy)
    client.send("OPTIONS /live/one.flv HTTP/1.1\r\nHost: a\r\nOrigin: http://b\r\n"
                "Access-Control-Request-Method: GET\r\n"
                "Access-Control-Request-Headers: Range\r\n\r\n")
    head = client.head()
    assert head.startswith("HTTP/1.1 204 ")
    assert "Access-Control-Allow-Origin: *" in head
    assert "Access-Control-Allow-Headers: Range" in head
    client.received = b""
    client.send("GET /api/v1/versions HTTP/1.1\r\nHost: a\r\n\r\n")
    client.read_until(lambda received: received.endswith(b"}"), "the versions")
    said = json.loads(client.body())
    assert said["code"] == 0 and said["data"]["version"] and said["server"]


def test_an_empty_line_before_a_request_is_ignored(lab, wire):
    client = wire(lab.proxy(origin_that(lab, OK)))
    client.send("\r\n" + GET)
    assert client.head().startswith("HTTP/1.1 200 OK")


def test_a_websocket_passes_both_ways(lab, wire):
    def echo(connection, request):
        connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                           b"Connection: Upgrade\r\nSec-WebSocket-Accept: abc\r\n\r\n")
        while got := connection.recv(1000):
            connection.sendall(got.upper())

    origin = origin_that(lab, echo)
    proxy = lab.proxy(origin)
    client = wire(proxy)
    client.send("GET /live/one.flv HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n"
                "Upgrade: websocket\r\nSec-WebSocket-Key: xyz\r\n\r\nearly ")
    head = client.head()
    assert head.startswith("HTTP/1.1 101 ") and "Sec-WebSocket-Accept: abc" in head
    assert "Upgrade: websocket" in head
    client.send("frame")
    client.read_until(lambda received: received.endswith(b"EARLY FRAME"), "the echo")
    asked = origin.request()
    assert "Upgrade: websocket" in asked and "Connection: Upgrade" in asked
    assert "Sec-WebSocket-Key: xyz" in asked


HUGE = "GET /live/one.flv HTTP/1.1\r\nHost: a\r\n"


@pytest.mark.parametrize("sent, status", [
    ("GET /live/one.flv HTTP/1.1\r\n\r\n", 400),
    ("GET /live/one.flv HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    ("GET /live/one.flv HTTP/1.1\nHost: a\n\r\n\r\n", 400),
    ("GET /live/one.flv HTTP/1.1\nHost: a\n\n", 400),
    ("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
    ("GET /live/one-1.ts?spbhid=%2e/../x HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    ("GET /live/../api/one.ts?spbhid=x HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("GET /live/%2e%2e/one.m3u8?hls_ctx=x HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("GET /live/%00.ts?spbhid=x HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("GET /live/\xff.flv HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("GET /api/v1/clients?hls_ctx=x HTTP/1.1\r\nHost: a\r\n\r\n", 404),
    ("GET /live/one.flv HTTP/1.1\r\nHost: a\r\nX: 1\r\n folded\r\n\r\n", 400),
    ("GET /live/one.flv HTTP/1.1\r\nHost: a\r\nX: \x001\r\n\r\n", 400),
    ("GET /live/one.flv HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked"
     "\r\n\r\n", 400),
    ("GET /live/one.flv HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2"
     "\r\n\r\n", 400),
    ("GET /live/one.flv HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400),
    ("GET /live/one.flv HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
    ("GET /live/one.flv HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n", 501),
    ("GET /live/one.flv HTTP/1.1\r\nHost : a\r\n\r\n", 400),
    ("GET  /live/one.flv HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("GET live/one.flv HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("GET /live/one.flv HTTP/2.0\r\nHost: a\r\n\r\n", 505),
    ("garbage\r\n\r\n", 400),
    ("GET /one.flv HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("POST /live/one.flv HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", 405),
    ("GET /live/one.flv HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", 413),
    ("GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n", 404),
    (HUGE + "X: " + "y" * 66000 + "\r\n\r\n", 431),
    (HUGE + "X: y\r\n" * 10000 + "\r\n", 431),
], ids=lambda value: str(value)[:60] if isinstance(value, str) else value)
def test_bad_requests_get_the_right_status(lab, wire, sent, status):
    origin = origin_that(lab, OK)
    proxy = lab.proxy(origin)
    client = wire(proxy)
    client.send(sent)
    assert client.head().startswith(f"HTTP/1.1 {status} "), client.received
    client.read_until(lambda received: received.endswith(b"}\n"), "words")
    if "Connection: close" in client.head():
        client.read_to_end()
    else:
        assert status in (400, 404) and sent.endswith("\r\n\r\n"), "the framing is in doubt"
    assert not origin.requests
    # A neighbour is served as ever.
    other = wire(proxy)
    other.send(GET)
    assert other.head().startswith("HTTP/1.1 200 OK")


def test_a_slow_head_ends_at_the_deadline(lab, wire):
    proxy = lab.proxy(HANDSHAKE_TIMEOUT="1s")
    client = wire(proxy)
    client.send("GET /live/one.flv HTTP/1.1\r\n")
    client.read_to_end()
    assert client.head().startswith("HTTP/1.1 408 ")


def test_https_plays_and_is_reported_to_the_origin(lab, tmp_path):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1",
                    "-subj", "/CN=localhost", "-keyout", tmp_path / "key.pem",
                    "-out", tmp_path / "cert.pem"], check=True, capture_output=True)
    origin = origin_that(lab, OK)
    port = free_port()
    lab.proxy(origin, HTTPS_SERVER=f"127.0.0.1:{port}", TLS_CERT=tmp_path / "cert.pem",
              TLS_KEY=tmp_path / "key.pem")
    got = subprocess.run(["curl", "-sk", "--max-time", "20",
                          f"https://127.0.0.1:{port}/live/one.flv"],
                         check=True, capture_output=True)
    assert got.stdout == FLV
    assert "X-Forwarded-Proto: https" in origin.request()


def test_a_player_and_a_publisher_meet_at_one_origin(lab, clip):
    """What comes by RTMP to one of two origins is played by HTTP from that one."""
    played = []

    def answer_as(name):
        def answer(connection, request):
            played.append(name)
            OK(connection, request)
        return answer

    origins = [lab.nginx(name) for name in ("origin-a", "origin-b")]
    proxy = lab.proxy()
    for origin in origins:
        http = lab.fake(lambda server: HttpOrigin(answer_as(server), server), origin.server)
        proxy.register(origin, http=[str(http.http_port)])
    lab.publisher(proxy.url("meet"), clip)
    publisher = wait_until(lambda: [origin for origin in origins
                                    if sum(origin.clients("meet"))], "the stream arrives")[0]
    for _ in range(8):
        got = subprocess.run(["curl", "-s", "--max-time", "20", proxy.http_url("/live/meet.flv")],
                             check=True, capture_output=True)
        assert got.stdout == FLV
    assert set(played) == {publisher.server}
