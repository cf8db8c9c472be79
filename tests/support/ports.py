"""TCP ports that nothing uses, and that no other test is given while this process lives."""

import random
import socket

# Below the range from which Linux takes the local ports of outgoing connections.
_FIRST, _LAST = 10000, 32000

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
    for _ in range(1000):
        port = random.randint(_FIRST, _LAST)
        if is_free(port, "0.0.0.0") and _reserve(port):
            return port
    raise RuntimeError(f"no free TCP port between {_FIRST} and {_LAST}")
