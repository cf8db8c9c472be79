"""Real clients: ffmpeg, ffprobe, rtmpdump and GStreamer."""

import dataclasses
import json
import pathlib
import subprocess

from support.process import Process

_QUIET = ["-hide_banner", "-loglevel", "warning", "-nostdin"]


def make_clip(path, seconds=16, video_kbit=300):
    """An FLV file with H.264 and AAC, a key frame every second."""
    subprocess.run(
        ["ffmpeg", *_QUIET, "-y", "-f", "lavfi", "-i", f"testsrc2=size=320x180:rate=25:d={seconds}",
         "-f", "lavfi", "-i", f"sine=frequency=440:sample_rate=44100:d={seconds}",
         "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "25",
         "-b:v", f"{video_kbit}k", "-c:a", "aac", "-b:a", "64k", str(path)], check=True)
    return pathlib.Path(path)


class Publisher(Process):
    """ffmpeg, sending a clip in real time and without touching its frames."""

    def __init__(self, folder, url, clip, loop=True, name="publisher", options=()):
        repeat = ["-stream_loop", "-1"] if loop else []
        super().__init__(
            name, ["ffmpeg", *_QUIET, "-re", *repeat, "-i", clip, "-c", "copy", "-f", "flv",
                   *options, url], pathlib.Path(folder) / f"{name}.log")


class Player(Process):
    """ffmpeg, writing the MD5 of every frame that arrives. Ends after `seconds` of stream, or with
    the stream when `seconds` is None."""

    def __init__(self, folder, url, seconds=None, name="player", options=()):
        self.frames_file = pathlib.Path(folder) / f"{name}.framemd5"
        limit = [] if seconds is None else ["-t", str(seconds)]
        super().__init__(
            name, ["ffmpeg", *_QUIET, "-y", "-rw_timeout", "20000000", *options, "-i", url,
                   "-c", "copy", *limit, "-flush_packets", "1", "-f", "framemd5",
                   self.frames_file], pathlib.Path(folder) / f"{name}.log")

    def frames(self):
        return read_frames(self.frames_file)


@dataclasses.dataclass(frozen=True)
class Frame:
    """One frame of one track as `ffmpeg -f framemd5` tells it."""
    track: int
    timestamp: int
    size: int
    md5: str


def read_frames(path):
    path = pathlib.Path(path)
    if not path.exists():
        return []
    frames = []
    for line in path.read_text().splitlines():
        fields = [field.strip() for field in line.split(",")]
        if line.startswith("#") or len(fields) < 6:  # Side data may follow.
            continue
        frames.append(Frame(int(fields[0]), int(fields[1]), int(fields[4]), fields[5]))
    return frames


def frames_of(clip):
    """The frames of a file, read without any network."""
    target = pathlib.Path(f"{clip}.framemd5")
    subprocess.run(["ffmpeg", *_QUIET, "-y", "-i", str(clip), "-c", "copy", "-f", "framemd5",
                    str(target)], check=True)
    return read_frames(target)


def assert_same_frames(sent, arrived, at_least=20, jitter_ms=1):
    """What arrived is one unbroken run of what was sent, in each track, with the same distances in
    time (to `jitter_ms`). Who joins late misses the beginning, who leaves misses the end."""
    for track in sorted({frame.track for frame in sent}):
        want = [frame for frame in sent if frame.track == track]
        have = [frame for frame in arrived if frame.track == track]
        assert len(have) >= at_least, f"track {track}: only {len(have)} frames arrived"
        start = next((index for index, frame in enumerate(want)
                      if frame.md5 == have[0].md5 and frame.size == have[0].size), None)
        assert start is not None, f"track {track}: the first frame that arrived was never sent"
        run = want[start:start + len(have)]
        assert [frame.md5 for frame in have] == [frame.md5 for frame in run], (
            f"track {track}: other frames arrived than were sent")
        shift = have[0].timestamp - run[0].timestamp
        assert all(abs(got.timestamp - meant.timestamp - shift) <= jitter_ms
                   for got, meant in zip(have, run)), f"track {track}: timestamps moved"


def gstreamer_source(clip):
    """H.264 and AAC of the clip, in real time, muxed as FLV."""
    return ["filesrc", f"location={clip}", "!", "flvdemux", "name=in",
            "flvmux", "name=out", "streamable=true",
            "in.video", "!", "h264parse", "!", "identity", "sync=true", "!", "queue", "!", "out.",
            "in.audio", "!", "aacparse", "!", "identity", "sync=true", "!", "queue", "!", "out.",
            "out.", "!"]


def probe(url, timeout=20):
    """What ffprobe finds at `url`: the codec names of its tracks, sorted."""
    result = subprocess.run(
        ["ffprobe", "-hide_banner", "-loglevel", "error", "-rw_timeout", "10000000",
         "-show_streams", "-of", "json", url], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL, text=True, timeout=timeout, check=False)
    if result.returncode != 0:
        raise AssertionError(f"ffprobe {url}: {result.stderr.strip()}")
    return sorted(track["codec_name"] for track in json.loads(result.stdout)["streams"])
