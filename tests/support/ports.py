"""TCP ports that nothing uses, and that no other test is given while this process lives."""

import pathlib
import random
import socket

_FIRST, _LAST = 10000, 32000


def _last():
    """Below the range from which Linux takes the local ports of outgoing connections, where that
    leaves enough: a port of that range may be taken between the look and its use."""
    try:
        low = int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return _LAST
    return min(_LAST, low - 1) if low > _FIRST + 2000 else _LAST


_reserved = []


def is_free(port, host="127.0.0.1"):
    with socket.socket() as probe:
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def _reserve(port):
    """Takes the port's name among all test processes; the kernel frees it when this one ends."""
    name = socket.socket(socket.AF_UNIX)
    try:
        name.bind(f"\0srsproxy-test-port-{port}")
    except OSError:
        name.close()
        return False
    _reserved.append(name)
    return True


def free_port():
    last = _last()
    for _ in range(1000):
        port = random.randint(_FIRST, last)
        if is_free(port, "0.0.0.0") and _reserve(port):
            return port
    raise RuntimeError(f"no free TCP port between {_FIRST} and {last}")
