"""What must hold after hours, judged from samples: functions that return what does not, one line
each."""

import dataclasses
import statistics

MIB = 1 << 20

# The log of events remembers the last 65,536, for watchers: until it is full, each session adds to
# it what its beginning and its end leave there.
EVENT_BYTES = 512
# By so much more the median RSS of the last fifth may be above that of the second: what an
# allocator keeps now more, now less of.
TREND_SHARE, TREND_BYTES = 0.05, 2 * MIB
# The same for the quiet after all have left, beside the quiet after the warm-up.
QUIET_SHARE, QUIET_BYTES = 0.10, 2 * MIB
# A worker may come late to what is due: this share of the times by more than this, seldom for more
# than that. All else on the machine counts too: clients and origins share its cores.
LATE_SECONDS, LATE_SHARE = 0.1, 0.002
HANGS_SECONDS = 5.0
# A stream that has clients on two origins in all samples of so long has come apart. A move ends
# viewers at a rate, and an origin that was killed is missed by nobody at once.
APART_SECONDS = 15.0
# Of the clients with whom nobody interfered so many may have fared badly: a machine may be slow.
FAILED_SHARE = 0.01


@dataclasses.dataclass
class Sample:
    at: float  # Seconds since the load began.
    sessions: int
    ended: int  # Sessions, since the process began.
    in_use: int  # Streams.
    files: int
    rss: int  # Bytes.
    cpu: float  # Seconds, since the process began.
    late: dict  # Of worker_loop_lag: how many came at most so late, by seconds.
    apart: frozenset = frozenset()  # Keys of streams that have clients on several origins.


@dataclasses.dataclass
class Quiet:
    """What is left when all clients have gone."""
    sessions: int
    ended: int
    in_use: int
    connections: int
    files: int
    rss: int


@dataclasses.dataclass
class Trend:
    """Medians of the second and of the last fifth, in bytes, and what ended from the one to the
    other."""
    early: float
    late: float
    ended: float


def rss_trend(samples):
    fifth = len(samples) // 5
    if fifth == 0:
        raise ValueError(f"{len(samples)} samples are too few for a trend")
    second, last = samples[fifth:2 * fifth], samples[-fifth:]

    def median(of, name):
        return statistics.median(getattr(sample, name) for sample in of)

    return Trend(early=median(second, "rss"), late=median(last, "rss"),
                 ended=median(last, "ended") - median(second, "ended"))


def _may_grow_to(rss, share, extra, ended):
    return rss * (1 + share) + extra + EVENT_BYTES * ended


def check_trend(samples):
    trend = rss_trend(samples)
    early, late = trend.early, trend.late
    if late <= _may_grow_to(early, TREND_SHARE, TREND_BYTES, trend.ended):
        return []
    return [f"memory grows: {early / MIB:.1f} MiB in the second fifth, {late / MIB:.1f} in the "
            f"last"]


def late_share(first, last, seconds):
    """Which share of the work between two samples came later than `seconds`."""
    total = last.late[float("inf")] - first.late[float("inf")]
    late = total - (last.late[seconds] - first.late[seconds])
    return late / total if total else 0.0


def check_lag(samples):
    first, last = samples[0], samples[-1]
    problems = []
    if last.late[float("inf")] == first.late[float("inf")]:
        problems.append("no worker told how late it was")
    share = late_share(first, last, LATE_SECONDS)
    if share > LATE_SHARE:
        problems.append(f"workers came more than {LATE_SECONDS:g} s late to {share:.2%} of their "
                        f"work")
    if late_share(first, last, HANGS_SECONDS) > 0:
        problems.append(f"a worker came more than {HANGS_SECONDS:g} s late")
    return problems


def check_apart(samples):
    problems, since = [], {}
    for sample in samples:
        since = {key: since.get(key, sample.at) for key in sample.apart}
        problems += [f"{key} is on several origins from second {began:.0f} on"
                     for key, began in sorted(since.items())
                     if began + APART_SECONDS <= sample.at]
    return sorted(set(problems))


def check_quiet(quiet, files, earlier=None):
    """`files`: as many descriptors were open before the first client. `earlier`: the quiet after
    the warm-up, when its memory has had what it needs for this load."""
    problems = [f"{count} {what} are left when all clients have gone"
                for what, count in (("sessions", quiet.sessions), ("streams in use", quiet.in_use),
                                    ("connections", quiet.connections)) if count]
    if quiet.files > files:
        problems.append(f"{quiet.files} descriptors are open, {files} were before")
    if earlier and quiet.rss > _may_grow_to(earlier.rss, QUIET_SHARE, QUIET_BYTES,
                                            quiet.ended - earlier.ended):
        problems.append(f"memory does not come back: {quiet.rss / MIB:.1f} MiB when all clients "
                        f"have gone, {earlier.rss / MIB:.1f} after the warm-up")
    return problems


def check_log(records):
    """Of the whole run."""
    problems = [f"an error in the log: {record}" for record in records
                if record.get("level") == "error"]
    problems += [f"a session ended for no reason: {record}" for record in records
                 if record.get("message") == "session ended" and
                 record.get("reason") in ("", "internal")]
    return problems + [f"a session failed: {record}" for record in records
                       if record.get("message") == "session failed"]


def check_clients(served, failures):
    """Of those with whom nobody interfered."""
    if served == 0:
        return ["no client was served"]
    if len(failures) <= FAILED_SHARE * (served + len(failures)):
        return []
    return [f"{len(failures)} of {served + len(failures)} clients were not served", *failures[:20]]
