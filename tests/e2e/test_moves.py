"""Streams that are moved with their publisher and their viewers: real encoders and players that
come back whenever they are ended."""

import threading
import time

import pytest

from support import media
from support.ctl import ctl
from support.returning import Returning
from support.waiting import wait_until

# A sample is as old as the time that nginx takes to tell it.
SLACK_SECONDS = 0.5


class Watch:
    """Looks at the origins all the time. Nobody may be found on an origin that has no publisher
    while another one had it already when the client came."""

    def __init__(self, origins, stream):
        self._origins = origins
        self._stream = stream
        self.strays = []
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _clients(self):
        """(origin, publishes, since) of each."""
        found = []
        for origin in self._origins:
            for entry in origin.stat().iter("stream"):
                if entry.findtext("name") != self._stream:
                    continue
                for client in entry.iter("client"):
                    since = time.monotonic() - int(client.findtext("time")) / 1000
                    found.append((origin.server, client.find("publishing") is not None, since))
        return found

    def _run(self):
        while not self._stopped.wait(0.05):
            clients = self._clients()
            homes = {origin: since for origin, publishes, since in clients if publishes}
            if not homes:
                continue
            self.strays += [(origin, homes) for origin, _, since in clients
                            if origin not in homes and
                            since > min(homes.values()) + SLACK_SECONDS]

    def close(self):
        self._stopped.set()
        self._thread.join()


class Show:
    """A published stream with its viewers, in front of two origins."""

    def __init__(self, lab, clip, folder, viewers=3):
        self.origins = [lab.nginx("origin-a"), lab.nginx("origin-b")]
        self.proxy = lab.proxy(*self.origins)
        self.viewer_count = viewers
        url = self.proxy.url("show")
        self.publisher = lab.run(Returning(lambda number: media.Publisher(
            folder, url, clip, name=f"publisher-{number}")))
        wait_until(lambda: self.home() is not None, "the stream is published")
        self.viewers = [lab.run(Returning(lambda number, viewer=viewer: media.Player(
            folder, url, name=f"viewer-{viewer}-{number}"))) for viewer in range(viewers)]
        self.watch = lab.run(Watch(self.origins, "show"))
        self.assert_on(self.home())
        self.assert_plays()

    def home(self):
        return next((origin for origin in self.origins if origin.clients("show")[0]), None)

    def other(self):
        return next(origin for origin in self.origins if origin is not self.home())

    def assert_on(self, origin):
        everybody = {home.server: (1, self.viewer_count) if home is origin else (0, 0)
                     for home in self.origins}
        wait_until(lambda: {home.server: home.clients("show")
                            for home in self.origins} == everybody,
                   f"the publisher and its viewers are on {origin.server}", timeout=30)

    def assert_plays(self):
        for viewer in self.viewers:
            before = viewer.frames()
            wait_until(lambda viewer=viewer, before=before: viewer.frames() > before + 25,
                       "frames arrive")

    def move(self, *options):
        moved = ctl(self.proxy, "stream", "move", "live/show", self.other().server, "--yes",
                    *options)
        assert moved.code == 0, moved.err

    def kicked(self, role):
        return len(self.proxy.session_ends(reason="kicked", role=role))


@pytest.fixture
def show(lab, clip, tmp_path):
    return Show(lab, clip, tmp_path)


def test_a_move_with_a_kick_takes_everybody_along(show):
    target = show.other()
    show.move("--kick")
    show.assert_on(target)
    show.assert_plays()
    assert (show.kicked("publisher"), show.kicked("viewer")) == (1, 3)
    assert not show.watch.strays


def test_a_move_waits_until_the_publisher_ends(show):
    home, target = show.home(), show.other()
    show.move()
    show.assert_plays()
    assert show.home() is home
    assert [len(viewer.runs) for viewer in show.viewers] == [1, 1, 1], "nobody was ended"
    show.proxy.wait_for_metric("srsproxy_stream_moves_total", 1, result="pending")

    show.publisher.runs[-1].kill()
    show.assert_on(target)
    show.assert_plays()
    assert (show.kicked("publisher"), show.kicked("viewer")) == (0, 3)
    assert not show.watch.strays


def test_a_move_is_done_at_its_deadline(show):
    target = show.other()
    show.move("--deadline", "2s", "--wait")
    show.assert_on(target)
    show.assert_plays()
    assert not show.watch.strays


def test_a_drain_empties_an_origin_by_its_deadline(lab, show):
    home, target = show.home(), show.other()
    # Viewers that wait for a publisher.
    waiting = []
    while not any(home.clients(f"waiting-{number}")[1] for number in range(len(waiting))):
        waiting.append(lab.client(show.proxy.rtmp_port).open())
        assert waiting[-1].play(f"waiting-{len(waiting) - 1}")["level"] == "status"
    drained = ctl(show.proxy, "origin", "drain", home.server, "--deadline", "3s", "--wait", "--yes")
    assert drained.code == 0, drained.err
    waiting[-1].wait_for_close()
    show.assert_on(target)
    show.assert_plays()
    assert not show.watch.strays
    show.proxy.wait_for_metric("srsproxy_origin_draining", 1, origin=home.server)

    back = lab.client(show.proxy.rtmp_port).open()
    assert back.play(f"waiting-{len(waiting) - 1}")["level"] == "status"
    wait_until(lambda: target.clients(f"waiting-{len(waiting) - 1}") == (0, 1),
               "it came back on the other origin")
    for number in range(6):
        publisher = lab.client(show.proxy.rtmp_port).open()
        assert publisher.publish(f"new-{number}")["level"] == "status"
        assert target.clients(f"new-{number}") == (1, 0), "the drained origin gets nothing new"


def test_a_released_stream_is_placed_anew(show):
    released = ctl(show.proxy, "stream", "release", "live/show", "--force", "--yes")
    assert released.code == 0, released.err
    wait_until(lambda: show.kicked("publisher") == 1 and show.kicked("viewer") >= 3,
               "everybody was ended")
    wait_until(lambda: show.home() is not None, "the publisher is back")
    show.assert_on(show.home())
    show.assert_plays()
