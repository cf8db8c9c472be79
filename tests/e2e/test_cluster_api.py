"""SRS's HTTP API for the whole cluster: what one SRS would answer, for all origins together."""

import concurrent.futures
import json
import socket
import ssl
import subprocess
import threading
import urllib.request

import pytest

from support.ports import free_port
from support.srs_api_origin import SrsApiOrigin

TOKENS = """
tokens:
  - {token: admin-token-0123456789, role: admin, name: operators}
  - {token: viewer-token-0123456789, role: viewer, name: grafana}
"""
ADMIN = {"Authorization": "Bearer admin-token-0123456789"}
VIEWER = {"Authorization": "Bearer viewer-token-0123456789"}


def origin(lab, server, **content):
    return lab.fake(lambda name: SrsApiOrigin(name, **content), server)


@pytest.fixture
def cluster(lab):
    """A proxy and its origins by name."""
    origins = {name: origin(lab, name, streams=3, clients=2) for name in ("a", "b", "c")}
    return lab.proxy(*origins.values(), CLUSTER_API="on"), origins


def ids(answer, name):
    return [item["id"] for item in answer.json[name]]


def test_lists_are_of_all_origins(cluster):
    proxy, origins = cluster
    answer = proxy.ask_cluster("/api/v1/streams")
    said = answer.json
    assert (answer.status, said["code"], said["missing"], said["more"]) == (200, 0, [], False)
    assert said["server"] and said["service"] and said["pid"]
    assert ids(answer, "streams") == [f"vid-{name}-{number:05}" for name in "abc"
                                      for number in range(3)]
    expected = origins["b"].lists["streams"][1] | {"origin": "b"}
    assert said["streams"][4] == expected
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    clients = proxy.ask_cluster("/api/v1/clients/").json["clients"]
    assert [client["origin"] for client in clients] == ["a", "a", "b", "b", "c", "c"]
    # As a script reads it that knows no exponents.
    assert b'"alive":0.57' in proxy.ask_cluster("/api/v1/clients/a-00000").body
    # A stream's vhost is one of the list.
    vhosts = {vhost["id"]: vhost["origin"]
              for vhost in proxy.ask_cluster("/api/v1/vhosts").json["vhosts"]}
    assert all(vhosts[stream["vhost"]] == stream["origin"] for stream in said["streams"])


def test_pages_go_over_all_origins(cluster):
    proxy, _ = cluster
    whole = ids(proxy.ask_cluster("/api/v1/streams?count=100"), "streams")
    paged = []
    for start in range(0, 10, 2):
        answer = proxy.ask_cluster(f"/api/v1/streams?start={start}&count=2")
        assert answer.json["more"] == (start + 2 < len(whole))
        paged += ids(answer, "streams")
    assert paged == whole and len(whole) == 9
    assert ids(proxy.ask_cluster("/api/v1/streams?start=100"), "streams") == []
    assert len(ids(proxy.ask_cluster("/api/v1/vhosts?start=1&count=1"), "vhosts")) == 1


def test_ten_thousand_streams_are_paged(lab):
    sizes = {"a": 4000, "b": 0, "c": 12, "d": 5988}
    origins = [origin(lab, name, streams=size) for name, size in sizes.items()]
    proxy = lab.proxy(*origins, CLUSTER_API="on")
    expected = [item["id"] for one in origins for item in one.lists["streams"]]
    assert len(expected) == 10_000
    got = []
    for start in range(0, 10_000, 2500):
        got += ids(proxy.ask_cluster(f"/api/v1/streams?start={start}&count=2500"), "streams")
    assert got == expected
    assert ids(proxy.ask_cluster("/api/v1/streams?start=3990&count=30"), "streams") == \
        expected[3990:4020]
    for one in origins:
        one.requests.clear()
    last = proxy.ask_cluster("/api/v1/streams?start=9995&count=10")
    assert ids(last, "streams") == expected[9995:] and not last.json["more"]
    # SRS serves nobody else while it writes a list: nobody is asked for thousands of items.
    assert all(len(one.asked()) < 25 for one in origins)
    whole = proxy.ask_cluster("/api/v1/streams?count=1000000")
    assert ids(whole, "streams") == expected and not whole.json["more"]


def test_a_page_has_an_end(lab):
    proxy = lab.proxy(origin(lab, "a", streams=10_001), CLUSTER_API="on")
    answer = proxy.ask_cluster("/api/v1/streams?count=100000")
    assert len(answer.json["streams"]) == 10_000 and answer.json["more"]


