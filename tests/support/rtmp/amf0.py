"""AMF 0 values: float, bool, str, dict, None and list; what Python lacks has a class here."""

import struct


class EcmaArray(dict):
    """An object with a count before it, as onMetaData has."""


class Undefined:
    """AMF 0 'undefined'."""


UNDEFINED = Undefined()


class Raw(bytes):
    """Bytes to be written as they are, for values that this module cannot or must not know."""


def encode(*values):
    return b"".join(_encode(value) for value in values)


def _encode(value):
    if isinstance(value, Raw):
        return bytes(value)
    if isinstance(value, bool):
        return b"\x01" + bytes([value])
    if isinstance(value, (int, float)):
        return b"\x00" + struct.pack(">d", value)
    if isinstance(value, str):
        text = value.encode()
        if len(text) > 0xFFFF:
            return b"\x0c" + struct.pack(">I", len(text)) + text
        return b"\x02" + struct.pack(">H", len(text)) + text
    if isinstance(value, EcmaArray):
        return b"\x08" + struct.pack(">I", len(value)) + _members(value)
    if isinstance(value, dict):
        return b"\x03" + _members(value)
    if isinstance(value, list):
        return b"\x0a" + struct.pack(">I", len(value)) + encode(*value)
    if value is None:
        return b"\x05"
    if value is UNDEFINED:
        return b"\x06"
    raise TypeError(f"AMF 0 has no {type(value)}")


def _members(members):
    out = b""
    for name, value in members.items():
        key = name.encode()
        out += struct.pack(">H", len(key)) + key + _encode(value)
    return out + b"\x00\x00\x09"


def decode(data):
    """The values in `data`, up to the first that is no AMF 0 (a switch to AMF 3)."""
    values, offset = [], 0
    while offset < len(data) and data[offset] != 0x11:
        value, offset = _decode(data, offset)
        values.append(value)
    return values


def _decode(data, offset):
    kind, offset = data[offset], offset + 1
    if kind == 0x00:
        return struct.unpack_from(">d", data, offset)[0], offset + 8
    if kind == 0x01:
        return bool(data[offset]), offset + 1
    if kind in (0x02, 0x0C):
        size = 2 if kind == 0x02 else 4
        length = int.from_bytes(data[offset:offset + size], "big")
        start = offset + size
        return data[start:start + length].decode(errors="replace"), start + length
    if kind == 0x03:
        return _decode_members(data, offset, {})
    if kind == 0x05:
        return None, offset
    if kind == 0x06:
        return UNDEFINED, offset
    if kind == 0x08:
        return _decode_members(data, offset + 4, EcmaArray())
    if kind == 0x0A:
        count = struct.unpack_from(">I", data, offset)[0]
        offset += 4
        items = []
        for _ in range(count):
            item, offset = _decode(data, offset)
            items.append(item)
        return items, offset
    if kind == 0x0B:
        return struct.unpack_from(">d", data, offset)[0], offset + 10
    raise ValueError(f"AMF 0 type {kind:#x} at {offset - 1}")


def _decode_members(data, offset, into):
    while True:
        length = struct.unpack_from(">H", data, offset)[0]
        name = data[offset + 2:offset + 2 + length].decode(errors="replace")
        offset += 2 + length
        if data[offset] == 0x09:
            return into, offset + 1
        into[name], offset = _decode(data, offset)
