"""What time it is at the server, whatever happens to the clock of this machine."""

import time


def steady_s() -> float:
    """Seconds by a clock that nobody sets; where the system has one, it goes on while the machine sleeps."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


class ServerClock:
    """The server's time, kept by the steady clock since the server last told it.

    A machine's clock may be set from one moment to the next: a shot between that and the next word of the
    server would else be dated wrong by as much.
    """

    def __init__(self) -> None:
        self._ahead_s: float | None = None

    def told(self, server_time_s: float) -> None:
        """The server says what time it is there, in seconds since 1970."""
        self._ahead_s = server_time_s - steady_s()

    @property
    def offset_s(self) -> float | None:
        """The server's clock minus this machine's at this moment; None before the server said anything."""
        return None if self._ahead_s is None else self._ahead_s + steady_s() - time.time()
