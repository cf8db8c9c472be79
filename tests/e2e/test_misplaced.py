"""Streams that have come apart from their live publisher: it is told, and it heals."""

import contextlib

import pytest

from support import media
from support.ctl import ctl
from support.returning import Returning
from support.waiting import wait_until

_VIEWERS = 2
_MORE_STREAMS = 10


class Split:
    """Streams are live on an origin that the settings allow no more. Those who are on it stay, and
    nobody else comes to it: that is how a stream comes apart."""

    def __init__(self, lab, clip, folder):
        self._lab, self._clip, self._folder = lab, clip, folder
        self.former = lab.nginx("origin-a")
        self.proxy = lab.proxy(self.former)
        self.publisher = lab.run(Returning(lambda number: media.Publisher(
            folder, self.proxy.url("show"), clip, name=f"publisher-{number}")))
        wait_until(lambda: self.former.clients("show")[0], "the show is published")
        self.viewers = [self.viewer(number) for number in range(_VIEWERS)]
        self.publishers = {f"more-{number}": self.publish(f"more-{number}")
                           for number in range(_MORE_STREAMS)}
        self.origin = lab.nginx("origin-b", address="127.0.0.2")
        self.proxy.register(self.origin)
        refused = ctl(self.proxy, "config", "set", "origin_networks=127.0.0.2/32")
        assert refused.code == 0, refused.err
        wait_until(lambda: [record["origin"] for record in self.proxy.records("origin left")] ==
                   [self.former.origin_id], "the other one is not known any more")
        wait_until(lambda: self.former.clients("show") == (1, _VIEWERS), "they all stay")
        self.assert_plays()

    def viewer(self, number):
        return self._lab.run(Returning(lambda run: media.Player(
            self._folder, self.proxy.url("show"), name=f"viewer-{number}-{run}")))

    def publish(self, stream):
        publisher = self._lab.client(self.proxy.rtmp_port).open()
        assert publisher.publish(stream)["code"] == "NetStream.Publish.Start"
        return publisher

    def play(self, stream):
        viewer = self._lab.client(self.proxy.rtmp_port).open()
        assert viewer.play(stream)["level"] == "status"
        return viewer

    def assert_plays(self):
        for viewer in self.viewers:
            before = viewer.frames()
            wait_until(lambda viewer=viewer, before=before: viewer.frames() > before + 25,
                       "frames arrive", timeout=30)

    def placement(self):
        """What `check` says of it."""
        (line,) = [line for line in ctl(self.proxy, "check").out.splitlines()
                   if line.startswith("placement ")]
        return line


@pytest.fixture
def split(lab, clip, tmp_path):
    return Split(lab, clip, tmp_path)


def told_within_its_second(look, words, timeout=3.0):
    """What `look` gives with these words, or nothing: a busy machine may be late."""
    with contextlib.suppress(TimeoutError):
        return wait_until(lambda: next((text for text in [look()] if words in text), None), words,
                          timeout)
    return None


def test_it_is_reported_while_a_stream_is_apart_from_its_publisher(split):
    assert "no stream is apart from its live publisher" in split.placement()
    streams = iter(split.publishers)

    def what_is_told(look, words):
        for stream in streams:
            split.play(stream)  # Now it is apart, for about a second.
            if text := told_within_its_second(lambda stream=stream: look(stream), words):
                return text
        raise AssertionError(f"nobody tells: {words}")

    what_is_told(lambda stream: ctl(split.proxy, "stream", "explain", f"live/{stream}").out,
                 f"The stream's publisher is live on origin {split.former.origin_id}, whose "
                 "registration has ended: it is ended")
    told = what_is_told(lambda _: split.placement(),
                        "apart from the live publisher: being brought together")
    assert " warning " in told
    wait_until(lambda: "no stream is apart" in split.placement(), "it has healed")
    assert split.proxy.metric("srsproxy_sticky_violations_total") >= 2


def test_a_stream_that_has_come_apart_is_brought_together(split):
    split.viewers.append(split.viewer(_VIEWERS))
    wait_until(lambda: split.origin.clients("show") == (1, _VIEWERS + 1),
               "they are all where the publisher is", timeout=30)
    assert split.former.clients("show") == (0, 0)
    split.assert_plays()
    (record,) = split.proxy.records("a publisher is on an origin that is not known any more: "
                                    "it is ended")
    assert record["publisher_origin"] == split.former.origin_id
    assert record["mapped_origin"] == split.origin.origin_id
    wait_until(lambda: "no stream is apart" in split.placement(), "nothing more is told of it")
    assert [end["stream"] for end in split.proxy.session_ends(role="publisher", reason="kicked")
            ] == ["__defaultVhost__/live/show"]
