"""How long to wait before the next try."""

import random

FIRST_S, LONGEST_S = 0.5, 30.0


class Backoff:
    """Twice as long after each failure, up to LONGEST_S; each time a random half to whole of that, so that
    agents that lost one server do not come back all at once."""

    def __init__(self, first_s: float = FIRST_S, longest_s: float = LONGEST_S) -> None:
        self._first_s, self._longest_s = first_s, longest_s
        self._next_s = first_s

    def reset(self) -> None:
        """It worked."""
        self._next_s = self._first_s

    def next_s(self, at_least_s: float = 0.0) -> float:
        """The wait after one more failure."""
        wait_s = max(self._next_s, at_least_s)
        self._next_s = min(2 * self._next_s, self._longest_s)
        return wait_s * random.uniform(0.5, 1.0) if at_least_s < wait_s else wait_s  # noqa: S311 - no secret
