"""Files that are served beside streams: on the wire, and what is never served."""

import http.client
import json
import os
import pathlib
import shutil
import subprocess

import pytest

from support.http_origin import HttpOrigin
from support.proxy import binary
from support.waiting import wait_until

TEXT = bytes(range(256)) * 4


@pytest.fixture
def folder(tmp_path):
    """A folder to serve, beside one that is not."""
    www = tmp_path / "www"
    (www / "sub").mkdir(parents=True)
    (www / "index.html").write_text("<p>root</p>")
    (www / "sub" / "index.html").write_text("<p>sub</p>")
    (www / "data.bin").write_bytes(TEXT)
    (www / "page.js").write_text("export {};")
    (www / ".htpasswd").write_text("secret")
    (www / "einen Gruß.txt").write_text("hallo")
    (tmp_path / "secret.txt").write_text("secret")
    (www / "outside.txt").symlink_to("../secret.txt")
    return www


@pytest.fixture
def proxy(lab, folder):
    return lab.proxy(STATIC_FILES=folder)


def ask(proxy, target, method="GET", **headers):
    """(status, headers, body), the target sent as it is."""
    connection = http.client.HTTPConnection("127.0.0.1", proxy.http_port, timeout=20)
    try:
        connection.putrequest(method, target, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name.replace("_", "-"), value)
        connection.endheaders()
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


@pytest.mark.parametrize("target, content_type, body", [
    ("/", "text/html; charset=utf-8", b"<p>root</p>"),
    ("/index.html?v=1", "text/html; charset=utf-8", b"<p>root</p>"),
    ("/sub/", "text/html; charset=utf-8", b"<p>sub</p>"),
    ("/page.js", "text/javascript; charset=utf-8", b"export {};"),
    ("/data.bin", "application/octet-stream", TEXT),
    ("/einen%20Gru%C3%9F.txt", "text/plain; charset=utf-8", b"hallo"),
])
def test_files_are_served_with_their_types(proxy, target, content_type, body):
    status, headers, got = ask(proxy, target)
    assert (status, got) == (200, body)
    assert headers["Content-Type"] == content_type
    assert headers["Content-Length"] == str(len(body))
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Access-Control-Allow-Origin"] == "*"
    head_status, head, nothing = ask(proxy, target, "HEAD")
    assert (head_status, nothing) == (200, b"")
    assert head["Content-Length"] == str(len(body)) and head["ETag"] == headers["ETag"]


def test_a_folder_is_asked_for_with_its_slash(proxy):
    status, headers, _ = ask(proxy, "/sub?a=b")
    assert status == 301
    assert headers["Location"] == "/sub/?a=b"


@pytest.mark.parametrize("target", [
    "/missing.html", "/missing/", "/data.bin/", "/.htpasswd", "/sub/.htpasswd", "/outside.txt",
    "/../secret.txt", "/sub/../../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt",
    "/..%5csecret.txt", "/..\\secret.txt", "//secret.txt", "//127.0.0.1/", "/index.html%00.js",
    "/index.html%0d%0aX:y", "/%", "/%zz", "/./index.html",
])
def test_everything_else_is_not_found(proxy, target):
    status, headers, body = ask(proxy, target)
    assert status == 404
    assert headers["Content-Type"] == "application/json"
    assert json.loads(body)["error"] and b"secret" not in body and b"/tmp" not in body


def test_ranges(proxy):
    status, headers, body = ask(proxy, "/data.bin", Range="bytes=10-19")
    assert (status, body) == (206, TEXT[10:20])
    assert headers["Content-Range"] == f"bytes 10-19/{len(TEXT)}"
    status, _, body = ask(proxy, "/data.bin", Range="bytes=-4")
    assert (status, body) == (206, TEXT[-4:])
    status, headers, body = ask(proxy, "/data.bin", Range=f"bytes={len(TEXT)}-")
    assert (status, body) == (416, b"")
    assert headers["Content-Range"] == f"bytes */{len(TEXT)}"
    status, _, body = ask(proxy, "/data.bin", Range="bytes=0-1,5-6")
    assert (status, body) == (200, TEXT)


