"""A child process with a log file, ended by whoever started it."""

import ctypes
import pathlib
import signal
import subprocess
import time

from support.waiting import wait_until

_PR_SET_PDEATHSIG = 1


def _die_with_parent():
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Process:
    """Starts `command` at once; what it says goes to `log`, or to the descriptor `out`."""

    def __init__(self, name, command, log, env=None, cwd=None, out=None):
        self.name = name
        self.log = pathlib.Path(log)
        with open(self.log, "wb") as file:
            self._popen = subprocess.Popen(
                [str(part) for part in command], stdin=subprocess.DEVNULL,
                stdout=file if out is None else out, stderr=subprocess.STDOUT, env=env, cwd=cwd,
                start_new_session=True, preexec_fn=_die_with_parent)

    @property
    def pid(self):
        return self._popen.pid

    @property
    def exit_code(self):
        """None while it runs; negative: the signal that ended it."""
        return self._popen.poll()

    @property
    def running(self):
        return self.exit_code is None

    def output(self):
        return self.log.read_text(errors="replace")

    def lines(self, containing=""):
        return [line for line in self.output().splitlines() if containing in line]

    def wait_for_line(self, text, timeout=15.0):
        """The first log line with `text`. Fails at once when the process ends without it."""
        def found():
            running = self.running
            lines = self.lines(text)
            if not lines and not running:
                raise AssertionError(f"{self.name} ended with {self.exit_code} before it said "
                                     f"'{text}':\n{self.tail()}")
            return lines

        return wait_until(found, f"'{text}' from {self.name}", timeout)[0]

    def signal(self, number):
        self._popen.send_signal(number)

    def wait(self, timeout=30.0):
        """The exit code; fails when it still runs at the deadline."""
        try:
            return self._popen.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} still runs after {timeout:g} s:\n"
                                 f"{self.tail()}") from None

    def kill(self):
        """Ends it without a chance to say goodbye."""
        if self.running:
            self._popen.kill()
        self._popen.wait()

    def stop(self, timeout=30.0):
        """Asks it to end, and returns the exit code; kills it at the deadline."""
        if self.running:
            self.signal(signal.SIGTERM)
        try:
            return self._popen.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} did not end within {timeout:g} s of SIGTERM:\n"
                                 f"{self.tail()}") from None

    def tail(self, lines=60):
        return "\n".join(self.output().splitlines()[-lines:])

    def resident_bytes(self):
        for line in pathlib.Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise AssertionError(f"{self.name} is gone")

    def open_files(self):
        return len(self.descriptors())

    def descriptors(self):
        """What each open one stands for, by number."""
        files = {}
        for descriptor in pathlib.Path(f"/proc/{self.pid}/fd").iterdir():
            try:
                files[int(descriptor.name)] = str(descriptor.readlink())
            except FileNotFoundError:
                pass  # Closed since it was listed.
        return files

    def cpu_seconds_over(self, seconds):
        """The CPU time it uses from now on, within `seconds`."""
        before = self._cpu_ticks()
        time.sleep(seconds)
        return (self._cpu_ticks() - before) / 100

    def _cpu_ticks(self):
        stat = pathlib.Path(f"/proc/{self.pid}/stat").read_text()
        fields = stat.rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])
