"""A port that stays free between two servers of one test."""

from __future__ import annotations

import random
import socket
from contextlib import closing

BELOW_THOSE_GIVEN_OUT = range(20_000, 32_000)
"""The system gives out ports above these to whoever connects: one of them may be taken again at any moment."""


def free_port() -> int:
    """A port of the loopback on which nobody listens."""
    for port in random.sample(BELOW_THOSE_GIVEN_OUT, 100):
        with closing(socket.socket()) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError("no port is free")