def test_a_file_that_is_known_is_not_sent_again(proxy, folder):
    _, headers, _ = ask(proxy, "/page.js")
    known = {"If_None_Match": headers["ETag"]}
    status, again, body = ask(proxy, "/page.js", **known)
    assert (status, body) == (304, b"") and again["ETag"] == headers["ETag"]
    status, _, _ = ask(proxy, "/page.js", If_Modified_Since=headers["Last-Modified"])
    assert status == 304
    (folder / "page.js").write_text("export {}; // new")
    status, _, body = ask(proxy, "/page.js", **known)
    assert (status, body) == (200, b"export {}; // new")
    status, _, _ = ask(proxy, "/page.js", Range="bytes=0-1", If_Range=headers["ETag"])
    assert status == 200


def test_a_large_file_arrives_whole_and_the_connection_stays(proxy, folder):
    large = os.urandom(3_000_001)
    (folder / "large.bin").write_bytes(large)
    connection = http.client.HTTPConnection("127.0.0.1", proxy.http_port, timeout=20)
    for target, body in [("/large.bin", large), ("/page.js", b"export {};"), ("/large.bin", large)]:
        connection.request("GET", target)
        assert connection.getresponse().read() == body
    connection.close()


def test_a_file_that_becomes_shorter_is_shown_by_the_close(proxy, folder):
    size = 64_000_000
    with open(folder / "sparse.bin", "wb") as file:
        file.truncate(size)
    connection = http.client.HTTPConnection("127.0.0.1", proxy.http_port, timeout=20)
    connection.request("GET", "/sparse.bin")
    answer = connection.getresponse()
    answer.read(1000)
    os.truncate(folder / "sparse.bin", 0)
    with pytest.raises(http.client.IncompleteRead):
        answer.read()
    connection.close()
    assert ask(proxy, "/page.js")[0] == 200


def test_streams_come_before_files(lab, folder):
    def answer(connection, request):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nstream")

    (folder / "live").mkdir()
    (folder / "live" / "one.flv").write_bytes(b"file")
    proxy = lab.proxy(lab.fake(lambda server: HttpOrigin(answer, server)), STATIC_FILES=folder)
    assert ask(proxy, "/live/one.flv")[2] == b"stream"
    assert ask(proxy, "/live/one.flv.txt")[0] == 404


def test_a_client_that_reads_nothing_holds_up_nobody(lab, folder):
    with open(folder / "sparse.bin", "wb") as file:
        file.truncate(64_000_000)
    proxy = lab.proxy(STATIC_FILES=folder, WRITE_TIMEOUT="1s")
    idle = http.client.HTTPConnection("127.0.0.1", proxy.http_port, timeout=20)
    idle.request("GET", "/sparse.bin")
    assert ask(proxy, "/page.js")[0] == 200
    wait_until(lambda: proxy.metric("srsproxy_connections", listener="http") == 0,
               "the connection of the idle client is closed")
    idle.close()


def test_a_missing_folder_is_an_error_when_it_was_chosen(lab, tmp_path):
    proxy = lab.spawn_proxy(STATIC_FILES=tmp_path / "missing")
    assert proxy.process.wait(20) == 1
    assert "PROXY_STATIC_FILES" in proxy.process.output()
    assert "No such file" in proxy.process.output()


def test_the_page_beside_the_program_is_served_by_default(lab, tmp_path, monkeypatch):
    """And nothing where it is not installed."""
    program = tmp_path / "prefix" / "bin" / "srsproxy"
    program.parent.mkdir(parents=True)
    shutil.copy(binary("srsproxy", "SRSPROXY_BIN"), program)
    monkeypatch.setenv("SRSPROXY_BIN", str(program))
    bare = lab.proxy()
    assert ask(bare, "/")[0] == 404
    www = tmp_path / "prefix" / "share" / "srsproxy" / "www"
    www.mkdir(parents=True)
    (www / "index.html").write_text("<p>installed</p>")
    assert ask(lab.proxy(), "/")[2] == b"<p>installed</p>"


def test_curl_resumes_a_download(proxy, folder, tmp_path):
    large = os.urandom(500_000)
    (folder / "large.bin").write_bytes(large)
    part = pathlib.Path(tmp_path / "part.bin")
    part.write_bytes(large[:123_456])
    subprocess.run(["curl", "-fsS", "-C", "-", "-o", part, proxy.http_url("/large.bin")],
                   check=True)
    assert part.read_bytes() == large


def test_many_ask_at_once(proxy):
    """Each gets its file; the readers' queue is longer than this."""
    connections = [http.client.HTTPConnection("127.0.0.1", proxy.http_port, timeout=20)
                   for _ in range(200)]
    for connection in connections:
        connection.request("GET", "/data.bin")
    assert all(connection.getresponse().read() == TEXT for connection in connections)
    for connection in connections:
        connection.close()
