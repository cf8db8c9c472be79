"""Publishers, origins and proxies that go away while streams run, and come back."""

import pytest

from support import media
from support.rtmp import avc
from support.rtmp.chunks import VIDEO
from support.waiting import wait_until

def accepted(client, stream):
    return client.publish(stream)["code"] == "NetStream.Publish.Start"


def send_picture(publisher, mark, timestamp=0):
    publisher.media(VIDEO, avc.SEQUENCE_HEADER, timestamp)
    publisher.media(VIDEO, avc.key_frame(mark), timestamp + 40)


def wait_for_picture(player, mark):
    while player.receive_media(VIDEO).payload != avc.key_frame(mark):
        pass


@pytest.fixture
def origins(lab):
    return [lab.nginx("origin-a"), lab.nginx("origin-b")]


def holder_of(origins, stream):
    def publishing():
        return [origin for origin in origins if origin.clients(stream)[0] == 1]

    return wait_until(publishing, f"{stream} is published at one origin")[0]


def test_a_killed_publisher_may_republish_at_once_and_viewers_carry_on(lab, origins, clip):
    proxy = lab.proxy(*origins)
    publisher = lab.publisher(proxy.url("drop"), clip)
    holder = holder_of(origins, "drop")
    player = lab.client(proxy.rtmp_port).open()
    assert player.play("drop")["level"] == "status"
    player.receive_media(VIDEO)

    publisher.kill()
    # nginx refuses a second publisher of a stream: the first one's connection must be gone there.
    wait_until(lambda: holder.clients("drop") == (0, 1), "the origin sees the publisher leave")
    again = lab.client(proxy.rtmp_port).open()
    assert accepted(again, "drop")
    assert holder.clients("drop") == (1, 1)
    send_picture(again, b"after the drop")
    wait_for_picture(player, b"after the drop")


def test_a_republish_over_and_over_is_never_refused(lab, origins):
    proxy = lab.proxy(*origins)
    for _ in range(20):
        publisher = lab.client(proxy.rtmp_port).open()
        assert accepted(publisher, "again")
        holder = holder_of(origins, "again")
        publisher.close()
        wait_until(lambda holder=holder: holder.clients("again") == (0, 0), "it is gone there")
    proxy.wait_for_metric("srsproxy_stream_assignments_total", 1, reason="claimed")


def test_the_client_is_closed_when_the_origin_dies_and_comes_back_on_the_other(lab, origins):
    proxy = lab.proxy(*origins)
    publisher = lab.client(proxy.rtmp_port).open()
    player = lab.client(proxy.rtmp_port).open()
    assert accepted(publisher, "moving")
    assert player.play("moving")["level"] == "status"
    first = holder_of(origins, "moving")
    second = next(origin for origin in origins if origin is not first)

    first.kill()
    publisher.wait_for_close()
    player.wait_for_close()
    proxy.wait_for_session_end(count=2, origin=first.server, side="origin")

    publisher = lab.client(proxy.rtmp_port).open()
    assert accepted(publisher, "moving")
    player = lab.client(proxy.rtmp_port).open()
    assert player.play("moving")["level"] == "status"
    assert second.clients("moving") == (1, 1)
    send_picture(publisher, b"on the other")
    wait_for_picture(player, b"on the other")
    proxy.wait_for_metric("srsproxy_origin_up", 0, origin=first.server)
    proxy.wait_for_metric("srsproxy_origin_up", 1, origin=second.server)


def test_streams_of_other_origins_do_not_notice(lab, origins, clip):
    proxy = lab.proxy(*origins)
    streams, number = {}, 0
    while len(streams) < 2:
        number += 1
        publisher = lab.client(proxy.rtmp_port).open()
        assert accepted(publisher, f"s{number}")
        holder = holder_of(origins, f"s{number}")
        streams.setdefault(holder, (f"s{number}", publisher))
    (victim, _), (neighbour, (stream, publisher)) = streams.items()
    publisher.close()
    wait_until(lambda: neighbour.clients(stream) == (0, 0), "the stream's name is free again")
    lab.publisher(proxy.url(stream), clip)
    player = lab.player(proxy.url(stream), seconds=3)
    wait_until(lambda: len(player.frames()) > 20, "the stream plays")
    victim.kill()
    assert player.wait() == 0, player.output()
    media.assert_same_frames(media.frames_of(clip), player.frames(), at_least=40)


def test_an_origin_restarted_with_another_pid_takes_its_streams_back(lab):
    origin = lab.nginx("origin-a")
    proxy = lab.proxy(origin)
    publisher = lab.client(proxy.rtmp_port).open()
    assert accepted(publisher, "back")
    before = origin.origin_id
    origin.kill()
    publisher.wait_for_close()

    origin.start()
    assert origin.origin_id != before
    proxy.register(origin)
    # The old registration is superseded.
    proxy.wait_for_metric("srsproxy_origins", 1)
    publisher = lab.client(proxy.rtmp_port).open()
    assert accepted(publisher, "back")
    player = lab.client(proxy.rtmp_port).open()
    assert player.play("back")["level"] == "status"
    assert origin.clients("back") == (1, 1)


def test_an_origin_restarted_at_another_address_gets_its_streams(lab):
    old = lab.nginx("origin-a")
    proxy = lab.proxy(old)
    publisher = lab.client(proxy.rtmp_port).open()
    assert accepted(publisher, "elsewhere")
    old.kill()
    publisher.wait_for_close()

    new = lab.nginx("origin-a")
    proxy.register(new)
    publisher = lab.client(proxy.rtmp_port).open()
    assert accepted(publisher, "elsewhere")
    assert new.clients("elsewhere") == (1, 0)


def test_a_stream_whose_publisher_lives_stays_when_a_better_origin_joins(lab):
    first = lab.nginx("origin-a")
    proxy = lab.proxy(first)
    publisher = lab.client(proxy.rtmp_port).open()
    assert accepted(publisher, "stays")
    proxy.register(lab.nginx("origin-b"))
    for _ in range(5):
        player = lab.client(proxy.rtmp_port).open()
        assert player.play("stays")["level"] == "status"
    assert first.clients("stays") == (1, 5)
