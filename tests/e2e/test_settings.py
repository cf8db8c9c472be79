"""SIGHUP: settings that change while srsproxy runs."""

import signal
import socket

import pytest

from support.waiting import wait_until

FROM_FILE = {"LOG_LEVEL": "", "LOG_FORMAT": "", "CONFIG_FILE": "srsproxy.yaml"}


@pytest.fixture
def settings(lab):
    """The file of the first proxy, with these lines."""
    path = lab.folder / "proxy" / "srsproxy.yaml"
    path.parent.mkdir()

    def write(**lines):
        path.write_text("".join(f"{name}: {value}\n"
                                for name, value in ({"log_format": "json"} | lines).items()))

    write.path = path
    return write


def reload(proxy):
    """Sends SIGHUP, and returns what the log then says of it."""
    def told():
        return proxy.records("settings reloaded") + proxy.records(
            "settings not reloaded: those in force stay")

    before = len(told())
    proxy.process.signal(signal.SIGHUP)
    return wait_until(lambda: len(told()) > before and told(), "SIGHUP is answered")


def changes(proxy):
    return {record["setting"]: record["value"] for record in proxy.records("setting changed")}


def silent_client_is_sent_away(proxy):
    """A client that says nothing gets no further than the handshake's timeout."""
    with socket.create_connection(("127.0.0.1", proxy.rtmp_port), timeout=30) as client:
        return client.recv(1) == b""


def test_a_changed_file_takes_effect_and_live_sessions_go_on(lab, settings, clip):
    settings(handshake_timeout="1h")
    proxy = lab.proxy(lab.nginx(), **FROM_FILE)
    lab.publisher(proxy.url("show"), clip)
    player = lab.player(proxy.url("show"))
    wait_until(lambda: len(player.frames()) > 20, "the player sees the stream")

    settings(handshake_timeout="200ms", write_timeout="5s", default_backend_ip="127.0.0.2")
    reload(proxy)
    assert changes(proxy) == {"handshake_timeout": "200ms", "write_timeout": "5s"}
    waiting = proxy.records("a setting changes with the next restart only")
    assert [record["setting"] for record in waiting] == ["default_backend_ip"]
    proxy.wait_for_metric("srsproxy_config_reload_success", 1)

    assert silent_client_is_sent_away(proxy)
    seen = len(player.frames())
    wait_until(lambda: len(player.frames()) > seen + 20, "the player still sees the stream")
    assert not proxy.session_ends(role="viewer") + proxy.session_ends(role="publisher")


@pytest.mark.parametrize("text, why", [
    ("handshake_timeout: 200ms\nwrite_timeout: soon\n", "write_timeout"),
    ("handshake_timeout: 200ms\nhandshake_time: 200ms\n", "there is no such setting"),
    ("handshake_timeout: [200ms\n", "srsproxy.yaml, line"),
    (None, "No such file or directory"),
])
def test_a_broken_file_changes_nothing_and_is_logged(lab, settings, text, why):
    settings(connect_timeout="4s")
    proxy = lab.proxy(**FROM_FILE)
    settings.path.unlink() if text is None else settings.path.write_text(text)
    reload(proxy)
    refused = proxy.records("settings not reloaded: those in force stay")
    assert len(refused) == 1 and refused[0]["level"] == "error"
    assert why in refused[0]["error"]
    assert not changes(proxy)
    proxy.wait_for_metric("srsproxy_config_reload_success", 0)
    assert proxy.get("/healthz").status == 200

    settings(handshake_timeout="200ms", connect_timeout="4s")
    reload(proxy)
    assert changes(proxy) == {"handshake_timeout": "200ms"}
    proxy.wait_for_metric("srsproxy_config_reload_success", 1)
    assert silent_client_is_sent_away(proxy)


def test_the_log_follows(lab, settings):
    settings(log_level="error")
    proxy = lab.proxy(**FROM_FILE)
    assert not proxy.process.output()
    settings(log_level="info", log_format="text")
    proxy.process.signal(signal.SIGHUP)
    assert " INFO settings reloaded" in proxy.process.wait_for_line("settings reloaded")


def test_sighup_while_stopping_ends_nothing_early(lab):
    proxy = lab.proxy(SHUTDOWN_DELAY="2s")
    proxy.process.signal(signal.SIGTERM)
    wait_until(lambda: proxy.records("stopping"), "it stops")
    proxy.process.signal(signal.SIGHUP)
    assert proxy.process.running and proxy.get("/readyz").status == 503
    assert proxy.process.wait() == 0
