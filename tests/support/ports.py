"""Free ports for the servers that tests start."""

import contextlib
import random
import socket

FIRST_PORT = 20_000
EPHEMERAL_PORTS_BEGIN = 32_768
"""Linux takes ports from here on for outgoing connections."""
# Not the generator that tests seed: parallel test processes must not draw the same ports.
_GENERATOR = random.SystemRandom()


def find_free_port() -> int:
    """A port of this machine on which nothing listens.

    A server binds it some seconds later, after its imports. A port that the system chooses could be that of an outgoing
    connection by then.
    """
    while True:
        port = _GENERATOR.randrange(FIRST_PORT, EPHEMERAL_PORTS_BEGIN)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
