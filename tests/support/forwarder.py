"""A plain TCP forwarder: what is behind it cannot be told from its address."""

import itertools
import socket
import threading

from support.ports import free_port


class Forwarder:
    """Forwards each connection to a port of this machine, until it is stopped: to the next of
    these that takes it, as a load balancer does."""

    def __init__(self, *to_ports):
        self.port = free_port()
        self.connections = 0
        self._count = len(to_ports)
        self._turns = itertools.cycle(to_ports)
        self._sockets = []
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=1024)
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)  # Wakes accept.
        self._listener.close()
        for sock in self._sockets:
            self._end(sock)

    def _accept(self):
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            far = self._connect()
            if far is None:
                near.close()
                continue
            self._forward(near, far)

    def _forward(self, near, far):
        """Both ways, on threads of its own."""
        self._sockets += [near, far]
        for source, target in ((near, far), (far, near)):
            threading.Thread(target=self._copy, args=(source, target), daemon=True).start()

    def _connect(self):
        for port in itertools.islice(self._turns, self._count):
            try:
                return socket.create_connection(("127.0.0.1", port))
            except OSError:
                pass
        return None

    def _copy(self, source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            self._end(source)
            self._end(target)

    @staticmethod
    def _end(sock):
        try:
            sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
