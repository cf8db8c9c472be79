"""Clients that leave at once, while the proxy is busy with what they asked for."""

import socket
import struct

import pytest

from support.http_origin import HttpOrigin, answers, chunk
from support.waiting import wait_until

ASK = b"GET /live/one.flv HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
OK = answers("HTTP/1.1 200 OK\nContent-Type: video/x-flv\nTransfer-Encoding: chunked\n\n",
             chunk(b"FLV"), b"0\r\n\r\n")
TIMES = 200
VIEWER = {"protocol": "http_flv", "role": "viewer"}


def leave(port, request, reset):
    """Says it and is gone: by an orderly end, or by a reset."""
    with socket.create_connection(("127.0.0.1", port), 20) as client:
        client.sendall(request)
        if reset:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def ends_as_counted(proxy):
    counted = proxy.metric("srsproxy_sessions_total", **VIEWER)
    ended = proxy.session_ends(**VIEWER)
    return ended if len(ended) == counted else None


@pytest.mark.parametrize("reset", [False, True], ids=["in order", "by a reset"])
def test_viewers_who_leave_at_once_end_only_themselves(lab, reset):
    """The pick succeeds when its viewer is gone already."""
    proxy = lab.proxy(lab.fake(lambda server: HttpOrigin(OK, server)))
    files = proxy.descriptors()
    for _ in range(TIMES):
        leave(proxy.http_port, ASK, reset)
    if not reset:  # Which may take the request with it.
        proxy.wait_for_metric("srsproxy_sessions_total", TIMES, **VIEWER)
    proxy.wait_for_metric("srsproxy_connections", 0, listener="http")
    proxy.wait_for_metric("srsproxy_sessions", 0)
    # The last ones may not be accepted yet: whenever it is looked at, each is counted and told.
    ended = wait_until(lambda: ends_as_counted(proxy), "each end is counted and told")
    assert 0 < len(ended) <= TIMES
    assert {end["reason"] for end in ended} <= {"closed"}
    proxy.wait_for_descriptors(files)
