"""The least H.264 that an RTMP server passes on: no picture, but marked as one (FLV, annex E)."""

# Key frame, AVC, sequence header; an empty configuration record of the baseline profile.
SEQUENCE_HEADER = bytes([0x17, 0, 0, 0, 0, 1, 0x42, 0xC0, 0x1E, 0xFF, 0xE1, 0, 0, 1, 0, 0])


def key_frame(data):
    return bytes([0x17, 1, 0, 0, 0]) + data


def inter_frame(data):
    return bytes([0x27, 1, 0, 0, 0]) + data
