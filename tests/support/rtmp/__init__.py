"""A second, independent and simple RTMP: written from the specification, for tests only.

It can say what real clients and origins never say: any chunk format, wrong sizes, half messages.
References: Adobe's RTMP specification 1.0 (sections named where used), AMF 0 and AMF 3.
"""
