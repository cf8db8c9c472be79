"""Sessions of real clients, recorded at test time: what each says after its handshake."""

import signal

from support import media
from support.process import Process
from support.rtmp import avc
from support.rtmp.chunks import VIDEO
from support.rtmp.origin import FakeOrigin
from support.waiting import wait_until

# Enough for a player to go on.
_FEED = [avc.SEQUENCE_HEADER, avc.key_frame(bytes(200))]


def _gstreamer_publisher(sink):
    def command(url, clip):
        return ["gst-launch-1.0", "-q", *media.gstreamer_source(clip), sink,
                f"location={url}" + (" live=1" if sink == "rtmpsink" else "")]
    return command


def _ffmpeg_publisher(url, clip):
    return ["ffmpeg", "-nostdin", "-loglevel", "warning", "-re", "-i", clip, "-c", "copy",
            "-f", "flv", url]


def _ffmpeg_player(url, _):
    return ["ffmpeg", "-nostdin", "-loglevel", "warning", "-i", url, "-c", "copy", "-f", "null",
            "-"]


CLIENTS = {
    "ffmpeg publishes": _ffmpeg_publisher,
    "GStreamer's rtmp2sink publishes": _gstreamer_publisher("rtmp2sink"),
    "GStreamer's rtmpsink, on librtmp as OBS is, publishes": _gstreamer_publisher("rtmpsink"),
    "ffmpeg plays": _ffmpeg_player,
    "rtmpdump plays": lambda url, _: ["rtmpdump", "--live", "-q", "-r", url, "-o", "/dev/null"],
    "GStreamer's rtmp2src plays": lambda url, _: ["gst-launch-1.0", "-q", "rtmp2src",
                                                  f"location={url}", "!", "fakesink"],
}


class _Recorder(FakeOrigin):
    """Fake because the bytes that a client sends to a real origin cannot be seen."""

    def on_play(self, session, message):
        super().on_play(session, message)
        for number, payload in enumerate(_FEED):
            session.send_media(VIDEO, payload, number * 40, message.stream_id)


def _nudge(session):
    """A player that waits for media sees only then that it was interrupted."""
    try:
        session.send_media(VIDEO, _FEED[-1], len(_FEED) * 40, 1)
    except OSError:
        pass  # It is gone.


def record(client, clip, folder, media_bytes=60_000):
    """The bytes of one session, up to and with the client's goodbye."""
    origin = _Recorder()
    try:
        process = Process("recorded client",
                          CLIENTS[client](f"rtmp://127.0.0.1:{origin.rtmp_port}/live/recorded",
                                          clip), folder / "recorded-client.log")
        session = origin.session()
        publishes = "publishes" in client
        wait_until(lambda: ("publish" if publishes else "play") in session.command_names() and
                   len(session.received) > (media_bytes if publishes else 0),
                   f"{client}:\n{process.output()}")
        process.signal(signal.SIGINT)
        wait_until(lambda: session.closed or (not publishes and _nudge(session)),
                   f"{client}: it says goodbye")
        process.kill()
        return bytes(session.received)
    finally:
        origin.stop()
