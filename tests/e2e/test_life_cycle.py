"""Starting, refusing to start, and stopping: messages and exit codes."""

import signal
import socket
import subprocess

import pytest

from support.ctl import ctl
from support.ports import free_port
from support.proxy import binary, clean_environment
from support.rtmp.connection import Client
from support.waiting import wait_until


def refused(lab, code=None, **settings):
    """What a proxy that must not start says before it ends, in lower case."""
    proxy = lab.spawn_proxy(**settings)
    ended = proxy.process.wait(20)
    proxy.assert_sound()
    assert ended != 0 if code is None else ended == code, proxy.process.output()
    assert ended > 0, f"ended by signal {-ended}"
    return proxy.process.output().lower()


@pytest.mark.parametrize("setting", ["RTMP_SERVER", "HTTP_SERVER", "HTTP_API", "SYSTEM_API",
                                     "GRPC_SERVER"])
@pytest.mark.parametrize("host", ["127.0.0.1", ""])
def test_starting_twice_on_one_port_fails_loudly(lab, setting, host):
    first = lab.proxy()
    port = first.settings[setting].rsplit(":", 1)[1]
    if setting == "GRPC_SERVER":
        host = "127.0.0.1"  # The only one it may listen on.
    said = refused(lab, **{setting: f"{host}:{port}"})
    assert setting.lower() in said and port in said and "in use" in said
    assert first.get("/healthz").status == 200


def test_a_port_that_another_program_uses_is_named(lab):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        said = refused(lab, RTMP_SERVER=f"127.0.0.1:{port}")
    assert str(port) in said and "in use" in said


@pytest.mark.parametrize("setting, value, named", [
    ("RTMP_SERVER", "127.0.0.1:70000", "70000"),
    ("RTMP_SERVER", "somewhere", "somewhere"),
    ("SYSTEM_API", "1.2.3", "1.2.3"),
    ("HANDSHAKE_TIMEOUT", "soon", "soon"),
    ("WORKERS", "many", "many"),
    ("LOG_LEVEL", "loud", "loud"),
    ("LOAD_BALANCER_TYPE", "dice", "dice"),
    ("DEFAULT_BACKEND_ENABLED", "perhaps", "perhaps"),
    ("WEBRTC_SERVER", "18000", "WEBRTC_SERVER"),
    ("GRPC_SERVER", "0.0.0.0:12026", "GRPC_ALLOW_INSECURE"),
])
def test_a_bad_setting_is_named_and_ends_with_2(lab, setting, value, named):
    said = refused(lab, code=2, **{setting: value})
    assert f"proxy_{setting.lower()}" in said and named.lower() in said


def test_an_address_that_this_machine_does_not_have_is_named(lab):
    said = refused(lab, RTMP_SERVER="192.0.2.55:1935")
    assert "rtmp_server" in said and "192.0.2.55" in said


@pytest.mark.parametrize("settings, named", [
    ({"CONFIG_FILE": "/no/such/config.yaml"}, "/no/such/config.yaml"),
    ({"RTMPS_SERVER": "127.0.0.1:0", "TLS_CERT": "/no/such/cert.pem",
      "TLS_KEY": "/no/such/key.pem"}, "/no/such/"),
    ({"RTMPS_SERVER": "127.0.0.1:0", "TLS_CERT": "/etc/hostname", "TLS_KEY": "/etc/hostname"},
     "/etc/hostname"),
    ({"RTMPS_SERVER": "127.0.0.1:0"}, "TLS_CERT"),
    ({"HTTPS_SERVER": "127.0.0.1:0"}, "TLS_CERT"),
])
def test_a_file_that_cannot_be_read_is_named(lab, settings, named):
    assert named.lower() in refused(lab, **settings)


def run(*arguments, **environment):
    return subprocess.run([binary("srsproxy", "SRSPROXY_BIN"), *arguments], capture_output=True,
                          text=True, timeout=20, env=clean_environment() | environment,
                          check=False)


def test_help_version_and_check_config():
    assert "--rtmp-server" in run("--help").stdout
    assert run("--version").returncode == 0
    checked = run("--check-config", PROXY_RTMP_SERVER="12345", PROXY_WORKERS="3")
    assert checked.returncode == 0 and "12345" in checked.stdout
    assert run("--check-config", PROXY_WORKERS="x").returncode == 2
    unknown = run("--no-such-flag")
    assert unknown.returncode == 2 and "--no-such-flag" in unknown.stderr


