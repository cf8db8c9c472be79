"""A proxy is never its own origin: not by its address, not by a name, not through others. And a
proxy in front of a proxy is in order."""

import json
import re
import socket

import pytest

from support.ctl import ctl
from support.forwarder import Forwarder
from support.http_origin import HttpOrigin, answers
from support.ports import free_port
from support.rtmp import avc
from support.rtmp.chunks import VIDEO
from support.waiting import wait_until


def registration(server, rtmp, http=None, api=None, ip="127.0.0.1"):
    return {"ip": ip, "server": server, "service": "s", "pid": "1", "rtmp": [str(rtmp)],
            "http": [str(http)] if http else [], "api": [str(api)] if api else []}


def register(proxy, body):
    return proxy.post_register(json.dumps(body).encode())


class AsOrigin:
    """A proxy, as an origin of another one."""

    def __init__(self, proxy, server="tier"):
        self.proxy, self.server = proxy, server

    def registration(self, **changes):
        return registration(self.server, self.proxy.rtmp_port, self.proxy.http_port,
                            self.proxy.http_api_port) | changes


class Hidden(AsOrigin):
    """A proxy behind forwarders, which no address gives away."""

    def __init__(self, lab, proxy, server="hidden"):
        super().__init__(proxy, server)
        self.rtmp, self.http, self.api = (lab.run(Forwarder(port)) for port in (
            proxy.rtmp_port, proxy.http_port, proxy.http_api_port))

    def registration(self, **changes):
        return registration(self.server, self.rtmp.port, self.http.port, self.api.port) | changes

    @property
    def connections(self):
        return self.rtmp.connections + self.http.connections + self.api.connections


# ---- Own listeners


PORTS = ("rtmp_port", "http_port", "http_api_port", "api_port", "grpc_port")


@pytest.mark.parametrize("port", PORTS)
@pytest.mark.parametrize("ip", ["127.0.0.1", "localhost", "LOCALHOST.", "::ffff:127.0.0.1",
                                "0x7f000001"])
def test_an_own_listener_is_refused_with_the_reason(lab, port, ip):
    proxy = lab.proxy()
    answer = register(proxy, registration("me", getattr(proxy, port), ip=ip))
    assert answer.status == 400, answer.body
    assert answer.json["code"] != 0
    assert b"OWN_LISTENER" in answer.body and b"this proxy's own" in answer.body
    proxy.wait_for_metric("srsproxy_heartbeats_total", 1, result="rejected")
    listed = ctl(proxy, "origin", "list")
    assert "this proxy's own" in listed.out + listed.err
    wait_until(lambda: proxy.records("origin registration refused"), "it is logged")


def own_addresses():
    """All that this machine has, as texts."""
    found = {"127.0.0.1", "127.9.9.9"}
    with open("/proc/net/fib_trie", encoding="ascii") as table:
        found |= set(re.findall(r"\|-- (\S+)\n\s+/32 host LOCAL", table.read()))
    with open("/proc/net/if_inet6", encoding="ascii") as table:
        for line in table:
            address = socket.inet_ntop(socket.AF_INET6, bytes.fromhex(line.split()[0]))
            if not address.startswith("fe80"):
                found.add(address)
    return sorted(found)


def test_every_address_of_the_machine_is_an_own_one_for_a_wildcard_listener(lab):
    port = free_port()
    proxy = lab.proxy(RTMP_SERVER=port)
    for ip in own_addresses():
        answer = register(proxy, registration("me", port, ip=ip))
        assert (answer.status, b"OWN_LISTENER" in answer.body) == (400, True), (ip, answer.body)
        assert register(proxy, registration("other", port + 1, ip=ip)).status == 200


def test_an_agent_learns_it_too(lab):
    proxy = lab.proxy()
    for port in ("rtmp_port", "http_port"):
        refused = ctl(proxy, "origin", "register", "--ip", "127.0.0.1", "--server", "me",
                      "--service", "s", "--pid", "1", "--rtmp", str(getattr(proxy, port)))
        assert refused.code == 6, (refused.out, refused.err)
        assert "this proxy's own" in refused.err


