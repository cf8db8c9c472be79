"""An HTTP origin that keeps what it is asked, byte for byte, and answers what a test says.

No real origin tells what reached it on the wire, so this one is a fake.
"""

import socket
import threading

from support.ports import free_port
from support.waiting import wait_until


def chunk(data):
    """One chunk of a chunked body."""
    return b"%x\r\n%s\r\n" % (len(data), data)


def answers(head, *parts):
    """An `answer` that says always the same. Lines of `head` end with LF."""
    def answer(connection, request):
        connection.sendall(head.replace("\n", "\r\n").encode() + b"".join(parts))
    return answer


class HttpOrigin:
    """`answer(connection, request)` is called for each request: bytes up to the empty line.

    Requests come one after another on one connection, until the answer shuts it down.
    """

    def __init__(self, answer, server="http-origin"):
        self.server = server
        self.http_port = free_port()
        self.rtmp_port = free_port()  # Registrations need one; nobody listens there.
        self.requests = []
        self.ended = 0  # Connections that the proxy has closed.
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", self.http_port), backlog=128)
        self._connections = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def registration(self, **changes):
        return {"ip": "127.0.0.1", "server": self.server, "service": "s", "pid": "1",
                "rtmp": [str(self.rtmp_port)], "http": [str(self.http_port)]} | changes

    def request(self, count=1):
        """The text of the request number `count`, once it has come."""
        wait_until(lambda: len(self.requests) >= count, f"{count} requests reach the origin")
        return self.requests[count - 1].decode("latin-1")

    @property
    def connections(self):
        """How many have come."""
        return len(self._connections)

    def stop_listening(self):
        """Connections that are there go on. May be called again."""
        if self._listener.fileno() >= 0:
            # A close alone would leave the port open for as long as accept() waits.
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()

    def stop(self):
        """May be called again."""
        self.stop_listening()
        for connection in self._connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            connection.close()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._connections.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        received = b""
        try:
            while True:
                while b"\r\n\r\n" not in received:
                    got = connection.recv(65536)
                    if not got:
                        return
                    received += got
                request, _, received = received.partition(b"\r\n\r\n")
                self.requests.append(request + b"\r\n\r\n")
                self._answer(connection, self.requests[-1])
        except OSError:
            pass
        finally:
            self.ended += 1
