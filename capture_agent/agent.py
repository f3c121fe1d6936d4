"""The agent as a whole: camera, guidance, shutter, spool and the ways to the server, put together."""

import asyncio
import logging
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from capture_agent.camera import Camera, CameraStatus
from capture_agent.field import drawings
from capture_agent.guidance import Guide
from capture_agent.outbox import Outbox
from capture_agent.protocol.messages import (
    CameraState,
    Check,
    Drawing,
    Heartbeat,
    Hello,
    Refused,
    Shoot,
    Taken,
)
from capture_agent.pulse import Pulse
from capture_agent.server import Server
from capture_agent.shutter import Circumstances, Order, Shutter
from capture_agent.sources.source import OpenCamera, Source
from capture_agent.spool import Spool
from capture_agent.uplink import Ears, Uplink, host_name
from capture_agent.uploader import Uploader

logger = logging.getLogger(__name__)

MOST_CALIBRATION = 32 << 10
RESTART_S = 5.0


@dataclass(frozen=True)
class Keyed:
    """How long a shot by the key or foot switch counts down."""

    countdown_s: float = 3.0


class Agent:
    """Make it inside the event loop; `run` goes on until it is cancelled."""

    def __init__(self, server: Server, source: Source, spool: Spool, keyed: Keyed) -> None:
        self._spool, self._keyed = spool, keyed
        self._outbox = Outbox()
        self._frames = Pulse()
        self._camera = Camera(source, self._frames.beat_from_thread)
        self._checks: tuple[Check, ...] = ()
        self.shutter = Shutter(self._camera, spool, tell=self._outbox.put, circumstances=self._circumstances)
        self.uploader = Uploader(spool, server, self._outbox.put)
        hello = Hello(
            agent_version=agent_version(),
            instance=spool.instance,
            session=uuid.uuid4(),
            source=source.kind,
            host=host_name(),
        )
        self.uplink = Uplink(
            server,
            self._camera,
            self._outbox,
            hello=hello,
            ears=Ears(self._ordered, self.shutter.cancel, self._greet),
            heartbeat=self._heartbeat,
            frames=self._frames,
        )

    async def run(self) -> None:
        """Everything at once. What fails for a reason nobody thought of is logged and begun again."""
        self._camera.start()
        try:
            async with asyncio.TaskGroup() as group:
                for part in (self._watch, self.uplink.run, self.uploader.run):
                    group.create_task(_kept_running(part))
        finally:
            await asyncio.to_thread(self._camera.stop)

    async def press(self) -> Taken | Refused | None:
        """The key or foot switch: shoot the subject that the browser chose last."""
        welcome = self.uplink.welcome
        order = Order(
            request=uuid.uuid4(),
            subject=self.uplink.target,
            project=welcome.project if welcome else None,
            trigger="key",
            countdown_s=self._keyed.countdown_s,
        )
        return await self._shoot(order)

    async def _ordered(self, shoot: Shoot) -> None:
        welcome = self.uplink.welcome
        await self._shoot(
            Order(
                request=shoot.request,
                subject=shoot.subject,
                project=welcome.project if welcome else None,
                trigger="browser",
                countdown_s=shoot.countdown_s,
            )
        )

    async def _shoot(self, order: Order) -> Taken | Refused | None:
        answer = await self.shutter.shoot(order)
        if isinstance(answer, Taken):
            logger.info("shot %s: %.1f MB on the disk", answer.shot, answer.size / 1e6)
            self.uploader.wake()
        elif isinstance(answer, Refused):
            logger.warning("no shot: %s", answer.says)
        return answer

    async def _watch(self) -> None:
        """Follow the camera: tell when it comes and goes, and guide by each capture."""
        status: CameraStatus | None = None
        guide: Guide | None = None
        looked = -1
        while True:
            if self._camera.status is not status:
                status = self._camera.status
                logger.info("camera: %s", status.says)
                guide = await asyncio.to_thread(Guide, status.camera) if status.camera else None
                self._checks = ()
                self._outbox.put(camera_state(status))
            seen = self._camera.latest
            if guide is not None and seen is not None and seen.number != looked:
                looked = seen.number
                guidance = guide.look(seen, self._camera.warm_s)
                if guidance is not None:
                    self._checks = guidance.checks
                    if self.uplink.connected:
                        self._outbox.put(guidance)
            await self._frames.wait(1.0)

    def _greet(self) -> None:
        """A new connection knows nothing yet."""
        self._outbox.put(camera_state(self._camera.status))
        self.uploader.tell()
        self.uploader.wake()

    def _heartbeat(self, sent: int) -> Heartbeat:
        waiting = self.uploader.waiting
        last = self.shutter.last_shot
        return Heartbeat(
            fps=self._camera.fps,
            dropped=self._camera.dropped,
            sent=sent,
            warm_s=self._camera.warm_s,
            spool_shots=len(waiting),
            spool_bytes=sum(upload.size for upload in waiting),
            free_bytes=self._spool.free_bytes,
            last_shot=last[0] if last else None,
            last_shot_s=time.monotonic() - last[1] if last else None,
        )

    def _circumstances(self) -> Circumstances:
        return Circumstances(
            checks=self._checks, clock_offset_s=self.uplink.clock_offset_s, agent_version=agent_version()
        )


def camera_state(status: CameraStatus) -> CameraState:
    """What the server is told of the camera."""
    camera = status.camera
    if camera is None:
        return CameraState(state=status.state, says=status.says[:400])
    calibration = camera.device.calibration_json.decode("utf-8", "replace")
    depth, colour = _drawings(camera)
    return CameraState(
        state=status.state,
        says=status.says[:400],
        serial=camera.device.serial[:120],
        firmware=camera.firmware[:120],
        depth_mode=camera.device.depth_mode,
        colour_mode=camera.device.colour_mode,
        fps=camera.device.fps,
        calibration=calibration if len(calibration) <= MOST_CALIBRATION else "",
        depth=depth,
        colour=colour,
    )


def _drawings(camera: OpenCamera) -> tuple[Drawing, Drawing]:
    return drawings(camera.calibration, camera.device.depth_mode)


def agent_version() -> str:
    """The version of this program."""
    try:
        return version("spineweb")
    except PackageNotFoundError:
        return "unknown"


async def _kept_running(part: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await part()
        except Exception:
            logger.exception("agent: %s failed and is begun again", getattr(part, "__qualname__", part))
            await asyncio.sleep(RESTART_S)