@pytest.mark.parametrize("ip", ["127.0.0.1", "localhost"])
def test_the_default_backend_is_never_the_proxy_itself(lab, ip):
    port = free_port()
    proxy = lab.spawn_proxy(RTMP_SERVER=f"127.0.0.1:{port}", DEFAULT_BACKEND_ENABLED="on",
                            DEFAULT_BACKEND_IP=ip, DEFAULT_BACKEND_RTMP=port)
    assert proxy.process.wait() != 0
    assert "PROXY_DEFAULT_BACKEND" in proxy.process.output()
    assert "rtmp_server" in proxy.process.output()


def test_what_was_registered_before_a_restart_is_checked_again(lab):
    """The port of an origin may become the proxy's own."""
    state = lab.folder / "state"
    state.mkdir()
    port = free_port()
    before = lab.proxy(STATE_DIR=state)
    assert register(before, registration("me", port)).status == 200
    assert register(before, registration("other", free_port())).status == 200
    before.stop()
    after = lab.proxy(STATE_DIR=state, RTMP_SERVER=f"127.0.0.1:{port}")
    wait_until(lambda: [record["origin"] for record in after.records("origin left")] == ["me-s-1"],
               "it is forgotten")
    assert "this proxy's own rtmp_server" in after.records("origin left")[0]["why"]
    assert "other" in ctl(after, "origin", "list").out
    # Nobody tried it.
    after.wait_for_metric("srsproxy_origin_failures_total", 0)


# ---- Addresses that no origin has


@pytest.mark.parametrize("ip, kind", [
    ("169.254.169.254", "link-local"), ("::ffff:169.254.169.254", "link-local"),
    ("0xa9fea9fe", "link-local"), ("fe80::1", "link-local"), ("224.0.0.1", "multicast"),
    ("ff02::1", "multicast"), ("255.255.255.255", "broadcast"), ("::ffff:0.0.0.0", "unspecified")])
def test_an_address_that_no_origin_has_is_refused(lab, ip, kind):
    proxy = lab.proxy()
    answer = register(proxy, registration("odd", 1935, ip=ip))
    assert answer.status == 403, answer.body
    assert b"ADDRESS_FORBIDDEN" in answer.body and kind.encode() in answer.body
    assert b"PROXY_ORIGIN_NETWORKS" in answer.body


def test_networks_may_name_it(lab):
    proxy = lab.proxy(ORIGIN_NETWORKS="127.0.0.0/8,169.254.7.0/24")
    assert register(proxy, registration("near", 1935, ip="169.254.7.1")).status == 200
    assert register(proxy, registration("meta", 1935, ip="169.254.169.254")).status == 403


def test_networks_that_hold_everything_do_not_name_it(lab):
    proxy = lab.proxy(ORIGIN_NETWORKS="0.0.0.0/0,::/0")
    assert register(proxy, registration("plain", 1935, ip="192.0.2.1")).status == 200
    answer = register(proxy, registration("meta", 1935, ip="169.254.169.254"))
    assert (answer.status, b"ADDRESS_FORBIDDEN" in answer.body) == (403, True)


def test_a_narrower_setting_ends_what_it_no_longer_holds(lab):
    proxy = lab.proxy(ORIGIN_NETWORKS="192.0.2.0/24,198.51.100.0/24")
    assert register(proxy, registration("stays", 1935, ip="192.0.2.1")).status == 200
    assert register(proxy, registration("goes", 1935, ip="198.51.100.1")).status == 200
    assert ctl(proxy, "config", "set", "origin_networks=192.0.2.0/24").code == 0
    wait_until(lambda: [record["origin"] for record in proxy.records("origin left")] ==
               ["goes-s-1"], "the other one leaves")


# ---- Loops that only the mark tells


def sessions(*proxies):
    """Those that have ended, in all; none is left."""
    for proxy in proxies:
        proxy.wait_for_metric("srsproxy_sessions", 0)
    return sum(proxy.metric("srsproxy_sessions_total") for proxy in proxies)


def loops(proxy, protocol):
    return proxy.metric("srsproxy_sessions_total", protocol=protocol, reason="loop")