def test_single_items_come_from_the_origin_that_knows_them(cluster):
    proxy, origins = cluster
    for path, name in (("/api/v1/streams/vid-b-00001", "stream"),
                       ("/api/v1/clients/c-00000", "client"), ("/api/v1/vhosts/vid-a", "vhost")):
        said = proxy.ask_cluster(path).json
        assert said["code"] == 0 and said["missing"] == []
        assert said[name]["id"] == path.rsplit("/", 1)[1]
        assert said[name]["origin"] in origins
    for path, code in (("/api/v1/streams/vid-nobody", 2048), ("/api/v1/clients/nobody", 2049),
                       ("/api/v1/vhosts/nobody", 2014)):
        answer = proxy.ask_cluster(path)
        assert (answer.status, answer.json["code"]) == (200, code)


def test_a_client_is_ended_at_its_origin_alone(cluster):
    proxy, origins = cluster
    said = proxy.ask_cluster("/api/v1/clients/b-00001", method="DELETE").json
    assert (said["code"], said["origin"]) == (0, "b")
    assert [item["id"] for item in origins["b"].lists["clients"]] == ["b-00000"]
    for name in "ac":
        assert {method for method, _, _ in origins[name].requests} == {"GET"}
    assert proxy.ask_cluster("/api/v1/clients/b-00001", method="DELETE").json["code"] == 2049
    record = proxy.records("an origin was requested to end a client")[0]
    assert (record["origin"], record["client_id"]) == ("b", "b-00001")


def test_summaries_and_versions(cluster):
    proxy, _ = cluster
    said = proxy.ask_cluster("/api/v1/summaries").json
    assert said["data"]["self"] == {"version": "7.0.18", "mem_kbyte": 300}
    assert said["data"]["system"] == {"cpu_percent": 0.25, "conn_srs": 9}
    assert [of["origin"] for of in said["origins"]] == ["a", "b", "c"]
    assert said["origins"][0]["data"]["self"]["mem_kbyte"] == 100
    said = proxy.ask_cluster("/api/v1/versions").json
    assert said["data"]["signature"] == "srsproxy" and said["data"]["version"]
    assert {of["data"]["version"] for of in said["origins"]} == {"7.0.18"}


def garbage(handler):
    return b"<html>It works!</html>"


def wrong_types(handler):
    return {"code": 0, "streams": {"vid-1": {}}, "clients": [1, 2], "vhosts": None, "data": []}


def huge(handler):
    return b'{"code":0,"streams":[' + b'{"id":"x"},' * 1_000_000 + b"{}]}"


def another_code(handler):
    return {"code": 1061}


def status_401(handler):
    handler.send_error(401)


def closes(handler):
    handler.connection.shutdown(socket.SHUT_RDWR)
    handler.close_connection = True


@pytest.mark.parametrize("instead", [garbage, wrong_types, huge, another_code, status_401, closes])
def test_an_origin_that_is_of_no_use_is_named(cluster, instead):
    proxy, origins = cluster
    origins["b"].instead = instead
    for path in ("/api/v1/streams", "/api/v1/clients", "/api/v1/vhosts", "/api/v1/summaries"):
        said = proxy.ask_cluster(path).json
        assert said["code"] == 0 and said["missing"] == ["b"], path
    streams = proxy.ask_cluster("/api/v1/streams").json["streams"]
    assert {stream["origin"] for stream in streams} == {"a", "c"}
    for path in ("/api/v1/clients/c-00000", "/api/v1/clients/nobody"):
        assert proxy.ask_cluster(path).json["missing"] == ["b"]
    for one in origins.values():
        one.instead = instead
    answer = proxy.ask_cluster("/api/v1/streams")
    assert answer.status == 502 and answer.json["code"] != 0
    assert answer.json["missing"] == ["a", "b", "c"] and "127.0.0.1" not in answer.json["error"]
    assert proxy.ask_cluster("/api/v1/versions").json["missing"] == ["a", "b", "c"]


def test_a_slow_origin_holds_up_nobody_for_long(cluster):
    proxy, origins = cluster
    proceed = threading.Event()
    origins["b"].instead = lambda handler: proceed.wait(20) and {}
    said = proxy.ask_cluster("/api/v1/streams").json
    assert said["missing"] == ["b"] and len(said["streams"]) == 6
    for one in origins.values():
        one.instead = origins["b"].instead
    answer = proxy.ask_cluster("/api/v1/streams")
    assert answer.status == 504 and answer.json["missing"] == ["a", "b", "c"]
    proceed.set()


def test_origins_that_are_down_or_registered_no_api_are_named(lab):
    here, gone, silent = (origin(lab, name, streams=1) for name in ("here", "gone", "silent"))
    proxy = lab.proxy(here, gone, CLUSTER_API="on")
    proxy.register(silent, api=[])
    gone.stop()
    said = proxy.ask_cluster("/api/v1/streams").json
    assert said["missing"] == ["gone", "silent"] and len(said["streams"]) == 1


