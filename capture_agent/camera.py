"""The thread that reads the camera, and brings it back whenever it is lost.

It does nothing but copy: the newest capture lies in one place for whoever looks, and a burst is collected
while it is wanted. Nothing waits in a queue.
"""

import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from capture_agent.k4a.writing import Capture
from capture_agent.sources.source import CameraLost, Direction, OpenCamera, Source

logger = logging.getLogger(__name__)

UNEXPECTED = "The camera cannot be read, for a reason that the agent does not know; its log has more."
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 10.0
RATE_OVER_S = 2.0
BOOT_CLOCK_S = 30 * 86_400.0
"""A camera is not on for longer: a larger device time is no time since its start (some count from 1970)."""


@dataclass(frozen=True)
class Seen:
    """A capture, its number since the agent started, and which way was up."""

    number: int
    capture: Capture
    up: Direction | None


@dataclass(frozen=True)
class CameraStatus:
    """`camera` is None unless `state` is "open". `says`: one sentence for people."""

    state: Literal["open", "opening", "lost"]
    says: str
    camera: OpenCamera | None = None


@dataclass(eq=False)
class Burst:
    """Captures collected one after another. `done` is set when there are enough, or the camera is lost."""

    wanted: int
    captures: list[Capture] = field(default_factory=list)
    lost_images: int = 0
    done: threading.Event = field(default_factory=threading.Event)

    @property
    def whole(self) -> bool:
        return len(self.captures) == self.wanted

    def add(self, capture: Capture) -> None:
        """Keep a capture that has both images; count what others lack."""
        missing = (capture.colour_jpeg is None) + (capture.depth_mm is None)
        self.lost_images += missing
        if not missing and not self.done.is_set():
            self.captures.append(capture)
        if self.whole:
            self.done.set()


class Camera:
    """Reads a source in a thread of its own. `notify` is called from that thread after each capture and each
    change of the status; it must return at once."""

    def __init__(
        self,
        source: Source,
        notify: Callable[[], None],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.source = source
        self.status = CameraStatus("opening", "The camera is being opened.")
        self.latest: Seen | None = None
        self.dropped = 0
        self._notify, self._clock = notify, clock
        self._arrivals: deque[float] = deque(maxlen=200)
        self._opened_s: float | None = None
        self._last_us: int | None = None
        self._bursts: set[Burst] = set()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        # A daemon: a camera library that hangs must not keep the program from ending.
        self._thread = threading.Thread(target=self._run, name="camera", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, within_s: float = 5.0) -> None:
        """End the thread and close the source."""
        self._stop.set()
        self._thread.join(within_s)

    @property
    def fps(self) -> float:
        """Captures per second over the last two seconds."""
        now_s = self._clock()
        return sum(now_s - at_s <= RATE_OVER_S for at_s in list(self._arrivals)) / RATE_OVER_S

    @property
    def warm_s(self) -> float | None:
        """How long the camera has been on: by its own clock, else since it was opened; None without one."""
        seen = self.latest
        if self._opened_s is None or seen is None:
            return None
        device_s = seen.capture.depth_time_us / 1e6
        return device_s if device_s <= BOOT_CLOCK_S else self._clock() - self._opened_s

    def collect(self, count: int) -> Burst:
        """A burst of the next `count` captures with both images; wait for its `done`, then `release` it."""
        burst = Burst(count)
        with self._lock:
            self._bursts.add(burst)
        return burst

    def release(self, burst: Burst) -> None:
        """Collect no more."""
        with self._lock:
            self._bursts.discard(burst)

    def _run(self) -> None:
        wait_s = FIRST_WAIT_S
        while not self._stop.is_set():
            try:
                camera = self.source.open()
                self._set(CameraStatus("open", "The camera delivers.", camera))
                self._opened_s, self._last_us = self._clock(), None
                while not self._stop.is_set():
                    self._take(self.source.read(), camera.device.fps)
                    wait_s = FIRST_WAIT_S
            except Exception as error:
                if not isinstance(error, CameraLost):
                    logger.exception("camera: the program failed to read it")
                self._lose(str(error) if isinstance(error, CameraLost) else UNEXPECTED)
                self.source.close()
                # Several programs that lost one USB port must not come back all at once.
                self._stop.wait(wait_s * random.uniform(0.8, 1.2))  # noqa: S311 - not for secrets
                wait_s = min(2 * wait_s, LONGEST_WAIT_S)
        self.source.close()

    def _take(self, capture: Capture, fps: int) -> None:
        self._count(capture, fps)
        self._arrivals.append(self._clock())
        number = 0 if self.latest is None else self.latest.number + 1
        self.latest = Seen(number, capture, self.source.up())
        with self._lock:
            for burst in self._bursts:
                burst.add(capture)
        self._notify()

    def _count(self, capture: Capture, fps: int) -> None:
        """Captures that never came, by the gaps of device time, and images that were missing."""
        now_us = min(capture.colour_time_us, capture.depth_time_us)
        if self._last_us is not None:
            self.dropped += max(round((now_us - self._last_us) * fps / 1e6) - 1, 0)
        self.dropped += (capture.colour_jpeg is None) + (capture.depth_mm is None)
        self._last_us = now_us

    def _lose(self, says: str) -> None:
        self._opened_s = None
        self._set(CameraStatus("lost", says))
        with self._lock:
            for burst in self._bursts:
                burst.done.set()

    def _set(self, status: CameraStatus) -> None:
        self.status = status
        self._notify()