def one_proxy(lab):
    proxy = lab.proxy()
    hidden = Hidden(lab, proxy)
    proxy.register(hidden)
    return [proxy]


def two_proxies(lab):
    one, other = lab.proxy(), lab.proxy()
    one.register(AsOrigin(other, "other"))
    other.register(AsOrigin(one, "one"))
    return [one, other]


@pytest.fixture(params=[one_proxy, two_proxies])
def circle(lab, request):
    return request.param(lab)


@pytest.mark.parametrize("role", ["publish", "play"])
def test_rtmp_in_a_circle_is_refused_in_words_at_once(lab, circle, role):
    client = lab.client(circle[0].rtmp_port).open()
    status = getattr(client, role)("round")
    assert status["level"] == "error"
    assert "loop" in status["description"]
    client.wait_for_close()
    wait_until(lambda: loops(circle[0], "rtmp") == 1, "the reason is counted")
    assert sessions(*circle) == 1 + len(circle)
    ended = circle[0].wait_for_session_end(reason="loop")
    assert len(ended) == 1 and "same srsproxy" in ended[0]["detail"]
    assert len(circle[0].records("loop refused")) == 1


def test_flv_in_a_circle_is_refused(lab, circle, wire):
    answer = wire(circle[0]).get("/live/round.flv")
    assert answer.status == 508
    assert b"loop" in answer.body
    wait_until(lambda: loops(circle[0], "http_flv") == 1, "the reason is counted")
    assert sessions(*circle) == 1 + len(circle)


@pytest.mark.parametrize("path", ["/live/round.m3u8", "/live/round-1.ts"])
def test_hls_in_a_circle_is_refused(lab, circle, wire, path):
    answer = wire(circle[0]).get(path)
    assert answer.status == 508
    assert b"loop" in answer.body
    assert sum(proxy.metric("srsproxy_http_responses_total", code="508")
               for proxy in circle) == 1 + len(circle)


def test_the_clusters_api_does_not_ask_in_a_circle(lab):
    proxy = lab.proxy(CLUSTER_API="on")
    hidden = Hidden(lab, proxy)
    proxy.register(hidden)
    answer = proxy.ask_cluster("/api/v1/streams")
    assert answer.status == 502
    assert hidden.connections == 1


def test_a_name_that_leads_home_is_never_connected_to(lab):
    """It was registered when nobody could say where it leads; `0x7f000001` stands for that."""
    port = free_port()
    proxy = lab.proxy(RTMP_SERVER=f"127.0.0.1:{port}", DEFAULT_BACKEND_ENABLED="on",
                      DEFAULT_BACKEND_IP="0x7f000001", DEFAULT_BACKEND_RTMP=port)
    status = lab.client(port).open().play("home")
    assert status["level"] == "error" and "loop" in status["description"]
    assert "127.0.0.1" not in status["description"], "no address of the inside"
    wait_until(lambda: loops(proxy, "rtmp") == 1, "the reason is counted")
    assert sessions(proxy) == 1
    assert proxy.metric("srsproxy_origin_failures_total", reason="forbidden") >= 1


def test_a_name_that_leads_to_the_metadata_service_is_never_connected_to(lab):
    proxy = lab.proxy(DEFAULT_BACKEND_ENABLED="on", DEFAULT_BACKEND_IP="0xa9fea9fe",
                      DEFAULT_BACKEND_RTMP=80)
    status = lab.client(proxy.rtmp_port).open().play("secrets")
    assert status["level"] == "error"
    assert "169.254" not in status["description"]
    assert proxy.metric("srsproxy_origin_failures_total", reason="forbidden") >= 1
    wait_until(lambda: any("link-local" in record["error"]
                           for record in proxy.records("origin not reached")), "the log says why")


# ---- Two tiers


