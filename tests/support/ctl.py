"""srsproxyctl, as an operator or a script runs it."""

import json
import subprocess

from support.proxy import binary, clean_environment


class Result:
    def __init__(self, finished):
        self.code = finished.returncode
        self.out = finished.stdout
        self.err = finished.stderr

    @property
    def json(self):
        return json.loads(self.out)


def ctl(proxy, *arguments):
    """Runs a command against `proxy`, or against its endpoint when that is a string."""
    endpoint = proxy if isinstance(proxy, str) else f"127.0.0.1:{proxy.grpc_port}"
    return Result(subprocess.run(
        [binary("srsproxyctl", "SRSPROXYCTL_BIN"), "--endpoint", endpoint, *arguments],
        capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=30,
        env=clean_environment(), check=False))
