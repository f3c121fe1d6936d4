"""Takes a shot: countdown, a burst as the camera gives it, onto the disk; and says what became of it."""

import asyncio
import hashlib
import io
import logging
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from capture_agent.camera import Burst, Camera, CameraStatus
from capture_agent.k4a.writing import write_recording
from capture_agent.protocol.messages import Check, Countdown, Refused, Subject, Taken
from capture_agent.protocol.uploads import MOST_SHOT_BYTES, ShotOffer
from capture_agent.protocol.wire import Message
from capture_agent.sources.source import OpenCamera
from capture_agent.spool import DiskFull, Spool, SpoolError, Waiting

logger = logging.getLogger(__name__)

BURST_FRAMES = 15
COUNTDOWN_STEP_S = 0.5
PATIENCE = 3.0
"""A burst may take so many times as long as it should, and two seconds more."""
ANSWERS_KEPT = 200
Trigger = Literal["browser", "key"]
Answer = Taken | Refused


@dataclass(frozen=True, kw_only=True)
class Order:
    """A shot that is wanted. `project`: the token's, into which it goes."""

    request: uuid.UUID
    subject: Subject | None
    project: uuid.UUID | None
    trigger: Trigger
    countdown_s: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Circumstances:
    """What else is said of a shot: the guidance of the moment, and how far off the clock is."""

    checks: tuple[Check, ...]
    clock_offset_s: float | None
    agent_version: str