def test_settings_come_from_flags_environment_and_files(lab, tmp_path):
    (tmp_path / ".env").write_text('export PROXY_WORKERS="3" # three\nPROXY_LOG_LEVEL=warn\n')
    checked = subprocess.run(
        [binary("srsproxy", "SRSPROXY_BIN"), "--check-config", "--connect-timeout", "7s"],
        cwd=tmp_path, capture_output=True, text=True, timeout=20, check=True,
        env=clean_environment() | {"PROXY_LOG_LEVEL": "error", "PROXY_UNKNOWN_THING": "1"})
    lines = checked.stdout.splitlines()
    for name, value in (("workers", "3"), ("log_level", "error"), ("connect_timeout", "7s")):
        line = next(line for line in lines if name in line.lower().replace("-", "_"))
        assert value in line.split(), line
    assert "PROXY_UNKNOWN_THING" in checked.stdout + checked.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_without_sessions_ends_it_with_0(lab, number):
    proxy = lab.proxy()
    proxy.process.signal(number)
    assert proxy.process.wait() == 0


def test_stopping_ends_sessions_gracefully_and_ends_with_0(lab):
    proxy = lab.proxy(lab.fake())
    publisher = lab.client(proxy.rtmp_port).open()
    player = lab.client(proxy.rtmp_port).open()
    assert publisher.publish("x")["level"] == "status"
    assert player.play("x")["level"] == "status"
    proxy.process.signal(signal.SIGTERM)
    publisher.wait_for_close()
    player.wait_for_close()
    assert proxy.process.wait() == 0
    ends = proxy.session_ends()
    assert [(end["side"], end["reason"]) for end in ends] == [("proxy", "shutdown")] * 2


def test_it_is_not_ready_but_accepts_while_the_shutdown_delay_lasts(lab):
    proxy = lab.proxy(lab.fake(), SHUTDOWN_DELAY="3s")
    assert proxy.get("/readyz").status == 200
    proxy.process.signal(signal.SIGTERM)
    wait_until(lambda: proxy.get("/readyz").status == 503, "/readyz says 503")
    assert proxy.get("/healthz").status == 200
    late = lab.client(proxy.rtmp_port).open()
    assert late.publish("late")["level"] == "status"
    late.wait_for_close()
    assert proxy.process.wait() == 0


def test_a_second_signal_ends_it_at_once(lab):
    proxy = lab.spawn_proxy(SHUTDOWN_DELAY="300s", GRACE_QUIT_TIMEOUT="300s",
                            FORCE_QUIT_TIMEOUT="600s")
    proxy.wait_until_listening()
    proxy.process.signal(signal.SIGTERM)
    wait_until(lambda: proxy.get("/readyz").status == 503, "/readyz says 503")
    proxy.process.signal(signal.SIGTERM)
    proxy.process.wait(15)
    proxy.assert_sound()


def test_the_force_timeout_ends_it(lab):
    proxy = lab.spawn_proxy(SHUTDOWN_DELAY="300s", FORCE_QUIT_TIMEOUT="1s")
    proxy.wait_until_listening()
    proxy.process.signal(signal.SIGTERM)
    proxy.process.wait(15)
    proxy.assert_sound()


def test_port_0_picks_one_and_logs_which(lab):
    proxy = lab.proxy(RTMP_SERVER="127.0.0.1:0")
    listeners = {entry["name"]: entry["address"]
                 for entry in ctl(proxy, "proxy", "get", "-o", "json").json["listeners"]}
    port = int(listeners["rtmp_server"].rsplit(":", 1)[1])
    assert port > 0
    assert any(str(port) in line for line in proxy.process.lines()), "the log says which"
    Client(port).close()


def test_a_bare_port_takes_both_families(lab):
    port = free_port()
    proxy = lab.proxy(lab.fake(), RTMP_SERVER=port)
    for host in ("127.0.0.1", "::1"):
        assert lab.client(port, host=host).open().publish(f"from-{len(host)}")["level"] == "status"
    proxy.wait_for_metric("srsproxy_sessions", 2)


def test_the_default_backend_needs_no_registration(lab):
    origin = lab.fake()
    proxy = lab.proxy(DEFAULT_BACKEND_ENABLED="on", DEFAULT_BACKEND_IP="127.0.0.1",
                      DEFAULT_BACKEND_RTMP=origin.rtmp_port)
    assert lab.client(proxy.rtmp_port).open().publish("x")["level"] == "status"
    assert len(origin.sessions) == 1
