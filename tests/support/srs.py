"""SRS itself, where SRSPROXY_TEST_SRS names its program."""

import os
import pathlib
import socket

from support.ports import free_port
from support.process import Process
from support.waiting import wait_until


PROGRAM = os.environ.get("SRSPROXY_TEST_SRS", "")
ENVIRONMENT = dict(os.environ, SRS_DEVICE_IP="127.0.0.1")

_CONFIG = """\
listen {rtmp};
max_connections 1000;
daemon off;
srs_log_tank console;
pid {folder}/srs.pid;
vhost __defaultVhost__ {{
    tcp_nodelay on;
    min_latency on;
    {vhost}
}}
"""


class PlainSrs(Process):
    """Speaks RTMP only and registers nowhere; the lab registers it. `vhost` stands in the
    configuration of the default vhost."""

    def __init__(self, folder, server="srs", vhost="", rtmp_port=None):
        folder = pathlib.Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self.server = server
        self.rtmp_port = rtmp_port or free_port()
        config = folder / "srs.conf"
        config.write_text(_CONFIG.format(folder=folder, rtmp=self.rtmp_port, vhost=vhost))
        super().__init__(server, [PROGRAM, "-c", config], folder / "srs.log", env=ENVIRONMENT,
                         cwd=folder)
        wait_until(self._listens, f"{server} listens")

    def registration(self, **changes):
        return {"ip": "127.0.0.1", "server": self.server, "service": "srs", "pid": "1",
                "rtmp": [f"127.0.0.1:{self.rtmp_port}"]} | changes

    def stop(self):
        self.kill()

    def _listens(self):
        try:
            socket.create_connection(("127.0.0.1", self.rtmp_port), 1).close()
            return True
        except OSError:
            return False
