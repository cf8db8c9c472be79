"""A real redis-server on a free port."""

import socket
import signal
import subprocess

from support.ports import free_port
from support.process import Process
from support.waiting import wait_until


class Redis:
    """Empty at the start; nothing is saved. `config`: further arguments of redis-server."""

    def __init__(self, folder, *config):
        self.folder = folder
        self.port = free_port()
        self._config = config
        self._started = 0
        self.start()

    def start(self, *more):
        """Again, on the same port, without what it held; `more`: arguments for this time."""
        self._started += 1
        self.process = Process(
            "redis-server",
            ["redis-server", "--port", self.port, "--bind", "127.0.0.1", "--save", "",
             "--dir", self.folder, *self._config, *more],
            self.folder / f"redis-{self._started}.log")
        wait_until(self._answers, "Redis answers")

    def settings(self, **more):
        """A proxy's."""
        return {"LOAD_BALANCER_TYPE": "redis", "REDIS_PORT": self.port} | more

    def cli(self, *command):
        """What redis-cli prints, without the last newline.

        A connection that is closed is made again: a Sentinel kills all of a new master.
        """
        for _ in range(3):
            result = subprocess.run(["redis-cli", "-p", str(self.port), *map(str, command)],
                                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                    timeout=30)
            if "Server closed the connection" not in result.stdout:
                break
        assert result.returncode == 0, f"redis-cli {command}: {result.stdout}"
        return result.stdout.rstrip("\n")

    def kill(self):
        self.process.kill()

    def suspend(self):
        """It does nothing, and its connections stay."""
        self.process.signal(signal.SIGSTOP)

    def resume(self):
        self.process.signal(signal.SIGCONT)

    def stop(self):
        self.process.kill()

    close = stop

    def _answers(self):
        if not self.process.running:
            raise AssertionError(f"redis-server ended:\n{self.process.tail()}")
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False
