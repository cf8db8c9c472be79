"""Many RTMP clients at once on one event loop."""

import asyncio
import os

from support.rtmp import amf0
from support.rtmp.chunks import AUDIO, COMMAND, VIDEO, ChunkReader, ChunkWriter, Message

_HANDSHAKE_BYTES = 1536


async def watch(port, stream, until_media=True, deadline=60.0):
    """A viewer: its writer, once it has got its first picture or sound. The caller closes it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        await asyncio.wait_for(_play(reader, writer, port, stream, until_media), deadline)
    except BaseException:
        writer.close()
        raise
    return writer


async def _play(reader, writer, port, stream, until_media):
    chunks, messages = ChunkWriter(), ChunkReader()

    def command(*values, stream_id=0):
        writer.write(chunks.write(Message(COMMAND, amf0.encode(*values), stream_id)))

    async def until(wanted):
        while True:
            data = await reader.read(65536)
            if not data:
                raise ConnectionError("the proxy closed the connection")
            if any(wanted(message) for message in messages.feed(data)):
                return

    def is_command(name):
        return lambda message: (message.type == COMMAND and
                                amf0.decode(message.payload)[0] == name)

    writer.write(b"\x03" + bytes(8) + os.urandom(_HANDSHAKE_BYTES - 8))
    answer = await reader.readexactly(1 + 2 * _HANDSHAKE_BYTES)
    writer.write(answer[1:1 + _HANDSHAKE_BYTES])
    command("connect", 1, {"app": "live", "tcUrl": f"rtmp://127.0.0.1:{port}/live"})
    await until(is_command("_result"))
    command("createStream", 2, None)
    await until(is_command("_result"))
    command("play", 3, None, stream, stream_id=1)
    if until_media:
        await until(lambda message: message.type in (AUDIO, VIDEO))
    else:
        await until(is_command("onStatus"))


async def say(port, data, source):
    """Sends `data` and the end of it, from another loopback address; returns when the proxy has
    closed as well."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0))
    try:
        writer.write(data)
        writer.write_eof()
        while await reader.read(65536):
            pass
    except ConnectionError:
        pass
    finally:
        writer.transport.abort()
