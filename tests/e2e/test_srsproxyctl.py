"""srsproxyctl against a running proxy."""

import subprocess

import pytest

from support.ctl import ctl, ctl_running
from support.ports import free_port
from support.waiting import wait_until


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
    proxy.wait_for_metric("srsproxy_origins", 4)
    assert ctl(proxy, "origin", "deregister", "gamma").code == 2, "nobody is there to say yes"
    proxy.wait_for_metric("srsproxy_origins", 4)
    assert ctl(proxy, "origin", "deregister", "gamma", "--yes").code == 0
    proxy.wait_for_metric("srsproxy_origins", 3)
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


def publish(lab, proxy, name):
    publisher = lab.client(proxy.rtmp_port).open()
    assert publisher.publish(name)["level"] == "status"
    return publisher


def origin_of(proxy, key):
    return ctl(proxy, "stream", "get", key, "-o", "json").json["originId"]


def test_a_cordoned_origin_gets_no_new_streams(lab, proxy, origins):
    for server in ("alpha-1", "alpha-2"):
        tried = ctl(proxy, "origin", "cordon", server, "--dry-run")
        assert tried.code == 0, tried.err
        assert ctl(proxy, "origin", "cordon", server).code == 0
    cordoned = ctl(proxy, "origin", "list", "--filter", "admin=cordoned", "-o", "name").out.split()
    assert cordoned == ["alpha-1-fake-1", "alpha-2-fake-1"]
    for number in range(4):
        publish(lab, proxy, f"stream{number}")
        assert origin_of(proxy, f"live/stream{number}") == "beta-fake-1"
    assert ctl(proxy, "origin", "uncordon", "alpha-1").code == 0
    left = ctl(proxy, "origin", "list", "--filter", "admin=cordoned", "-o", "name").out.split()
    assert left == ["alpha-2-fake-1"]


def test_an_override_holds_until_it_is_cleared(proxy):
    decided = ctl(proxy, "origin", "set", "beta", "--weight", "2.5", "--zone", "east",
                  "--label", "disk=ssd", "-o", "json")
    assert decided.code == 0, decided.err
    origin = ctl(proxy, "origin", "get", "beta", "-o", "json").json
    assert (origin["weight"], origin["zone"], origin["labels"]) == (2.5, "east", {"disk": "ssd"})
    assert ctl(proxy, "origin", "set", "beta", "--clear", "weight,zone,labels").code == 0
    origin = ctl(proxy, "origin", "get", "beta", "-o", "json").json
    assert (origin["weight"], origin["zone"], origin["labels"]) == (1, "", {})
    assert ctl(proxy, "origin", "set", "beta", "--weight", "-1").code == 2
    assert ctl(proxy, "origin", "set", "gamma", "--weight", "1").code == 3
    assert ctl(proxy, "origin", "set", "alpha", "--weight", "1").code == 2, "ambiguous"


def test_a_pinned_stream_goes_to_its_server(lab, proxy):
    assert ctl(proxy, "stream", "pin", "live/pinned", "beta").code == 0
    assert "beta" in ctl(proxy, "stream", "pins").out
    publish(lab, proxy, "pinned")
    assert origin_of(proxy, "live/pinned") == "beta-fake-1"
    assert ctl(proxy, "stream", "unpin", "live/pinned").code == 0
    assert ctl(proxy, "stream", "unpin", "live/pinned").code == 3
    assert ctl(proxy, "stream", "pin", "live/pinned", "gamma").code == 3


def test_a_stream_is_moved_with_its_publisher(lab, proxy, origins):
    publisher = publish(lab, proxy, "moved")
    here = origin_of(proxy, "live/moved")
    there = next(origin for origin in origins if origin.origin_id != here)
    waits = ctl(proxy, "stream", "move", "live/moved", there.server)
    assert waits.code == 2, "nobody is there to say yes"
    assert origin_of(proxy, "live/moved") == here
    moved = ctl(proxy, "stream", "move", "live/moved", there.server, "--kick", "--yes", "--wait",
                "--wait-timeout", "20s")
    assert moved.code == 0, moved.err
    publisher.wait_for_close()
    publish(lab, proxy, "moved")
    assert origin_of(proxy, "live/moved") == there.origin_id


def test_an_origin_is_drained_with_its_publishers(lab, proxy, origins):
    publish(lab, proxy, "drained")
    here = origin_of(proxy, "live/drained")
    drained = ctl(proxy, "origin", "drain", here, "--deadline", "0", "--yes", "--wait",
                  "--wait-timeout", "20s")
    assert drained.code == 0, drained.err
    assert "0 streams left" in drained.err
    assert ctl(proxy, "stream", "list", "--origin", here, "-o", "name").out == ""
    publish(lab, proxy, "drained")
    assert origin_of(proxy, "live/drained") != here


def test_a_stream_is_released(lab, proxy):
    publisher = publish(lab, proxy, "released")
    in_use = ctl(proxy, "stream", "release", "live/released", "--yes")
    assert in_use.code == 6 and "STREAM_LIVE" in in_use.err
    assert ctl(proxy, "stream", "release", "live/released", "--force", "--yes").code == 0
    publisher.wait_for_close()
    assert ctl(proxy, "stream", "release", "live/never", "--yes").code == 3


def test_sessions_are_listed_and_kicked(lab, proxy):
    publisher = publish(lab, proxy, "kicked")
    other = publish(lab, proxy, "kept")
    listed = ctl(proxy, "session", "list", "--stream", "live/kicked", "-o", "json").json["sessions"]
    assert [(session["role"], session["stream"]) for session in listed] == [
        ("ROLE_PUBLISHER", "__defaultVhost__/live/kicked")]
    assert ctl(proxy, "session", "kick", listed[0]["id"]).code == 2
    assert ctl(proxy, "session", "kick", listed[0]["id"], "--yes").code == 0
    publisher.wait_for_close()
    assert ctl(proxy, "session", "kick", listed[0]["id"], "--yes").code == 3
    wait_until(lambda: ctl(proxy, "session", "list", "-o", "name").out.count("\n") == 1,
               "only the other session is left")
    other.close()


