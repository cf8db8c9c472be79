"""HTTP on the wire, byte for byte."""

import dataclasses
import email.message
import email.parser
import socket


@dataclasses.dataclass
class Answer:
    status: int
    fields: email.message.Message
    body: bytes


class Wire:
    """One connection to the proxy's HTTP port."""

    def __init__(self, port):
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.received = b""

    def send(self, text):
        self._socket.sendall(text.encode("latin-1") if isinstance(text, str) else text)

    def read_until(self, done, what):
        while not done(self.received):
            got = self._socket.recv(65536)
            assert got, f"{what}: closed after {self.received[-300:]!r}"
            self.received += got
        return self.received

    def read_to_end(self):
        while got := self._socket.recv(65536):
            self.received += got
        return self.received

    def head(self):
        received = self.read_until(lambda bytes_: b"\r\n\r\n" in bytes_, "a head")
        return received[:received.index(b"\r\n\r\n")].decode("latin-1")

    def body(self):
        return self.received[self.received.index(b"\r\n\r\n") + 4:]

    def get(self, target, *fields, method="GET"):
        """Asks, and takes the answer, whose head tells its length."""
        self.send("\r\n".join([f"{method} {target} HTTP/1.1", "Host: 127.0.0.1", *fields]) +
                  "\r\n\r\n")
        head = self.head()
        line, _, text = head.partition("\r\n")
        answer = Answer(int(line.split()[1]), email.parser.HeaderParser().parsestr(text), b"")
        start = len(head) + 4
        length = int(answer.fields.get("Content-Length", "0"))
        end = start + (0 if method == "HEAD" or answer.status == 304 else length)
        self.read_until(lambda received: len(received) >= end, f"the answer to {target}")
        answer.body = self.received[start:end]
        self.received = self.received[end:]
        return answer

    def close(self):
        self._socket.close()
