"""The System API that SRS and operators' scripts speak: registration, versions, health, metrics."""

import concurrent.futures
import json
import socket
import threading

import pytest

from support.ctl import ctl
from support.proxy import Proxy
from support.rtmp.origin import FakeOrigin


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """One proxy without origins for all bad requests: none of them may leave a trace."""
    proxy = Proxy(tmp_path_factory.mktemp("proxy"))
    yield proxy
    proxy.stop()


def body(**changes):
    fields = {"ip": "127.0.0.1", "server": "vid-1", "service": "svc", "pid": "7",
              "rtmp": ["1935"]} | changes
    return json.dumps({name: value for name, value in fields.items()
                       if value is not None}).encode()


BAD_BODIES = [
    pytest.param(b"", "", id="empty"),
    pytest.param(b"no json", "", id="no JSON"),
    pytest.param(body()[:-1], "", id="cut JSON"),
    pytest.param(b"[1, 2]", "", id="an array"),
    pytest.param(b"[" * 10_000, "", id="nested 10,000 deep"),
    pytest.param(b'{"ip": "\xff\xfe"}', "", id="no UTF-8"),
    pytest.param(body(ip=None), "ip", id="no ip"),
    pytest.param(body(ip=""), "ip", id="empty ip"),
    pytest.param(body(ip="not an address!"), "ip", id="ip is no address and no host name"),
    pytest.param(body(server=None), "server", id="no server"),
    pytest.param(body(service=None), "service", id="no service"),
    pytest.param(body(pid=None), "pid", id="no pid"),
    pytest.param(body(rtmp=None), "rtmp", id="no rtmp"),
    pytest.param(body(rtmp=[]), "rtmp", id="empty rtmp"),
    pytest.param(body(rtmp="1935"), "rtmp", id="rtmp is no array"),
    pytest.param(body(rtmp=["70000"]), "70000", id="port 70000"),
    pytest.param(body(rtmp=["0"]), "rtmp", id="port 0"),
    pytest.param(body(rtmp=["nineteen"]), "nineteen", id="port in words"),
    pytest.param(body(http=["-1"]), "http", id="negative http port"),
    pytest.param(body(server="x" * 100_000), "server", id="endless server"),
    pytest.param(body(ip={"a": 1}), "ip", id="ip is an object"),
]


@pytest.mark.parametrize("sent, named", BAD_BODIES)
def test_a_bad_registration_is_answered_with_one_error_body(shared, sent, named):
    answer = shared.post_register(sent)
    assert 400 <= answer.status < 500
    assert answer.headers["Content-Type"].startswith("application/json")
    assert answer.json["code"] != 0  # One JSON value: .json fails on more.
    assert named in answer.body.decode()
    shared.wait_for_metric("srsproxy_origins", 0)


def test_a_body_of_5_mb_is_refused_unread(shared):
    """The answer may come before all of it is sent, so this speaks HTTP by hand."""
    with socket.create_connection(("127.0.0.1", shared.api_port), 10) as sock:
        sock.sendall(b"POST /api/v1/srs/register HTTP/1.1\r\nHost: x\r\n"
                     b"Content-Type: application/json\r\nContent-Length: 5000000\r\n\r\n")

        def pour():
            try:
                sock.sendall(b" " * 5_000_000)
            except OSError:
                pass

        sender = threading.Thread(target=pour)
        sender.start()
        head = sock.recv(65536)
        sender.join()
    assert head.startswith(b"HTTP/1.1 413")
    assert b"application/json" in head


@pytest.mark.parametrize("method, path, status", [
    ("GET", "/api/v1/srs/register", 405),
    ("PUT", "/api/v1/srs/register", 405),
    ("POST", "/api/v1/versions", 405),
    ("POST", "/metrics", 405),
    ("GET", "/", 404),
    ("GET", "/api/v1/srs", 404),
    ("POST", "/api/v1/srs/registered", 404),
    ("GET", "/api/v1/../../etc/passwd", 404),
])
def test_a_wrong_method_or_path_is_refused(shared, method, path, status):
    answer = shared.request(method, path, body() if method in ("POST", "PUT") else None)
    assert answer.status == status
    assert answer.json["code"] != 0
    if status == 405:
        assert answer.headers["Allow"]


