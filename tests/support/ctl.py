"""srsproxyctl, as an operator or a script runs it."""

import json
import subprocess

from support.process import Process
from support.proxy import binary, clean_environment


class Result:
    def __init__(self, finished):
        self.code = finished.returncode
        self.out = finished.stdout
        self.err = finished.stderr

    @property
    def json(self):
        return json.loads(self.out)


def command(proxy, arguments):
    """What to run for `arguments` against `proxy`, or its endpoint when that is a string."""
    endpoint = proxy if isinstance(proxy, str) else f"127.0.0.1:{proxy.grpc_port}"
    return [binary("srsproxyctl", "SRSPROXYCTL_BIN"), "--endpoint", endpoint, *arguments]


def ctl(proxy, *arguments):
    """Runs a command against `proxy`, or against its endpoint when that is a string."""
    return Result(subprocess.run(
        command(proxy, arguments), capture_output=True, text=True, stdin=subprocess.DEVNULL,
        timeout=30, env=clean_environment(), check=False))


def ctl_running(lab, proxy, *arguments):
    """A command that goes on; both its outputs are in its log."""
    return lab.run(Process("srsproxyctl", command(proxy, arguments),
                           lab.folder / f"srsproxyctl-{'-'.join(arguments[:2])}.log",
                           env=clean_environment()))
