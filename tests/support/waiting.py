"""Waiting for what somebody else does, with a deadline."""

import time

POLL_SECONDS = 0.02


def wait_until(condition, what, timeout=15.0):
    """Polls `condition` until it is true and returns what it returned.

    `what` says in the error what did not happen. Only for facts that have no event to wait for: a
    page of another process, a line in its log.
    """
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {timeout:g} s: {what}")
        time.sleep(POLL_SECONDS)