def test_a_refused_registration_is_logged_and_listed(lab):
    proxy = lab.proxy()
    for _ in range(3):
        proxy.post_register(body(rtmp=["70000"]))
    refusals = ctl(proxy, "origin", "list", "-o", "json").json["refusals"]
    assert [(entry["source"], entry["count"]) for entry in refusals] == [("127.0.0.1", "3")]
    assert "70000" in refusals[0]["message"]
    lines = [line for line in proxy.process.lines("70000") if '"warn"' in line]
    assert len(lines) == 1, "once a minute for each source"


ENDPOINTS = ["{port}", ":{port}", "0.0.0.0:{port}", "[::]:{port}", "127.0.0.1:{port}",
             "tcp://0.0.0.0:{port}", "tcp://{port}"]


@pytest.mark.parametrize("form", ENDPOINTS)
def test_every_form_of_endpoint_is_dialled(lab, form):
    origin = lab.fake()
    proxy = lab.proxy()
    proxy.register(origin, rtmp=[form.format(port=origin.rtmp_port)])
    assert lab.client(proxy.rtmp_port).open().publish("x")["level"] == "status"


def test_numbers_and_strings_are_the_same(lab):
    origin = lab.fake()
    proxy = lab.proxy()
    proxy.register(origin, rtmp=[origin.rtmp_port], pid=17)
    assert lab.client(proxy.rtmp_port).open().publish("x")["level"] == "status"
    proxy.register(origin, rtmp=[str(origin.rtmp_port)], pid="17")
    proxy.wait_for_metric("srsproxy_origins", 1)


@pytest.mark.parametrize("ip, listens", [
    pytest.param("localhost", "127.0.0.1", id="host name"),
    pytest.param("::1", "::1", id="IPv6 address"),
])
def test_other_kinds_of_address_work(lab, ip, listens):
    origin = lab.fake(lambda server: FakeOrigin(server, listens))
    proxy = lab.proxy()
    proxy.register(origin, ip=ip, rtmp=[origin.rtmp_port])
    assert lab.client(proxy.rtmp_port).open().publish("x")["level"] == "status"


def test_a_heartbeat_as_srs_sends_it_is_taken(lab):
    origin = lab.fake()
    proxy = lab.proxy()
    proxy.register(origin, device_id="", http=["8080"], api=["1985"], srt=["udp://0.0.0.0:10080"],
                   rtc=["udp://0.0.0.0:8000", "tcp://0.0.0.0:8000"],
                   summaries={"code": 0, "data": {"self": {"cpu_percent": 0.12}, "system": {}}},
                   anything_newer={"is": "ignored"})
    proxy.wait_for_metric("srsproxy_heartbeats_total", 1, result="accepted")
    registration = ctl(proxy, "origin", "get", "fake", "-o", "json").json["registration"]
    assert registration["rtc"] == ["udp://0.0.0.0:8000", "tcp://0.0.0.0:8000"]


def test_100_origins_that_register_at_once_are_100_origins(lab):
    proxy = lab.proxy()

    def register(number):
        sent = body(server=f"vid-{number:03}", rtmp=[str(2000 + number)])
        return proxy.post_register(sent).status

    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        assert set(pool.map(register, range(100))) == {200}
    proxy.wait_for_metric("srsproxy_origins", 100)
    assert len(ctl(proxy, "origin", "list", "-o", "name").out.split()) == 100


def test_versions_health_and_metrics(lab):
    proxy = lab.proxy(lab.fake())
    versions = proxy.get("/api/v1/versions").json
    assert versions["signature"] and versions["version"]
    assert proxy.get("/healthz").status == 200
    assert proxy.get("/readyz").status == 200
    metrics = proxy.get("/metrics")
    assert metrics.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    for name in ("build_info", "origins", "sessions", "sessions_limit", "connections"):
        assert f"# TYPE srsproxy_{name} " in metrics.body.decode()
    assert "process_resident_memory_bytes" in metrics.body.decode()


def test_one_connection_serves_many_requests(lab):
    proxy = lab.proxy()
    with socket.create_connection(("127.0.0.1", proxy.api_port), 10) as sock:
        for _ in range(3):
            sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            assert sock.recv(65536).startswith(b"HTTP/1.1 200")
