"""TCP ports that nothing uses at this moment."""

import random
import socket

# Below the range from which Linux takes the local ports of outgoing connections.
_FIRST, _LAST = 10000, 32000


def is_free(port, host="127.0.0.1"):
    with socket.socket() as probe:
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def free_port():
    for _ in range(1000):
        port = random.randint(_FIRST, _LAST)
        if is_free(port, "0.0.0.0"):
            return port
    raise RuntimeError(f"no free TCP port between {_FIRST} and {_LAST}")
