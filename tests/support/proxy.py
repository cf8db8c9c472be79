"""srsproxy itself: started with settings, watched by its System API, log and metrics."""

import json
import os
import pathlib
import re
import urllib.error
import urllib.request

from support.ports import free_port
from support.process import Process
from support.waiting import wait_until

_LISTENS = "0A"  # In /proc/net/tcp.
_SANITIZER_REPORT = re.compile(r"ERROR: \w+Sanitizer|WARNING: ThreadSanitizer|runtime error:")


def binary(name, variable):
    """The program under test: `variable` names it, else the release build's."""
    root = pathlib.Path(__file__).resolve().parents[2]
    path = pathlib.Path(os.environ.get(variable) or root / "build/release/bin" / name)
    if not path.exists():
        raise FileNotFoundError(f"{path} is not there: run scripts/build, or set {variable}")
    return path


def _connections_to(port):
    """The sockets of this machine that stand for connections which `port` has accepted over IPv4,
    as /proc/PID/fd names them."""
    found = set()
    for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, _, state, *_, inode = line.split()[:10]
        if int(local.split(":")[1], 16) == port and state != _LISTENS:
            found.add(f"socket:[{inode}]")
    return found


def clean_environment():
    """The environment without settings that would reach the proxy."""
    return {name: value for name, value in os.environ.items()
            if not name.startswith(("PROXY_", "SRSPROXYCTL_"))}


class Answer:
    """An HTTP answer: `status`, `headers`, `body` (bytes), and `json`."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def json(self):
        return json.loads(self.body)


def ask(url, method="GET", body=None, headers=()):
    """The answer, whatever its status."""
    request = urllib.request.Request(url, data=body, method=method, headers=dict(headers))
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return Answer(answer.status, answer.headers, answer.read())
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.headers, error.read())


def read_metrics(text):
    """The samples of Prometheus' text format: (name, labels, value) of each."""
    samples = []
    for line in text.splitlines():
        match = re.match(r"([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)", line)
        if match:
            labels = dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', match[2] or ""))
            samples.append((match[1], labels, float(match[3])))
    return samples


def total(samples, name, **labels):
    """The sum of those that have this name and these labels."""
    return sum((value for found, carried, value in samples if found == name and
                all(carried.get(label) == wanted for label, wanted in labels.items())), 0.0)


