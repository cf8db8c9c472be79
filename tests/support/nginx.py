"""A real RTMP origin: Debian's nginx with its RTMP module."""

import pathlib
import urllib.request
import xml.etree.ElementTree

from support.ports import free_port
from support.process import Process
from support.waiting import wait_until

# One process, so that killing it is the end of the whole origin.
_CONFIG = """\
load_module /usr/lib/nginx/modules/ngx_rtmp_module.so;
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log stderr info;
events {{ worker_connections 8192; }}
rtmp {{
  server {{
    listen {address}:{rtmp_port};
    chunk_size 4096;
    application live {{
      live on;
      wait_key on;
      {hls}
      {relay}
    }}
  }}
}}
http {{
  access_log {folder}/access.log combined;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{http_port};
    location = /stat {{ rtmp_stat all; access_log off; }}
    location /live/ {{
      root {folder}/hls;
      types {{ application/vnd.apple.mpegurl m3u8; video/mp2t ts; }}
      add_header Cache-Control no-cache;
    }}
  }}
}}
"""


_HLS = """\
hls on;
      hls_path {folder}/hls/live;
      hls_fragment 1s;
      hls_playlist_length 6s;"""


class Nginx:
    """`server` is the name it registers with; it stays over restarts, its pid does not. With `hls`
    it writes HLS too, and registers the port where that is. `relay` is a push or pull directive of
    its application. RTMP is at `address`."""

    def __init__(self, folder, server, hls=False, relay="", address="127.0.0.1"):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.server = server
        self.rtmp_port = free_port()
        self.http_port = free_port()
        self._hls = hls
        self._address = address
        self._starts = 0
        self._process = None
        (self.folder / "hls" / "live").mkdir(parents=True, exist_ok=True)
        (self.folder / "nginx.conf").write_text(_CONFIG.format(
            folder=self.folder, address=address, rtmp_port=self.rtmp_port,
            http_port=self.http_port,
            hls=_HLS.format(folder=self.folder) if hls else "", relay=relay))
        self.start()

    def start(self):
        """Starts it, again on the same ports and with another pid if it ran before."""
        self._starts += 1
        self._process = Process(
            f"nginx '{self.server}'",
            ["/usr/sbin/nginx", "-p", self.folder, "-c", self.folder / "nginx.conf",
             "-e", "stderr"], self.folder / f"nginx-{self._starts}.log")
        wait_until(self._answers, f"nginx '{self.server}' listens on {self.http_port}")

    def _answers(self):
        if not self._process.running:
            raise AssertionError(f"nginx ended:\n{self._process.tail()}")
        try:
            return self.stat() is not None
        except OSError:
            return False

    @property
    def pid(self):
        return self._process.pid

    @property
    def origin_id(self):
        return f"{self.server}-service{self._starts}-{self.pid}"

    def registration(self, **changes):
        """The body that an origin like this one posts to the System API."""
        return {"ip": self._address, "device_id": f"device-{self.server}", "server": self.server,
                "service": f"service{self._starts}", "pid": str(self.pid),
                "rtmp": [str(self.rtmp_port)],
                "http": [str(self.http_port)] if self._hls else []} | changes

    def kill(self):
        """As when the machine is gone: connections are reset, the port is closed."""
        self._process.kill()

    def stop(self):
        if self._process.running:
            self._process.stop()

    def log(self):
        return self._process.output()

    def requests_of(self, path):
        """The lines of its HTTP log for targets that begin so."""
        log = self.folder / "access.log"
        lines = log.read_text().splitlines() if log.exists() else []
        return "\n".join(line for line in lines if f'"GET {path}' in line)

    def stat(self):
        url = f"http://127.0.0.1:{self.http_port}/stat"
        with urllib.request.urlopen(url, timeout=5) as answer:
            return xml.etree.ElementTree.fromstring(answer.read())

    def clients(self, stream):
        """How many publishers and how many players nginx counts on live/`stream`."""
        publishers = players = 0
        for entry in self.stat().iter("stream"):
            if entry.findtext("name") != stream:
                continue
            for client in entry.iter("client"):
                if client.find("publishing") is not None:
                    publishers += 1
                else:
                    players += 1
        return publishers, players