def test_events_are_watched_and_kept(lab, proxy):
    watch = ctl_running(lab, proxy, "event", "watch", "--snapshot", "-o", "jsonl")
    watch.wait_for_line("beta-fake-1")  # The snapshot is there.
    publish(lab, proxy, "seen")
    line = watch.wait_for_line("__defaultVhost__/live/seen")
    assert "EVENT_KIND_STREAM_ADDED" in line
    listed = ctl(proxy, "event", "list", "--stream", "live/seen", "--since", "1h", "-o", "json")
    assert listed.json["events"][-1]["kind"] == "EVENT_KIND_STREAM_ADDED"


def test_a_watched_list_outlives_the_proxy(lab, origins):
    proxy = lab.proxy(*origins)
    watch = ctl_running(lab, proxy, "origin", "list", "--watch")
    watch.wait_for_line("beta-fake-1")
    proxy.process.stop()
    watch.wait_for_line("trying again")
    lab.proxy(*origins[:2], GRPC_SERVER=f"127.0.0.1:{proxy.grpc_port}")
    removed = watch.wait_for_line("removed", timeout=30)
    assert "beta-fake-1" in removed


def test_a_rebalance_evens_out_idle_streams(lab, proxy):
    planned = ctl(proxy, "rebalance", "plan", "-o", "json")
    assert planned.code == 0, planned.err
    assert planned.json["moves"] == []
    nothing = ctl(proxy, "rebalance", "apply", "--yes")
    assert nothing.code == 0 and "nothing to move" in nothing.err
    assert ctl(proxy, "rebalance", "apply", "no-such-plan", "--yes").code == 3
    assert ctl(proxy, "rebalance", "get", "no-such-plan").code == 3


def test_settings_are_changed_while_it_runs(proxy):
    values = ctl(proxy, "config", "get", "rtmp_server", "log_level", "-o", "json").json["values"]
    assert {value["name"]: value["source"] for value in values} == {
        "rtmp_server": "SETTING_SOURCE_ENVIRONMENT", "log_level": "SETTING_SOURCE_ENVIRONMENT"}
    changed = ctl(proxy, "config", "set", "log_level=warn")
    assert changed.code == 0 and "runtime" in changed.out, changed.err
    assert ctl(proxy, "config", "set", "log_level=").code == 0
    shown = ctl(proxy, "config", "get", "log_level", "-o", "json").json["values"][0]
    assert (shown["value"], shown["source"]) == ("debug", "SETTING_SOURCE_ENVIRONMENT")
    restart = ctl(proxy, "config", "set", "workers=1")
    assert restart.code == 6 and "NEEDS_RESTART" in restart.err
    assert ctl(proxy, "config", "reload", "--dry-run").code == 0


def test_check_reports_to_scripts_whether_all_is_well(proxy):
    assert ctl(proxy, "check").code == 0
    for server in ("alpha-1", "alpha-2", "beta"):
        assert ctl(proxy, "origin", "cordon", server).code == 0
    unhealthy = ctl(proxy, "check")
    assert unhealthy.code == 7
    assert "0 of 3 origins" in unhealthy.out
    assert ctl(f"127.0.0.1:{free_port()}", "--timeout", "2s", "check").code == 4


def test_check_warns_of_a_certificate_that_ends_soon(lab, origins, tmp_path):
    cert, key = tmp_path / "proxy.pem", tmp_path / "proxy.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                    "-subj", "/CN=proxy", "-addext", "subjectAltName=IP:127.0.0.1",
                    "-keyout", key, "-out", cert], check=True, capture_output=True)
    proxy = lab.proxy(*origins, GRPC_TLS_CERT=cert, GRPC_TLS_KEY=key)
    checked = ctl(proxy, "--tls-ca", str(cert), "check")
    assert checked.code == 0, checked.err
    assert "warning  grpc_tls_cert expires at" in checked.out
    assert ctl(proxy, "--tls-ca", str(cert), "check", "--strict").code == 7


def test_the_fleet_is_shown(proxy):
    proxies = ctl(proxy, "proxy", "list", "-o", "json").json["proxies"]
    assert [int(entry["pid"]) for entry in proxies] == [proxy.process.pid]
    top = ctl(proxy, "proxy", "top", "--interval", "200ms")
    assert top.code == 0, top.err
    assert "SESSIONS" in top.out and "beta-fake-1" in top.out


def test_a_proxy_is_drained(lab, proxy):
    publisher = publish(lab, proxy, "leaving")
    drained = ctl(proxy, "proxy", "drain", "--deadline", "0", "--yes", "--wait")
    assert drained.code == 0, drained.err
    publisher.wait_for_close()
    assert "0 sessions left" in drained.err
    assert ctl(proxy, "check").code == 7
    assert ctl(proxy, "proxy", "drain", "--yes").code == 6


def test_yaml_and_completion_can_be_read(proxy, tmp_path):
    listed = ctl(proxy, "origin", "list", "-o", "yaml")
    assert listed.code == 0 and listed.out.startswith("origins:\n- id: alpha-1-fake-1\n")
    script = ctl(proxy, "completion", "bash")
    assert script.code == 0
    (tmp_path / "completion").write_text(script.out)
    subprocess.run(["bash", "-n", tmp_path / "completion"], check=True)