def test_an_empty_cluster_has_empty_lists(lab):
    proxy = lab.proxy(CLUSTER_API="on")
    said = proxy.ask_cluster("/api/v1/streams").json
    assert (said["code"], said["streams"], said["missing"]) == (0, [], [])
    assert proxy.ask_cluster("/api/v1/clients/x").json["code"] == 2049
    assert proxy.ask_cluster("/api/v1/summaries").json["data"]["self"] == {}


def test_it_is_off_unless_it_is_turned_on(lab):
    one = origin(lab, "a", streams=1)
    proxy = lab.proxy(one)
    answer = proxy.ask_cluster("/api/v1/streams")
    assert answer.status == 404 and "PROXY_CLUSTER_API" in answer.json["error"]
    assert answer.json["code"] != 0
    assert proxy.ask_cluster("/api/v1/clients/x", method="DELETE").status == 404
    said = proxy.ask_cluster("/api/v1/versions").json
    assert said["code"] == 0 and said["data"]["version"] and "origins" not in said
    assert one.requests == []


# What SRS's console asks, as its script builds the requests.
CONSOLE = {
    "/api/v1/versions": "data", "/api/v1/summaries": "data", "/api/v1/vhosts/": "vhosts",
    "/api/v1/vhosts/vid-a": "vhost", "/api/v1/streams/": "streams",
    "/api/v1/streams/vid-a-00000": "stream", "/api/v1/clients/": "clients",
    "/api/v1/clients/a-00000": "client",
}


def test_the_console_works(cluster):
    proxy, origins = cluster

    def console(path, more=""):
        answer = proxy.ask_cluster(f"{path}?callback=angular.callbacks._0{more}")
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "text/javascript"
        text = answer.body.decode()
        assert text.startswith("angular.callbacks._0({") and text.endswith("})")
        return json.loads(text[len("angular.callbacks._0("):-1])

    for path, field in CONSOLE.items():
        said = console(path)
        assert said["code"] == 0 and said[field], path
    assert console("/api/v1/raw", "&rpc=raw")["code"] == 1061  # The console hides what is off.
    assert console("/api/v1/clients/a-00000", "&method=DELETE")["code"] == 0
    assert [item["id"] for item in origins["a"].lists["clients"]] == ["a-00001"]


def test_methods_paths_and_callbacks(cluster):
    proxy, _ = cluster
    head = proxy.ask_cluster("/api/v1/streams", method="HEAD")
    assert head.status == 200 and head.body == b"" and int(head.headers["Content-Length"]) > 100
    preflight = proxy.ask_cluster("/api/v1/clients/x", method="OPTIONS",
                    headers={"Origin": "http://else.example", "Access-Control-Request-Method":
                             "DELETE", "Access-Control-Request-Headers": "authorization"})
    assert preflight.status == 204
    assert "DELETE" in preflight.headers["Access-Control-Allow-Methods"]
    assert preflight.headers["Access-Control-Allow-Headers"] == "authorization"
    for path in ("/", "/api/", "/api/v1/", "/api/v1"):
        assert proxy.ask_cluster(path).json["urls"]
    for method, path, status in (
            ("POST", "/api/v1/streams", 405), ("DELETE", "/api/v1/streams/vid-a-00000", 405),
            ("DELETE", "/api/v1/clients/", 405), ("GET", "/api/v1/nothing", 404),
            ("GET", "/api/v1/streams/../clients/a-00000", 404),
            ("GET", "/api/v1/streams?callback=alert(1)//", 400), ("GET", "/live/a.flv", 404)):
        answer = proxy.ask_cluster(path, method=method)
        assert answer.status == status and answer.json["error"], path
    proxy.wait_for_metric("srsproxy_client_errors_total", 1, protocol="http_api",
                          reason="malformed")
    assert proxy.metric("srsproxy_connections", listener="http_api") >= 0


@pytest.fixture
def guarded(lab, tmp_path):
    tokens = tmp_path / "tokens.yaml"
    tokens.write_text(TOKENS)
    tokens.chmod(0o600)
    one = origin(lab, "a", streams=1, clients=1)
    return lab.proxy(one, CLUSTER_API="on", TOKENS_FILE=tokens), one


