"""Looks at the proxy while it runs, and prints a row of a table for each look."""

import time

from judge import MIB, Quiet, Sample, late_share
from support.proxy import total
from support.waiting import wait_until

# Viewers of HLS are gone after 30 s of silence, kept connections to origins after 15.
_QUIET_WITHIN_SECONDS = 60
_LISTENERS = ("rtmp", "http", "http_api")
# Memory goes back to the system some time after it was freed.
_REST_SECONDS = 5
_KEPT_SECONDS = 20


def _late(samples):
    """Of all workers: how many came at most so late, by the bounds of the buckets."""
    found = {}
    for name, labels, value in samples:
        if name == "srsproxy_worker_loop_lag_seconds_bucket":
            bound = float(labels["le"])
            found[bound] = found.get(bound, 0) + value
    return found


class Sampler:
    def __init__(self, proxy, fleet):
        self._proxy, self._fleet = proxy, fleet
        self._began = time.monotonic()
        self.samples = []

    def begin(self):
        """Of the load, with a table of its own."""
        self._began = time.monotonic()
        self.samples = []
        print(f"{'TIME':>7}{'SESSIONS':>10}{'STREAMS':>9}{'FILES':>7}{'RSS MIB':>9}{'CPU %':>7}"
              f"{'LATE %':>8}", flush=True)

    def look(self):
        metrics = self._proxy.metrics()
        sample = Sample(
            at=time.monotonic() - self._began, sessions=int(total(metrics, "srsproxy_sessions")),
            ended=int(total(metrics, "srsproxy_sessions_total")),
            in_use=int(total(metrics, "srsproxy_streams", state="in_use")),
            files=self._proxy.process.open_files(), rss=self._proxy.process.resident_bytes(),
            cpu=total(metrics, "process_cpu_seconds_total"), late=_late(metrics),
            apart=frozenset(self._apart()))
        self.samples.append(sample)
        self._show(sample)

    def _apart(self):
        """Streams with a publisher on several origins, or with players where no publisher is."""
        for stream in self._fleet.streams:
            try:
                published, played = self._fleet.publishers(stream)
            except OSError:
                continue  # An origin is down.
            if len(published) > 1 or (published and played - published):
                yield stream.key

    def _show(self, sample):
        before = self.samples[-2] if len(self.samples) > 1 else None
        cpu = late = "-"
        if before:
            cpu = f"{100 * (sample.cpu - before.cpu) / (sample.at - before.at):.1f}"
            late = f"{100 * late_share(before, sample, 0.01):.2f}"
        at = f"{int(sample.at) // 60}:{int(sample.at) % 60:02d}"
        print(f"{at:>7}{sample.sessions:>10}{sample.in_use:>9}{sample.files:>7}"
              f"{sample.rss / MIB:>9.1f}{cpu:>7}{late:>8}", flush=True)

    def quiet(self, files=None):
        """Once it is quiet, with no more descriptors than `files`, or time is up. Without `files`,
        as before the first client: when no connection to an origin is kept."""
        def look():
            files = self._proxy.process.open_files()  # Without the connection that asks the rest.
            metrics = self._proxy.metrics()
            return Quiet(
                sessions=int(total(metrics, "srsproxy_sessions")),
                ended=int(total(metrics, "srsproxy_sessions_total")),
                in_use=int(total(metrics, "srsproxy_streams", state="in_use")),
                connections=int(sum(total(metrics, "srsproxy_connections", listener=name)
                                    for name in _LISTENERS)),
                files=files, rss=self._proxy.process.resident_bytes())

        def is_quiet():
            found = look()
            return (not (found.sessions or found.in_use or found.connections) and
                    (files is None or found.files <= files))

        try:
            wait_until(is_quiet, "quiet", _QUIET_WITHIN_SECONDS)
        except TimeoutError:
            pass  # The judge says what is left.
        time.sleep(_KEPT_SECONDS if files is None else _REST_SECONDS)
        return look()
