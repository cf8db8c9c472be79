"""One stream, one origin, whoever comes first: an encoder that publishes to the address and viewers
at a domain, or the other way round, by whatever protocol."""

import http.client
import threading

import pytest

from support.http_origin import HttpOrigin
from support.rtmp.chunks import VIDEO
from support.rtmp.connection import command_values
from support.rtmp.origin import FakeOrigin
from support.waiting import wait_until

FRAME = b"\x17\x01\x00\x00\x00frame"
STREAMS = [f"cam-{number}" for number in range(12)]
ADDRESS, DOMAIN = "127.0.0.1", "play.example.com"


class Origin(FakeOrigin):
    """Gives what is published here to who plays it here, also to who came first, and nothing else.

    Fake because nginx-rtmp knows no HTTP-FLV.
    """

    def __init__(self, server):
        super().__init__(server)
        self.waiting = 0
        self._lock = threading.Lock()
        self._live = {}
        self._http = HttpOrigin(self._answer, server)

    def registration(self, **changes):
        return super().registration(http=[str(self._http.http_port)]) | changes

    def stop(self):
        super().stop()
        self._http.stop()

    def _event(self, name):
        with self._lock:
            return self._live.setdefault(name.split("?")[0], threading.Event())

    def _await(self, name):
        with self._lock:
            self.waiting += 1
        return self._event(name).wait(20)

    def on_publish(self, session, message):
        super().on_publish(session, message)
        self._event(command_values(message)[3]).set()

    def on_play(self, session, message):
        super().on_play(session, message)
        name = command_values(message)[3]

        def send():
            if self._await(name):
                session.send_media(VIDEO, FRAME, 0, message.stream_id)
        threading.Thread(target=send, daemon=True).start()

    def _answer(self, connection, request):
        name, extension = request.split()[1].decode().split("?")[0].split("/")[2].split(".")
        if extension == "m3u8":
            live = self._event(name).is_set()
            body = b"#EXTM3U\n#EXTINF:2,\n" + name.encode() + b"-0.ts\n" if live else b""
            connection.sendall(b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (
                b"200 OK" if live else b"404 Not Found", len(body), body))
            return
        if self._await(name):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: video/x-flv\r\n\r\nFLV" + FRAME)


class RtmpViewer:
    def __init__(self, lab, proxy, host, name):
        self._client = lab.client(proxy.rtmp_port).open(tc_url=f"rtmp://{host}/live")
        assert self._client.play(name)["level"] == "status"

    def gets_the_stream(self):
        return self._client.receive_media(VIDEO).payload == FRAME


class FlvViewer:
    def __init__(self, lab, proxy, host, name):
        self._connection = lab.run(http.client.HTTPConnection("127.0.0.1", proxy.http_port,
                                                              timeout=20))
        self._connection.request("GET", f"/live/{name}.flv", headers={"Host": host})

    def gets_the_stream(self):
        return self._connection.getresponse().read(3) == b"FLV"


class HlsViewer:
    """Asks for the playlist until it is there."""

    def __init__(self, _, proxy, host, name):
        self._proxy, self._host, self._name = proxy, host, name
        self._ask()

    def _ask(self):
        connection = http.client.HTTPConnection("127.0.0.1", self._proxy.http_port, timeout=20)
        connection.request("GET", f"/live/{self._name}.m3u8", headers={"Host": self._host})
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status == 200 and b"#EXTM3U" in body

    def gets_the_stream(self):
        return wait_until(self._ask, f"the playlist of {self._name}", 5)


VIEWERS = [RtmpViewer, FlvViewer, HlsViewer]


def publish(lab, proxy, host, name):
    publisher = lab.client(proxy.rtmp_port).open(tc_url=f"rtmp://{host}/live")
    assert publisher.publish(name)["level"] == "status"
    publisher.media(VIDEO, FRAME, 0)


@pytest.fixture
def origins(lab):
    return [lab.fake(Origin, server) for server in ("alpha", "beta", "gamma")]


def viewers_of(lab, proxy, host):
    return {name: VIEWERS[number % len(VIEWERS)](lab, proxy, host, name)
            for number, name in enumerate(STREAMS)}


def assert_all_get_it(viewers):
    without = []
    for name, viewer in viewers.items():
        try:
            got = viewer.gets_the_stream()
        except (OSError, http.client.HTTPException):
            got = False
        if not got:
            without.append((name, type(viewer).__name__))
    assert not without


HOSTS = pytest.mark.parametrize("published_to, played_at", [(ADDRESS, DOMAIN), (DOMAIN, ADDRESS)])


@HOSTS
def test_viewers_that_wait_get_what_is_published_elsewhere(lab, origins, published_to, played_at):
    proxy = lab.proxy(*origins)
    viewers = viewers_of(lab, proxy, played_at)
    waiting = sum(not isinstance(viewer, HlsViewer) for viewer in viewers.values())
    wait_until(lambda: sum(origin.waiting for origin in origins) == waiting, "the viewers wait")
    for name in STREAMS:
        publish(lab, proxy, published_to, name)
    assert_all_get_it(viewers)


@HOSTS
def test_viewers_get_what_is_published_elsewhere(lab, origins, published_to, played_at):
    proxy = lab.proxy(*origins)
    for name in STREAMS:
        publish(lab, proxy, published_to, name)
    assert_all_get_it(viewers_of(lab, proxy, played_at))


@HOSTS
def test_viewers_and_publisher_that_come_at_once_meet(lab, origins, published_to, played_at):
    proxy = lab.proxy(*origins)
    start = threading.Barrier(2 * len(STREAMS))
    viewers, failed = {}, []

    def at_once(action, *arguments):
        start.wait(20)
        try:
            action(*arguments)
        except (OSError, AssertionError) as error:
            failed.append(error)

    def view(kind, name):
        viewers[name] = kind(lab, proxy, played_at, name)

    threads = [threading.Thread(target=at_once, args=arguments) for number, name in
               enumerate(STREAMS) for arguments in
               ((publish, lab, proxy, published_to, name),
                (view, VIEWERS[number % len(VIEWERS)], name))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert_all_get_it(viewers)


def test_viewers_of_three_hosts_wait_for_one_publisher(lab, origins):
    proxy = lab.proxy(*origins)
    viewers = {}
    for name in STREAMS[:4]:
        for host in (ADDRESS, DOMAIN, "www.example.com"):
            viewers[f"{name} at {host}"] = RtmpViewer(lab, proxy, host, name)
    for name in STREAMS[:4]:
        publish(lab, proxy, "push.example.com", name)
    assert_all_get_it(viewers)
