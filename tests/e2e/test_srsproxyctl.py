"""srsproxyctl against a running proxy."""

import pytest

from support.ctl import ctl
from support.ports import free_port


@pytest.fixture
def origins(lab):
    return [lab.fake(server="alpha-1"), lab.fake(server="alpha-2"), lab.fake(server="beta")]


@pytest.fixture
def proxy(lab, origins):
    return lab.proxy(*origins)


def test_origins_are_listed_in_every_format(proxy, origins):
    table = ctl(proxy, "origin", "list")
    assert table.code == 0
    for origin in origins:
        assert origin.server in table.out
    names = ctl(proxy, "origin", "list", "-o", "name")
    assert sorted(names.out.split()) == sorted(origin.origin_id for origin in origins)
    listed = ctl(proxy, "origin", "list", "-o", "json").json["origins"]
    assert [entry["registration"]["server"] for entry in listed] == ["alpha-1", "alpha-2", "beta"]
    assert {entry["health"] for entry in listed} == {"ORIGIN_HEALTH_HEALTHY"}


@pytest.mark.parametrize("selector, code", [
    ("beta", 0), ("bet", 0), ("beta-fake-1", 0),
    ("alpha-2", 0), ("alpha", 2), ("gamma", 3),
])
def test_an_origin_is_selected_by_server_id_or_unique_prefix(proxy, selector, code):
    result = ctl(proxy, "origin", "get", selector, "-o", "name")
    assert result.code == code, result.err
    if code == 0:
        assert result.out.startswith(selector)
    else:
        assert result.err.startswith("Error: ")
        assert not result.out


def test_registering_and_deregistering_by_hand(proxy):
    registered = ctl(proxy, "origin", "register", "--ip", "192.0.2.1", "--server", "gamma",
                     "--service", "run1", "--pid", "9", "--rtmp", "1935")
    assert registered.code == 0, registered.err
    assert proxy.metric("srsproxy_origins") == 4
    assert ctl(proxy, "origin", "deregister", "gamma").code == 2, "nobody is there to say yes"
    assert proxy.metric("srsproxy_origins") == 4
    assert ctl(proxy, "origin", "deregister", "gamma", "--yes").code == 0
    assert proxy.metric("srsproxy_origins") == 3
    assert ctl(proxy, "origin", "get", "gamma").code == 3


def test_a_stream_is_shown_where_it_is(lab, proxy, origins):
    publisher = lab.client(proxy.rtmp_port).open()
    assert publisher.publish("seen")["level"] == "status"
    holder = next(origin for origin in origins if origin.sessions)
    listed = ctl(proxy, "stream", "list", "-o", "json").json["streams"]
    assert [(entry["key"], entry["originId"]) for entry in listed] == [
        ("__defaultVhost__/live/seen", holder.origin_id)]
    for spelling in ("live/seen", "__defaultVhost__/live/seen", proxy.url("seen")):
        assert holder.origin_id in ctl(proxy, "stream", "get", spelling).out
        explained = ctl(proxy, "stream", "explain", spelling)
        assert explained.code == 0 and holder.origin_id in explained.out
    assert ctl(proxy, "stream", "get", "live/unseen").code == 3
    assert ctl(proxy, "stream", "explain", "live/unseen").code == 0
    assert ctl(proxy, "stream", "get", "no-stream-name").code == 2


def test_the_proxy_shows_itself(proxy):
    shown = ctl(proxy, "proxy", "get", "-o", "json").json
    assert int(shown["pid"]) == proxy.process.pid
    assert int(shown["origins"]) == 3
    assert f"127.0.0.1:{proxy.rtmp_port}" in {entry["address"] for entry in shown["listeners"]}


def test_an_endpoint_that_is_not_there_is_named(proxy):
    nowhere = f"127.0.0.1:{free_port()}"
    result = ctl(nowhere, "--timeout", "2s", "proxy", "get")
    assert result.code == 4
    assert nowhere in result.err
    assert ctl(f"{nowhere},127.0.0.1:{proxy.grpc_port}", "proxy", "get").code == 0


def test_a_wrong_command_line_is_usage(proxy):
    for arguments in (["origin"], ["origin", "lost"], ["origin", "list", "-o", "prose"],
                      ["--no-such-flag"]):
        assert ctl(proxy, *arguments).code == 2, arguments
