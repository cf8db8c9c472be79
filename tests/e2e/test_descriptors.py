"""Too few descriptors, and those that were closed before the start."""

import contextlib
import os
import random
import socket

import pytest

from support.ctl import ctl
from support.rtmp.connection import Client
from support.waiting import wait_until


def limited(count):
    return ["/bin/bash", "-c", f'ulimit -n {count}; exec "$0"']


def publishes(proxy):
    try:
        with Client(proxy.rtmp_port) as client:
            return client.open().publish("s")["level"] == "status"
    except OSError:
        return False  # Those that have left are still in its place.


@pytest.mark.parametrize("count", [80, 300])
def test_the_control_plane_outlives_a_time_without_descriptors(lab, count):
    """gRPC's own listener would be closed for good."""
    origin = lab.fake()
    proxy = lab.proxy(origin, under=limited(count))
    ports = [proxy.rtmp_port, proxy.http_port, proxy.http_api_port, proxy.api_port,
             proxy.grpc_port, proxy.grpc_port]
    ports = random.Random(count).sample(ports * count, 4 * count)
    with contextlib.ExitStack() as crowd:
        for port in ports:
            crowd.enter_context(socket.create_connection(("127.0.0.1", port), 5))
        wait_until(lambda: proxy.process.open_files() >= count * 3 // 4, "it is full")
    wait_until(lambda: ctl(proxy, "origin", "list", "--timeout", "2s").code == 0,
               "the control plane answers", 30)
    wait_until(lambda: proxy.get("/healthz").status == 200, "the System API answers")
    wait_until(lambda: publishes(proxy), "a client publishes")


def test_clients_of_grpc_leave_descriptors_to_all_others(lab):
    origin = lab.fake()
    proxy = lab.proxy(origin, under=limited(300))
    with contextlib.ExitStack() as crowd:
        for _ in range(400):
            crowd.enter_context(socket.create_connection(("127.0.0.1", proxy.grpc_port), 5))
        wait_until(lambda: proxy.metric("srsproxy_limit_rejections_total",
                                        reason="descriptors") > 0, "a refused connection")
        assert publishes(proxy)


@pytest.mark.parametrize("count", [12, 20, 40, 50])
def test_too_few_to_start_are_reported(lab, count):
    proxy = lab.spawn_proxy(under=limited(count), WORKERS="4")
    assert proxy.process.wait(20) == 1
    assert "cannot start" in proxy.process.output()


@pytest.mark.parametrize("closed", [{1}, {2}, {1, 2}])
def test_a_closed_standard_stream_is_no_number_for_a_socket(lab, closed):
    redirections = " ".join(f"{number}>&-" for number in closed)
    proxy = lab.proxy(under=["/bin/bash", "-c", f'exec "$0" {redirections}'])
    assert {os.readlink(f"/proc/{proxy.process.pid}/fd/{number}")
            for number in closed} == {"/dev/null"}