class Shutter:
    """One shot at a time. `tell` gets countdowns and answers; `circumstances` is asked at the shot."""

    def __init__(
        self,
        camera: Camera,
        spool: Spool,
        *,
        tell: Callable[[Message], None],
        circumstances: Callable[[], Circumstances],
    ) -> None:
        self._camera, self._spool = camera, spool
        self._tell, self._circumstances = tell, circumstances
        self._answers: OrderedDict[uuid.UUID, Answer] = OrderedDict()
        self._now: uuid.UUID | None = None
        self._cancelled = asyncio.Event()
        self.last_shot: tuple[uuid.UUID, float] | None = None
        """The last shot and when it was taken, on the monotonic clock."""
        for waiting in spool.waiting():
            self._keep(_taken(waiting))

    async def shoot(self, order: Order) -> Answer | None:
        """Take the shot, or say why not; the answer is told and returned. The request of a shot that was
        already answered is answered again; None where that very shot is being taken."""
        known = self._answers.get(order.request)
        if known is not None:
            self._tell(known)
            return known
        if self._now == order.request:
            return None
        answer = await self._attempt(order)
        self._keep(answer)
        self._tell(answer)
        return answer

    def cancel(self, request: uuid.UUID) -> None:
        """End the countdown of this request; nothing if the shutter went already."""
        if self._now == request:
            self._cancelled.set()

    async def _attempt(self, order: Order) -> Answer:
        if self._now is not None:
            return _refused(order, "busy", "Another shot is being taken; wait until it is done.")
        if order.subject is None or order.project is None:
            return _refused(order, "no_subject", "Choose in the browser whom the shot shows.")
        self._now = order.request
        self._cancelled.clear()
        try:
            return await self._take(order, order.subject, order.project)
        except DiskFull as full:
            return _refused(order, "disk_full", str(full))
        except SpoolError as failed:
            return _refused(order, "disk_failed", str(failed))
        except Exception:
            # Who pressed must hear of it, whatever it was.
            logger.exception("shutter: the shot failed")
            return _refused(
                order, "failed", "The shot failed for a reason that the agent's log tells. Try again."
            )
        finally:
            self._now = None

    async def _take(self, order: Order, subject: Subject, project: uuid.UUID) -> Answer:
        status = self._camera.status
        if status.camera is None:
            return _refused(order, "no_camera", status.says)
        # Before the countdown: nobody should hold their breath for a shot that cannot be kept.
        self._spool.check_room(_expected_bytes(status.camera))
        if not await self._count_down(order):
            return _refused(order, "cancelled", "The shot was cancelled.")
        circumstances = self._circumstances()
        taken_at_s, warm_s = time.time(), self._camera.warm_s
        burst = await self._burst(status.camera)
        if not burst.whole:
            return _refused(order, "no_frames", _too_few(burst, self._camera.status))
        try:
            content = await asyncio.to_thread(_recorded, status.camera, burst)
        except ValueError as error:
            return _refused(order, "no_frames", f"The camera's images do not belong together: {error}.")
        if len(content) > MOST_SHOT_BYTES:
            return _refused(order, "no_frames", "The camera's images are larger than a shot may be.")
        offer = ShotOffer(
            sha256=hashlib.sha256(content).hexdigest(),
            size=len(content),
            project=project,
            subject=subject.id,
            study=subject.study,
            request=order.request,
            trigger=order.trigger,
            frames=len(burst.captures),
            lost_images=min(burst.lost_images, 510),
            taken_at_s=taken_at_s,
            clock_offset_s=circumstances.clock_offset_s,
            device_time_us=burst.captures[0].depth_time_us,
            warm_s=warm_s,
            source=self._camera.source.kind,
            serial=status.camera.device.serial,
            firmware=status.camera.firmware,
            agent_version=circumstances.agent_version,
            checks=circumstances.checks,
        )
        waiting = Waiting(shot=uuid.uuid4(), offer=offer)
        await asyncio.to_thread(self._spool.add, waiting, content)
        self.last_shot = (waiting.shot, time.monotonic())
        return _taken(waiting)

    async def _count_down(self, order: Order) -> bool:
        """False where it was cancelled."""
        ends_s = time.monotonic() + order.countdown_s
        while (left_s := ends_s - time.monotonic()) > 0:
            self._tell(Countdown(request=order.request, left_s=round(left_s, 2)))
            try:
                async with asyncio.timeout(min(left_s, COUNTDOWN_STEP_S)):
                    await self._cancelled.wait()
            except TimeoutError:
                continue
            return False
        self._tell(Countdown(request=order.request, left_s=0.0))
        return not self._cancelled.is_set()

    async def _burst(self, camera: OpenCamera) -> Burst:
        burst = self._camera.collect(BURST_FRAMES)
        try:
            await asyncio.to_thread(burst.done.wait, PATIENCE * BURST_FRAMES / camera.device.fps + 2.0)
        finally:
            self._camera.release(burst)
        return burst

    def _keep(self, answer: Answer) -> None:
        # "Busy" may be tried again by the same request.
        if isinstance(answer, Refused) and answer.code == "busy":
            return
        self._answers[answer.request] = answer
        while len(self._answers) > ANSWERS_KEPT:
            self._answers.popitem(last=False)


def _recorded(camera: OpenCamera, burst: Burst) -> bytes:
    file = io.BytesIO()
    write_recording(file, camera.device, burst.captures)
    return file.getvalue()


def _expected_bytes(camera: OpenCamera) -> int:
    """At most what a burst takes: depth as it is, colour as 3 bits per pixel."""
    (cw, ch), (dw, dh) = camera.device.colour_size, camera.device.depth_size
    return BURST_FRAMES * (2 * dw * dh + 3 * cw * ch // 8) + (1 << 20)


def _taken(waiting: Waiting) -> Taken:
    offer = waiting.offer
    return Taken(
        request=offer.request,
        shot=waiting.shot,
        subject=offer.subject,
        sha256=offer.sha256,
        size=offer.size,
        frames=offer.frames,
    )


def _too_few(burst: Burst, status: CameraStatus) -> str:
    if status.camera is None:
        return f"The camera was lost during the shot. {status.says}"
    got = f"{len(burst.captures)} of {burst.wanted} frames came whole"
    return f"The camera is too slow: {got}. Plug it into a USB 3 port of its own, then try again."


def _refused(order: Order, code: str, says: str) -> Refused:
    return Refused(request=order.request, code=code, says=says[:400])