def test_rtmp_passes_two_tiers(lab, clip):
    origin = lab.nginx("origin")
    inner = lab.proxy(origin)
    outer = lab.proxy(AsOrigin(inner))
    lab.publisher(outer.url("tiers"), clip)
    wait_until(lambda: origin.clients("tiers") == (1, 0), "it is published at the origin")
    player = lab.player(outer.url("tiers"))
    wait_until(lambda: len(player.frames()) > 20, "it plays")
    assert loops(outer, "rtmp") == loops(inner, "rtmp") == 0


def test_four_tiers_pass_and_five_do_not(lab):
    origin = lab.fake()
    proxies = [lab.proxy(origin)]
    for number in range(4):
        proxies.append(lab.proxy(AsOrigin(proxies[-1], f"tier-{number}")))
    client = lab.client(proxies[3].rtmp_port).open()
    assert client.publish("deep")["code"] == "NetStream.Publish.Start"
    client.send_media(VIDEO, avc.SEQUENCE_HEADER, 0, client.stream_id)
    wait_until(lambda: origin.session().media(VIDEO), "it arrives")
    status = lab.client(proxies[4].rtmp_port).open().publish("deeper")
    assert status["level"] == "error" and "four" in status["description"]
    wait_until(lambda: loops(proxies[0], "rtmp") == 1, "the last one refuses")


FLV = "HTTP/1.1 200 OK\nContent-Type: video/x-flv\nContent-Length: 5\nConnection: close\n\n"
PLAYLIST = b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\none-1.ts\n"


def test_flv_and_hls_pass_two_tiers(lab, wire):
    def answer(connection, request):
        if b".m3u8" in request:
            return answers(f"HTTP/1.1 200 OK\nContent-Length: {len(PLAYLIST)}\n\n",
                           PLAYLIST)(connection, request)
        return answers(FLV, b"media")(connection, request)

    origin = lab.fake(lambda server: HttpOrigin(answer, server))
    inner = lab.proxy(origin)
    outer = lab.proxy(AsOrigin(inner))
    assert wire(outer).get("/live/one.flv").body == b"media"
    playlist = wire(outer).get("/live/one.m3u8")
    assert playlist.status == 200 and b"one-1.ts" in playlist.body
    hops = [re.search(r"X-Srsproxy-Hops: (.*)\r\n", origin.request(count))[1].split(", ")
            for count in (1, 2)]
    assert len(hops[0]) == 2 and hops[0] == hops[1]
    assert all(re.fullmatch("[0-9a-f]{16}", hop) for hop in hops[0])


# ---- The mark


@pytest.mark.parametrize("given, passed", [
    (["X-Srsproxy-Hops: 00000000000000aa"], ["00000000000000aa"]),
    (["x-srsproxy-hops: 00000000000000AA", "X-Srsproxy-Hops: 00000000000000bb"],
     ["00000000000000aa", "00000000000000bb"]),
    (["X-Srsproxy-Hops: what, is, this, 00000000000000aa"], ["00000000000000aa"]),
    (["X-Srsproxy-Hops: " + "f" * 5000], []),
    (["X-Srsproxy-Hops:"], []),
])
def test_the_mark_of_anybody_is_passed_on(lab, wire, given, passed):
    origin = lab.fake(lambda server: HttpOrigin(answers(FLV, b"media"), server))
    proxy = lab.proxy(origin)
    assert wire(proxy).get("/live/one.flv", *given).status == 200
    hops = re.findall(r"(?i)X-Srsproxy-Hops: (.*)\r\n", origin.request())
    assert len(hops) == 1
    assert hops[0].split(", ")[1:] == passed


def test_four_ids_are_refused_and_never_logged(lab, wire):
    proxy = lab.proxy(lab.fake())
    ids = [f"abcdef00000000{number:02}" for number in range(10)]
    for target in ("/live/one.flv", "/live/one.m3u8"):
        answer = wire(proxy).get(target, "X-Srsproxy-Hops: " + ", ".join(ids))
        assert answer.status == 508
        assert b"four" in answer.body and b"abcdef" not in answer.body
    wait_until(lambda: loops(proxy, "http_flv") == 1, "the reason is counted")
    assert "abcdef" not in proxy.process.output()
    assert wire(proxy).get("/healthz", "X-Srsproxy-Hops: " + ", ".join(ids)).status != 508