def test_tokens_say_who_may(guarded):
    proxy, one = guarded
    lists = ("/api/v1/streams", "/api/v1/clients/a-00000", "/api/v1/summaries")
    for path in lists:
        for headers in ({}, {"Authorization": "Bearer wrong-token-0123456789"},
                        {"Authorization": "Basic YWRtaW46YWRtaW4="}):
            answer = proxy.ask_cluster(path, headers=headers)
            assert answer.status == 401 and answer.json["code"] != 0
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        for headers in (VIEWER, ADMIN):
            assert proxy.ask_cluster(path, headers=headers).json["code"] == 0
    denied = proxy.ask_cluster("/api/v1/clients/a-00000", method="DELETE", headers=VIEWER)
    assert denied.status == 403 and "admin" in denied.json["error"]
    jsonp = "/api/v1/clients/a-00000?callback=f&method=DELETE"
    assert proxy.ask_cluster(jsonp, headers=VIEWER).status == 403
    assert len(one.lists["clients"]) == 1
    ended = proxy.ask_cluster("/api/v1/clients/a-00000", method="DELETE", headers=ADMIN)
    assert ended.json["code"] == 0
    assert one.lists["clients"] == []
    # What the client proves itself with stays here.
    assert all("Authorization" not in fields for _, _, fields in one.requests)
    proxy.wait_for_metric("srsproxy_auth_decisions_total", 9, result="denied",
                          reason="token_required")
    proxy.wait_for_metric("srsproxy_auth_decisions_total", 2, result="denied", reason="role_denied")
    assert "token-0123456789" not in proxy.process.output()
    assert proxy.records("request denied")


def test_versions_need_no_token_and_list_origins_with_one(guarded):
    proxy, _ = guarded
    assert "origins" not in proxy.ask_cluster("/api/v1/versions").json
    assert "origins" not in proxy.ask_cluster("/api/v1/versions",
                                headers={"Authorization": "Bearer wrong-token-0123456789"}).json
    assert proxy.ask_cluster("/api/v1/versions", headers=VIEWER).json["origins"][0]["origin"] == "a"


def test_two_authorizations_are_none(guarded):
    proxy, _ = guarded
    with socket.create_connection(("127.0.0.1", proxy.http_api_port), timeout=20) as client:
        client.sendall(b"GET /api/v1/streams HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" +
                       b"Authorization: Bearer admin-token-0123456789\r\n" * 2 + b"\r\n")
        assert client.recv(65536).startswith(b"HTTP/1.1 401 ")


def test_too_many_at_once_are_turned_away(cluster):
    proxy, origins = cluster
    proceed = threading.Event()
    everybody_asks = threading.Semaphore(0)

    def wait(handler):
        everybody_asks.release()
        proceed.wait(20)
        return origins["a"].answer(handler)

    origins["a"].instead = wait
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        asking = [pool.submit(proxy.ask_cluster, "/api/v1/streams") for _ in range(16)]
        for _ in range(16):
            assert everybody_asks.acquire(timeout=10)
        answer = proxy.ask_cluster("/api/v1/streams")
        assert answer.status == 503 and answer.headers["Retry-After"]
        proceed.set()
        assert all(future.result().status == 200 for future in asking)
    proxy.wait_for_metric("srsproxy_limit_rejections_total", 1, reason="cluster_requests")
    assert proxy.ask_cluster("/api/v1/streams").status == 200


def test_a_proxy_that_stops_gives_up_asking(cluster):
    proxy, origins = cluster
    asked = threading.Event()
    proceed = threading.Event()

    def wait(handler):
        asked.set()
        proceed.wait(20)

    origins["a"].instead = wait
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        asking = pool.submit(proxy.ask_cluster, "/api/v1/streams")
        assert asked.wait(10)
        proxy.stop()
        # Its patience with sessions is shorter than with an origin.
        assert not proxy.records("stopping with sessions left")
        assert "a" in asking.result().json["missing"]
    proceed.set()


def test_https(lab, tmp_path):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1", "-subj",
                    "/CN=localhost", "-keyout", tmp_path / "key.pem", "-out",
                    tmp_path / "cert.pem"], check=True, capture_output=True)
    port = free_port()
    proxy = lab.proxy(origin(lab, "a", streams=1), CLUSTER_API="on",
                      HTTPS_API=f"127.0.0.1:{port}", TLS_CERT=tmp_path / "cert.pem",
                      TLS_KEY=tmp_path / "key.pem")
    trusting = ssl.create_default_context(cafile=tmp_path / "cert.pem")
    trusting.check_hostname = False
    with urllib.request.urlopen(f"https://127.0.0.1:{port}/api/v1/streams", timeout=20,
                                context=trusting) as answer:
        assert len(json.load(answer)["streams"]) == 1
    assert proxy.metric("srsproxy_tls_cert_expiry_timestamp_seconds", listener="https_api") > 0