class Proxy:
    """Listens on free ports. `settings` are PROXY_* variables without the prefix. `under`: the
    command that it is started by; `out`: the descriptor that takes what it says, not its log;
    `program`: another srsproxy than the one under test."""

    def __init__(self, folder, wait=True, under=(), out=None, program=None, **settings):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.rtmp_port = free_port()
        self.http_port = free_port()
        self.http_api_port = free_port()
        self.api_port = free_port()
        self.grpc_port = free_port()
        chosen = {"RTMP_SERVER": f"127.0.0.1:{self.rtmp_port}",
                  "HTTP_SERVER": f"127.0.0.1:{self.http_port}",
                  "HTTP_API": f"127.0.0.1:{self.http_api_port}",
                  "SYSTEM_API": f"127.0.0.1:{self.api_port}",
                  "GRPC_SERVER": f"127.0.0.1:{self.grpc_port}",
                  # Origins come one after another here, each when its test says so.
                  "START_SETTLE": "0",
                  "GRACE_QUIT_TIMEOUT": "2s", "FORCE_QUIT_TIMEOUT": "10s", "WORKERS": "2",
                  "LOG_LEVEL": "debug", "LOG_FORMAT": "json"}
        self.settings = chosen | {name: str(value) for name, value in settings.items()}
        self.process = Process(
            "srsproxy", [*under, program or binary("srsproxy", "SRSPROXY_BIN")],
            self.folder / "srsproxy.log",
            env=clean_environment() | {f"PROXY_{name}": value
                                       for name, value in self.settings.items()},
            cwd=self.folder, out=out)
        if wait:
            self.wait_until_listening()

    def wait_until_listening(self):
        def answers():
            if not self.process.running:
                raise AssertionError(f"srsproxy ended with {self.process.exit_code}:\n"
                                     f"{self.process.tail()}")
            try:
                return self.get("/healthz").status == 200
            except OSError:
                return False

        wait_until(answers, f"srsproxy answers on its System API, port {self.api_port}")

    # The System API.

    def request(self, method, path, body=None, headers=()):
        return ask(f"http://127.0.0.1:{self.api_port}{path}", method, body, headers)

    def get(self, path):
        return self.request("GET", path)

    def post_register(self, body):
        return self.request("POST", "/api/v1/srs/register", body,
                            {"Content-Type": "application/json"})

    def register(self, *origins, **changes):
        for origin in origins:
            answer = self.post_register(json.dumps(origin.registration(**changes)).encode())
            assert answer.status == 200, answer.body
            assert answer.json["code"] == 0

    # The cluster's API.

    def ask_cluster(self, path, method="GET", headers=()):
        return ask(f"http://127.0.0.1:{self.http_api_port}{path}", method, headers=headers)

    # What it tells.

    def url(self, stream, app="live"):
        return f"rtmp://127.0.0.1:{self.rtmp_port}/{app}/{stream}"

    def http_url(self, path):
        return f"http://127.0.0.1:{self.http_port}{path}"

    def metric(self, name, **labels):
        """The sum of the samples of `name` that have these labels."""
        return total(self.metrics(), name, **labels)

    def metrics(self):
        """All samples: (name, labels, value)."""
        return read_metrics(self.get("/metrics").body.decode())

    def wait_for_metric(self, name, value, timeout=15.0, **labels):
        wait_until(lambda: self.metric(name, **labels) == value,
                   f"{name}{labels or ''} is {value}", timeout)

    def records(self, message=None):
        """The log as dictionaries, only those with this message."""
        found = []
        for line in self.process.output().splitlines():
            try:
                record = json.loads(line)
            except ValueError:
                continue
            if message is None or record.get("message") == message:
                found.append(record)
        return found

    def session_ends(self, **fields):
        """The session-end log records that have these fields."""
        return [record for record in self.records("session ended")
                if all(record.get(name) == value for name, value in fields.items())]

    def wait_for_session_end(self, count=1, timeout=15.0, **fields):
        return wait_until(lambda: len(self.session_ends(**fields)) >= count and
                          self.session_ends(**fields),
                          f"{count} sessions ended with {fields}", timeout)

    def descriptors(self):
        """What it holds open, by number, but for connections to its System API: each question of a
        test is one, and is closed some time after the answer."""
        return self._descriptors(of_system_api=False)

    def system_api_connections(self):
        return self._descriptors(of_system_api=True)

    def _descriptors(self, of_system_api):
        connections = _connections_to(self.api_port)
        return {number: file for number, file in self.process.descriptors().items()
                if (file in connections) == of_system_api}

    def wait_for_descriptors(self, before, timeout=15.0):
        """Until it holds no more than it did `before`."""
        try:
            wait_until(lambda: len(self.descriptors()) <= len(before), "no descriptor is lost",
                       timeout)
        except TimeoutError as error:
            more = {number: file for number, file in self.descriptors().items()
                    if before.get(number) != file}
            raise TimeoutError(f"{error}: there were {len(before)}, and there are now {more}"
                               ) from None

    @property
    def sanitized(self):
        """Whether it was built with a sanitizer, which costs memory and time."""
        return b"__asan_init" in binary("srsproxy", "SRSPROXY_BIN").read_bytes()

    # Its end.

    def assert_sound(self):
        """No report of a sanitizer in what it said."""
        report = _SANITIZER_REPORT.search(self.process.output())
        assert not report, self.process.output()[report.start():report.start() + 8000]

    def stop(self):
        """SIGTERM; it must end with 0 and have nothing to complain about."""
        if self.process.running:
            code = self.process.stop()
        else:
            code = self.process.exit_code
        self.assert_sound()
        assert code == 0, f"srsproxy ended with {code}:\n{self.process.tail()}"
