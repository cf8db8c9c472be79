"""What the side-by-side benchmarks share: a relay beside another, and what each of them costs."""

import collections
import json
import os
import pathlib
import platform
import resource
import signal
import socket
import statistics
import subprocess
import sys

from support.ports import free_port
from support.process import Process
from support.waiting import wait_until

BASELINE = "nginx"
BEFORE = "before"  # srsproxy as it was: what SRSPROXY_BEFORE_BIN names.


def earlier_program():
    return os.environ.get("SRSPROXY_BEFORE_BIN", "")


def start_configured(folder, template, origin, workers, command):
    folder.mkdir(parents=True)
    port = free_port()
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    config = folder / "config"
    config.write_text(template.format(folder=folder, port=port, origin=origin, workers=workers,
                                      files=files))
    return Process(folder.name, command(config), folder / "log"), port


class Load:
    """One process of rtmp_load or http_load."""

    def __init__(self, binary, arguments):
        self._popen = subprocess.Popen([binary, *arguments], stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE, text=True)

    def read(self):
        line = self._popen.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._popen.args[0].name} ended with {self._popen.wait()}")
        return json.loads(line)

    def report(self):
        self._popen.stdin.write("\n")
        self._popen.stdin.flush()
        return self.read()

    def stop(self):
        self._popen.stdin.close()
        self._popen.stdout.close()
        self._popen.wait()


def family(pid):
    """A process and all its descendants."""
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid] + [member for child in children for member in family(int(child))]


def cpu_seconds(pid):
    """Time on a CPU, user and system, of all threads; finer than the ticks of /proc/PID/stat."""
    return sum(int(schedstat.read_text().split()[0])
               for member in family(pid)
               for schedstat in pathlib.Path(f"/proc/{member}/task").glob("*/schedstat")) / 1e9


def resident_kb(pid):
    return sum(int(line.split()[1])
               for member in family(pid)
               for line in pathlib.Path(f"/proc/{member}/status").read_text().splitlines()
               if line.startswith("VmRSS:"))


def wait_until_listening(relay, port):
    def accepts():
        if not relay.running:
            raise RuntimeError(f"{relay.name} ended with {relay.exit_code}:\n{relay.tail()}")
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    wait_until(accepts, f"{relay.name} listens on port {port}")


def stop_relay(relay):
    """With its workers."""
    if relay.running:
        os.killpg(relay.pid, signal.SIGKILL)
        relay.wait()


def take_turns(runs, contenders, pairs, scratch, measure):
    """{run: {contender: [result]}}; `measure(run, contender, folder)`."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    all_results = {}
    for run in runs:
        results = all_results.setdefault(run, {name: [] for name in contenders})
        for turn in range(pairs):
            for name in contenders:
                folder = pathlib.Path(scratch) / run / str(turn) / name.replace(" ", "-")
                folder.parent.mkdir(parents=True, exist_ok=True)
                results[name].append(measure(run, name, folder))
                print(f"{run} {turn + 1}/{pairs} {name}: {results[name][-1]}", file=sys.stderr)
    return all_results


def ratios(mine, theirs, field):
    """Of each turn."""
    return [getattr(a, field) / getattr(b, field) for a, b in zip(mine, theirs)]


def beside_before(results, name, field):
    """A cell: the ratio to srsproxy as it was, where that took part."""
    if name != "srsproxy" or BEFORE not in results:
        return ""
    return spread(ratios(results[name], results[BEFORE], field))


def spread(values):
    """The median, with the range."""
    return f"{statistics.median(values):.2f} ({min(values):.2f}–{max(values):.2f})"


def markdown(head, lines):
    """Without the columns that are empty in every line."""
    lines = list(lines)
    used = [any(line[column] for line in lines) for column in range(len(head))]
    return "\n".join("| " + " | ".join(cell for cell, keep in zip(line, used) if keep) + " |"
                     for line in [head, ["---"] * len(head), *lines])


def add_contenders_option(parser, known, default):
    parser.add_argument("--contenders", default=",".join(default), metavar="NAME,...",
                        help=f"of {', '.join(known)}; SRSPROXY_BIN names another srsproxy, "
                             f"SRSPROXY_BEFORE_BIN the one that is '{BEFORE}'")


def check_names(parser, names, known):
    unknown = set(names.split(",")) - set(known)
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(known)}")


def check_contenders(parser, names, known):
    check_names(parser, names, known)
    if BEFORE in names.split(",") and not pathlib.Path(earlier_program()).is_file():
        parser.error(f"'{BEFORE}' needs SRSPROXY_BEFORE_BIN to name a srsproxy")


def first_line(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return (done.stdout + done.stderr).splitlines()[0].strip()


def machine():
    cpu = collections.Counter(line.split(":", 1)[1].strip()
                              for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
                              if line.startswith("model name"))
    system = platform.freedesktop_os_release()["PRETTY_NAME"]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (f"Machine: {', '.join(f'{count} × {name}' for name, count in cpu.items())}, "
            f"{memory:.0f} GiB, {system}, Linux {platform.release()}; {first_line('nginx', '-v')}.")
