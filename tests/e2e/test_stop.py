"""The end that nothing holds up: a log that nobody reads, a name server that is silent, files that
block, signals at any time. (Ordinary ends: test_life_cycle.)"""

import fcntl
import os
import signal
import socket
import subprocess
import threading
import time

import pytest

from support.waiting import wait_until

FORCED = 3
F_SETPIPE_SZ = 1031


@pytest.fixture
def full_log(lab):
    """Starts a proxy whose log is a full pipe that nobody reads."""
    reading, writing = os.pipe()
    size = fcntl.fcntl(writing, F_SETPIPE_SZ, 4096)
    assert os.write(writing, bytes(size)) == size

    def start(**settings):
        proxy = lab.spawn_proxy(out=writing, **settings)
        proxy.wait_until_listening()
        return proxy

    yield start
    os.close(reading)
    os.close(writing)


def ended_within(proxy, seconds):
    """The exit code."""
    started = time.monotonic()
    code = proxy.process.wait(seconds + 10)
    assert time.monotonic() - started < seconds, code
    return code


def test_sessions_go_on_while_nobody_reads_the_log(lab, full_log):
    origin = lab.fake()
    proxy = full_log()
    proxy.register(origin)
    for i in range(50):
        client = lab.client(proxy.rtmp_port).open()
        assert client.publish(f"s{i}")["level"] == "status"
        client.close()
    wait_until(lambda: proxy.get("/readyz").status == 200, "it answers")


def test_a_log_that_nobody_reads_does_not_hold_up_the_end(full_log):
    proxy = full_log()
    proxy.process.signal(signal.SIGTERM)
    assert ended_within(proxy, 10) == 0


def test_a_second_signal_ends_it_while_nobody_reads_the_log(full_log):
    proxy = full_log(SHUTDOWN_DELAY="300s", GRACE_QUIT_TIMEOUT="300s", FORCE_QUIT_TIMEOUT="600s")
    proxy.process.signal(signal.SIGTERM)
    wait_until(lambda: proxy.get("/readyz").status == 503, "/readyz says 503")
    proxy.process.signal(signal.SIGTERM)
    assert ended_within(proxy, 5) == FORCED


def test_lines_for_a_full_disk_are_counted(lab):
    with open("/dev/full", "wb") as full:
        proxy = lab.spawn_proxy(out=full.fileno())
        proxy.wait_until_listening()
        wait_until(lambda: proxy.metric("srsproxy_log_dropped_total") > 0, "dropped lines")
        proxy.process.signal(signal.SIGTERM)
        assert ended_within(proxy, 10) == 0


class LeasedFile:
    """A file whose next opening blocks, for the 45 s of a lease: what a disk that hangs does."""

    def __init__(self, path, text):
        path.write_text(text)
        self._asked = threading.Event()
        self._former = signal.signal(signal.SIGIO, lambda *_: self._asked.set())
        self._descriptor = os.open(path, os.O_RDWR)

    def take(self):
        try:
            fcntl.fcntl(self._descriptor, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        except OSError as error:
            pytest.skip(f"no leases on this file system ({error})")

    def wait_until_opened(self):
        wait_until(self._asked.is_set, "somebody opens the file")

    def close(self):
        os.close(self._descriptor)
        signal.signal(signal.SIGIO, self._former)


@pytest.fixture
def leased(tmp_path):
    made = []

    def make(name, text):
        made.append(LeasedFile(tmp_path / name, text))
        return made[-1]

    yield make
    for file in made:
        file.close()


@pytest.fixture
def blocked_proxy(lab, tmp_path, leased):
    """Its main thread waits for the disk."""
    def start(**settings):
        config = leased("config.yaml", "log_level: debug\n")
        proxy = lab.spawn_proxy(CONFIG_FILE=tmp_path / "config.yaml", **settings)
        proxy.wait_until_listening()
        config.take()
        proxy.process.signal(signal.SIGHUP)
        config.wait_until_opened()
        return proxy

    return start


def test_the_force_timeout_ends_a_blocked_process(blocked_proxy):
    proxy = blocked_proxy(FORCE_QUIT_TIMEOUT="2s")
    proxy.process.signal(signal.SIGTERM)
    assert ended_within(proxy, 4) == FORCED
    assert proxy.process.lines("ending by force")


def test_a_second_signal_ends_a_blocked_process(blocked_proxy):
    proxy = blocked_proxy(FORCE_QUIT_TIMEOUT="600s")
    proxy.process.signal(signal.SIGTERM)
    proxy.process.signal(signal.SIGINT)
    assert ended_within(proxy, 3) == FORCED


def test_the_force_timeout_ends_it_with_sessions_left(lab):
    proxy = lab.spawn_proxy(SHUTDOWN_DELAY="300s", FORCE_QUIT_TIMEOUT="1s")
    proxy.wait_until_listening()
    proxy.process.signal(signal.SIGTERM)
    assert ended_within(proxy, 4) == FORCED
    proxy.assert_sound()


def test_a_signal_while_it_starts(lab, tmp_path, leased):
    """Its state is on a disk that hangs."""
    state = leased("state.json", '{"version":1}')
    state.take()
    proxy = lab.spawn_proxy(STATE_DIR=tmp_path, FORCE_QUIT_TIMEOUT="2s")
    state.wait_until_opened()
    proxy.process.signal(signal.SIGTERM)
    assert ended_within(proxy, 4) == FORCED


@pytest.mark.parametrize("milliseconds", [0, 5, 10, 20, 40, 80, 160])
def test_a_signal_at_any_time_of_the_start(lab, milliseconds):
    proxy = lab.spawn_proxy()
    time.sleep(milliseconds / 1000)  # Not to wait for anything: to be early.
    proxy.process.signal(signal.SIGTERM)
    # Until signals are taken it has nothing to see to: the signal itself ends it.
    assert ended_within(proxy, 10) in (0, -signal.SIGTERM)
    proxy.assert_sound()


@pytest.fixture
def silent_name_server(tmp_path):
    """The command to start a program by, and its only name server, which never answers."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    resolv = tmp_path / "resolv.conf"
    resolv.write_text("nameserver 127.0.0.77\noptions timeout:20 attempts:3\n")
    names = tmp_path / "nsswitch.conf"
    names.write_text("hosts: dns\n")
    under = ["unshare", "--mount", "sh", "-c",
             f"mount --bind {resolv} /etc/resolv.conf && "
             f"(mount --bind {names} /etc/nsswitch.conf || true) && exec \"$@\"", "sh"]
    try:
        server.bind(("127.0.0.77", 53))
        subprocess.run([*under, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        server.close()
        pytest.skip(f"needs root: port 53 and a mount namespace of its own ({error})")
    server.settimeout(20)
    yield under, server
    server.close()


def test_a_silent_name_server_does_not_hold_up_the_end(lab, silent_name_server):
    under, server = silent_name_server
    proxy = lab.spawn_proxy(under=under, GRACE_QUIT_TIMEOUT="1s", FORCE_QUIT_TIMEOUT="10s")
    proxy.wait_until_listening()
    proxy.register(lab.fake(), ip="origin.example")
    viewer = lab.client(proxy.rtmp_port).open()
    viewer.command("play", 3, None, "cam", stream_id=viewer.stream_id, csid=8)
    assert server.recvfrom(512), "the name is asked for"
    proxy.process.signal(signal.SIGTERM)
    assert ended_within(proxy, 8) == 0
