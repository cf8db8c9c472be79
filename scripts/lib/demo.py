"""scripts/demo: two real RTMP origins, srsproxy in front of them, and a stream to look at.

Needs the release build. Everything it starts ends with it; logs are in build/demo/.
"""

import argparse
import json
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import threading
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from support import media  # noqa: E402
from support.nginx import Nginx  # noqa: E402
from support.ports import free_port, is_free  # noqa: E402
from support.process import Process  # noqa: E402
from support.proxy import clean_environment  # noqa: E402
from support.waiting import wait_until  # noqa: E402

FOLDER = ROOT / "build" / "demo"
BIN = ROOT / "build" / "release" / "bin"
STREAM = "live/demo"
HEARTBEAT_SECONDS = 10


def say(text=""):
    print(text, flush=True)


def step(text):
    say(f"==> {text}")


def default_or_free(port):
    """The port that the documentation names, or another one when something uses it."""
    return port if is_free(port, "0.0.0.0") else free_port()


class Demo:
    """Starts the parts in order; `close` ends them in the opposite order."""

    def __init__(self):
        shutil.rmtree(FOLDER, ignore_errors=True)
        FOLDER.mkdir(parents=True)
        self.rtmp_port = default_or_free(11935)
        self.http_port = default_or_free(18080)
        self.http_api_port = default_or_free(11985)
        self.api_port = default_or_free(12025)
        self.grpc_port = default_or_free(12026)
        self._parts = []
        self._stopping = threading.Event()

    def start(self):
        self.origins = [self._started(Nginx(FOLDER / name, name, hls=True))
                        for name in ("origin-1", "origin-2")]
        step("two nginx-rtmp origins on ports " +
             " and ".join(str(origin.rtmp_port) for origin in self.origins))
        self.proxy = self._started(Process(
            "srsproxy", [BIN / "srsproxy"], FOLDER / "srsproxy.log", cwd=FOLDER,
            env=clean_environment() | {"PROXY_RTMP_SERVER": str(self.rtmp_port),
                                       "PROXY_HTTP_SERVER": str(self.http_port),
                                       "PROXY_HTTP_API": str(self.http_api_port),
                                       "PROXY_SYSTEM_API": str(self.api_port),
                                       "PROXY_GRPC_SERVER": f"127.0.0.1:{self.grpc_port}",
                                       "PROXY_GRACE_QUIT_TIMEOUT": "1s"}))
        wait_until(self._listens, "srsproxy answers on its System API")
        step(f"srsproxy with the memory balancer: RTMP {self.rtmp_port}, "
             f"System API {self.api_port}, gRPC {self.grpc_port}")
        for origin in self.origins:
            self._register(origin)
        self._heart = threading.Thread(target=self._beat, daemon=True)
        self._heart.start()
        step("both origins registered")
        self.publisher = self._started(Process(
            "publisher",
            ["ffmpeg", "-hide_banner", "-loglevel", "warning", "-nostdin", "-re",
             "-f", "lavfi", "-i", "testsrc2=size=640x360:rate=25",
             "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100",
             "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency",
             "-pix_fmt", "yuv420p", "-g", "25", "-b:v", "800k", "-c:a", "aac", "-b:a", "64k",
             "-f", "flv", self.url("127.0.0.1")], FOLDER / "publisher.log"))
        wait_until(self._published, "the test picture arrives at an origin")
        step(f"ffmpeg publishes a test picture as {STREAM}")

    def url(self, host):
        return f"rtmp://{host}:{self.rtmp_port}/{STREAM}"

    def ctl(self, *arguments):
        """What srsproxyctl prints."""
        result = subprocess.run(
            [str(BIN / "srsproxyctl"), "--endpoint", f"127.0.0.1:{self.grpc_port}", *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=20,
            env=clean_environment(), check=False)
        if result.returncode != 0:
            raise RuntimeError(f"srsproxyctl {' '.join(arguments)}: {result.stdout.strip()}")
        return result.stdout.rstrip()

    def describe(self):
        endpoint = "" if self.grpc_port == 12026 else f" --endpoint 127.0.0.1:{self.grpc_port}"
        say()
        say("Open")
        # nginx-rtmp has HLS, and no HTTP-FLV.
        say(f"  the page    http://{host_name()}:{self.http_port}/#hls/__defaultVhost__/{STREAM}")
        say(f"  the stream  {self.url('127.0.0.1')}")
        say(f"              ffplay {self.url(host_name())}")
        say(f"  metrics     http://127.0.0.1:{self.api_port}/metrics")
        say(f"  logs        {FOLDER.relative_to(ROOT)}/")
        for arguments in (["origin", "list"], ["stream", "list"], ["stream", "explain", STREAM]):
            say()
            say(f"$ build/release/bin/srsproxyctl{endpoint} {' '.join(arguments)}")
            say("\n".join("  " + line for line in self.ctl(*arguments).splitlines()))
        say()

    def check(self):
        """Sees the stream play through the proxy, and that srsproxyctl knows where it is."""
        codecs = media.probe(self.url("127.0.0.1"))
        if codecs != ["aac", "h264"]:
            raise RuntimeError(f"the stream should have H.264 and AAC, and has {codecs}")
        player = self._started(media.Player(FOLDER, self.url("127.0.0.1"), seconds=2))
        if player.wait(30) != 0 or len(player.frames()) < 50:
            raise RuntimeError(f"the stream does not play:\n{player.tail()}")
        streams = self.ctl("stream", "list", "-o", "json")
        holder = next(origin for origin in self.origins if sum(origin.clients("demo")))
        if STREAM not in streams or holder.origin_id not in streams:
            raise RuntimeError(f"srsproxyctl stream list should show {STREAM} on "
                               f"{holder.origin_id}: {streams}")
        step(f"it plays: {len(player.frames())} frames in 2 s, from {holder.server}")
        if b"srsproxy" not in self._get("/") or not self._get("/vendor/hls.min.js"):
            raise RuntimeError("the page is not served")
        listed = json.loads(self._get("/api/v1/live-streams"))["streams"]
        if [f"{stream['app']}/{stream['stream']}" for stream in listed] != [STREAM]:
            raise RuntimeError(f"the page should list {STREAM}: {listed}")
        step("the page lists it")

    def run_until_stopped(self):
        while not self._stopping.wait(1):
            for part in (self.proxy, self.publisher):
                if not part.running:
                    raise RuntimeError(f"{part.name} ended:\n{part.tail(20)}")

    def stop(self, *_):
        """For signals: whoever waits sees it at the next step."""
        self._stopping.set()

    def close(self):
        self._stopping.set()
        for part in reversed(self._parts):
            part.stop()

    def _started(self, part):
        self._parts.append(part)
        return part

    def _get(self, path):
        url = f"http://127.0.0.1:{self.http_port}{path}"
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.read()

    def _listens(self):
        if not self.proxy.running:
            raise RuntimeError(f"srsproxy ended:\n{self.proxy.tail(20)}")
        try:
            with socket.create_connection(("127.0.0.1", self.api_port), 1):
                return True
        except OSError:
            return False

    def _published(self):
        if not self.publisher.running:
            raise RuntimeError(f"the publisher ended:\n{self.publisher.tail(20)}")
        return any(origin.clients("demo")[0] for origin in self.origins)

    def _register(self, origin):
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.api_port}/api/v1/srs/register",
            data=json.dumps(origin.registration()).encode(),
            headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=5) as answer:
            answer.read()

    def _beat(self):
        """Registers the origins again and again, as SRS does by itself."""
        while not self._stopping.wait(HEARTBEAT_SECONDS):
            for origin in self.origins:
                try:
                    self._register(origin)
                except OSError:
                    pass  # srsproxy is gone; the main thread sees that and says so.


def host_name():
    """A name under which other machines may reach this one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # Sends nothing; picks the address of the route.
            return probe.getsockname()[0]
        except OSError:
            return "127.0.0.1"


def main():
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    parser.add_argument("--check", action="store_true", help="see that it plays, and stop")
    arguments = parser.parse_args()

    demo = Demo()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, demo.stop)
    try:
        demo.start()
        demo.describe()
        if arguments.check:
            demo.check()
        else:
            say("Ctrl-C stops everything.")
            demo.run_until_stopped()
        step("stopping")
    except (RuntimeError, AssertionError, TimeoutError, OSError) as error:
        print(f"Error: {error}\nThe logs are in {FOLDER}", file=sys.stderr, flush=True)
        return 1
    finally:
        demo.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
