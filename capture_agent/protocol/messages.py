"""The control messages of the two websockets: agent <-> server and viewer <-> server.

Each is one JSON object `{"type": ..., ...}` in a text frame. `FROM_AGENT`, `TO_AGENT`, `FROM_VIEWER` and
`TO_VIEWER` pack and unpack them; what an agent says of itself reaches its viewers unchanged.
"""

import uuid
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from capture_agent.protocol.wire import (
    Bounds,
    Bytes,
    Code,
    Count,
    DeviceTime,
    Dialect,
    Fraction,
    Message,
    Name,
    Seconds,
    Sentence,
    Sha256,
)

AGENT_SUBPROTOCOL = "spineweb.agent.v1"
VIEWER_SUBPROTOCOL = "spineweb.viewer.v1"
AGENT_SOCKET = "/ws/v1/capture/agent/"
VIEWER_SOCKET = "/ws/v1/capture/view/"
MOST_TEXT_BYTES = 64 << 10
CREDITS = 2
"""Preview frames that may be on their way over one socket without an `ack`."""
HELLO_WITHIN_S = 10.0
HEARTBEAT_S = 2.0
SILENCE_S = 15.0
"""After so long without a word the other side counts as gone."""

# Close codes; their last three digits say what they would in HTTP.
BAD_MESSAGE, NOT_SIGNED_IN, NOT_ALLOWED, NO_AGENT, HELLO_LATE = 4400, 4401, 4403, 4404, 4408
REPLACED, TOO_LARGE, OTHER_VERSION, TOO_MANY = 4409, 1009, 4426, 4429

SourceKind = Literal["kinect", "mkv", "phantom"]
State = Literal["green", "amber", "red", "unknown"]
CheckName = Literal["distance", "field", "holes", "stillness", "tilt", "beside", "warm_up"]
DepthWish = Literal["none", "shade", "exact"]
Point = Annotated[tuple[Fraction, ...], Bounds(2, 2)]
"""x, y."""
Outline = Annotated[tuple[Point, ...], Bounds(0, 80)]
Side = Annotated[int, Bounds(1, 4096)]


@dataclass(frozen=True, kw_only=True)
class Hello(Message):
    """Agent: the first message. `instance` stays as long as the spool folder; `session` is this run of the
    program, so that the server can tell a reconnect from a restart."""

    TYPE: ClassVar[str] = "hello"
    agent_version: Name
    instance: uuid.UUID
    session: uuid.UUID
    source: SourceKind
    host: Name


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """What a viewer draws over one picture, in fractions of it: the field in which depth can be measured
    (where the cameras' geometry says so), and the outline of a child who stands right."""

    width: Side
    height: Side
    field: Outline
    outline: Outline


@dataclass(frozen=True, kw_only=True)
class CameraState(Message):
    """Agent: the camera was opened, lost, or is looked for. `says` is for people. What is not known is empty
    or null. `calibration`: the device's own JSON."""

    TYPE: ClassVar[str] = "camera"
    state: Literal["open", "opening", "lost"]
    says: Sentence
    serial: Name = ""
    firmware: Name = ""
    depth_mode: Name = ""
    colour_mode: Name = ""
    fps: Annotated[int, Bounds(0, 120)] = 0
    calibration: Annotated[str, Bounds(0, 32 << 10)] = ""
    depth: Drawing | None = None
    colour: Drawing | None = None


@dataclass(frozen=True, kw_only=True)
class Heartbeat(Message):
    """Agent: every HEARTBEAT_S. `fps` captures arrive from the camera; `dropped`: those lost since the start
    (missing images, gaps in device time). `warm_s`: since the camera was started, null if unknown.
    `free_bytes`: on the spool's disk, beyond the reserve. `last_shot_s`: seconds since the last shot."""

    TYPE: ClassVar[str] = "heartbeat"
    fps: Annotated[float, Bounds(0, 1000)]
    dropped: Count
    sent: Count
    warm_s: Seconds | None
    spool_shots: Count
    spool_bytes: Bytes
    free_bytes: Bytes
    last_shot: uuid.UUID | None
    last_shot_s: Seconds | None


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing to watch before the shot: its state, a plain sentence and a number with its unit. `unknown`
    (and no number) where it could not be measured."""

    name: CheckName
    state: State
    says: Sentence
    value: Annotated[float, Bounds(-1e6, 1e6)] | None = None
    unit: Annotated[str, Bounds(0, 12)] = ""


@dataclass(frozen=True, kw_only=True)
class Box:
    """A rectangle in fractions of a picture."""

    left: Fraction
    top: Fraction
    right: Fraction
    bottom: Fraction


@dataclass(frozen=True, kw_only=True)
class Guidance(Message):
    """Agent: at 10 Hz or more while a camera is open. `body`: where the depth picture shows the child, null
    where there is nobody. `ready`: nothing is red."""

    TYPE: ClassVar[str] = "guidance"
    device_time_us: DeviceTime
    ready: bool
    checks: Annotated[tuple[Check, ...], Bounds(0, 16)]
    body: Box | None = None


@dataclass(frozen=True, kw_only=True)
class Countdown(Message):
    """Agent: the shot of this request is so many seconds away."""

    TYPE: ClassVar[str] = "countdown"
    request: uuid.UUID
    left_s: Annotated[float, Bounds(0, 60)]


@dataclass(frozen=True, kw_only=True)
class Taken(Message):
    """Agent: the shot is whole on the agent's disk and stays there until the server has it."""

    TYPE: ClassVar[str] = "taken"
    request: uuid.UUID
    shot: uuid.UUID
    subject: uuid.UUID
    sha256: Sha256
    size: Bytes
    frames: Annotated[int, Bounds(1, 255)]


@dataclass(frozen=True, kw_only=True)
class Refused(Message):
    """Agent: there will be no shot for this request, and why. Codes: busy, no_camera, no_frames, no_subject,
    disk_full, disk_failed, failed, cancelled; from the server also not_allowed."""

    TYPE: ClassVar[str] = "refused"
    request: uuid.UUID
    code: Code
    says: Sentence


@dataclass(frozen=True, kw_only=True)
class Upload:
    """One shot of the spool. `parked`: the server refused it for good; it stays on the disk, see `says`."""

    shot: uuid.UUID
    state: Literal["waiting", "sending", "stored", "parked"]
    sent: Bytes
    size: Bytes
    study: uuid.UUID | None = None
    says: Sentence = ""


@dataclass(frozen=True, kw_only=True)
class Uploads(Message):
    """Agent: how its spool goes, whenever it changes, at most twice a second; the oldest 50 shots."""

    TYPE: ClassVar[str] = "uploads"
    shots: Annotated[tuple[Upload, ...], Bounds(0, 50)]


@dataclass(frozen=True, kw_only=True)
class Preview(Message):
    """Server: what is wanted of the live view from now on; `fps` 0: nothing. Never more than CREDITS frames
    without an `ack`."""

    TYPE: ClassVar[str] = "preview"
    fps: Annotated[float, Bounds(0, 30)]
    depth: DepthWish = "shade"
    colour_width: Annotated[int, Bounds(160, 1280)] = 640


@dataclass(frozen=True, kw_only=True)
class Welcome(Message):
    """Server: the answer to `hello`. `agent` is the token's id; `project` the one its shots go to.
    `server_time_s` lets the agent see how wrong its clock is."""

    TYPE: ClassVar[str] = "welcome"
    connection: uuid.UUID
    agent: uuid.UUID
    name: Name
    project: uuid.UUID
    project_name: Name
    server_time_s: Seconds


@dataclass(frozen=True, kw_only=True)
class Heard(Message):
    """Server: the answer to each heartbeat."""

    TYPE: ClassVar[str] = "heard"
    server_time_s: Seconds


@dataclass(frozen=True, kw_only=True)
class Ack(Message):
    """The receiver has dealt with the preview frame of this number: one credit back."""

    TYPE: ClassVar[str] = "ack"
    seq: Annotated[int, Bounds(0, 2**32 - 1)]


@dataclass(frozen=True, kw_only=True)
class Subject:
    """Whom the next shot shows. `study`: the visit it belongs to; null: the server finds or makes it."""

    id: uuid.UUID
    pseudonym: Name
    study: uuid.UUID | None = None


@dataclass(frozen=True, kw_only=True)
class Target(Message):
    """Server: the subject chosen in the browser, whom the key or foot switch at the agent shoots; null:
    nobody. Sent after `welcome` and whenever it changes."""

    TYPE: ClassVar[str] = "target"
    subject: Subject | None


@dataclass(frozen=True, kw_only=True)
class Shoot(Message):
    """Server: take a shot of this subject. The same `request` again does not take another."""

    TYPE: ClassVar[str] = "shoot"
    request: uuid.UUID
    subject: Subject
    countdown_s: Annotated[float, Bounds(0, 30)] = 0.0


@dataclass(frozen=True, kw_only=True)
class Cancel(Message):
    """Server or viewer: no shot for this request, if its countdown still runs."""

    TYPE: ClassVar[str] = "cancel"
    request: uuid.UUID


@dataclass(frozen=True, kw_only=True)
class Failure(Message):
    """Either side: what is wrong, in a code and a sentence. The socket is closed after it where `closing`."""

    TYPE: ClassVar[str] = "error"
    code: Code
    says: Sentence
    closing: bool = False


@dataclass(frozen=True, kw_only=True)
class Watch(Message):
    """Viewer: show this agent (null: none) from now on. `depth` "exact": 16 bits; the fewest frames per
    second that some part of the way can carry are what comes."""

    TYPE: ClassVar[str] = "watch"
    agent: uuid.UUID | None
    fps: Annotated[float, Bounds(0, 30)] = 15.0
    depth: DepthWish = "shade"
    colour_width: Annotated[int, Bounds(160, 1280)] = 640


@dataclass(frozen=True, kw_only=True)
class Aim(Message):
    """Viewer: whom the next shot shows; the server looks the subject up and tells the agent (`target`)."""

    TYPE: ClassVar[str] = "aim"
    subject: uuid.UUID | None
    study: uuid.UUID | None = None


@dataclass(frozen=True, kw_only=True)
class Press(Message):
    """Viewer: take a shot of the chosen subject. `request` is the viewer's own, new for each press."""

    TYPE: ClassVar[str] = "press"
    request: uuid.UUID
    countdown_s: Annotated[float, Bounds(0, 30)] = 0.0


@dataclass(frozen=True, kw_only=True)
class Presence(Message):
    """Server to viewer: whether the watched agent is there; then come its own messages."""

    TYPE: ClassVar[str] = "presence"
    agent: uuid.UUID
    name: Name
    online: bool
    session: uuid.UUID | None
    source: SourceKind | None
    agent_version: Name = ""
    host: Name = ""


@dataclass(frozen=True, kw_only=True)
class Stored(Message):
    """Server to viewer: a shot is in its study. `image`: the colour picture to label, once there is one."""

    TYPE: ClassVar[str] = "stored"
    shot: uuid.UUID
    study: uuid.UUID
    acquisition: uuid.UUID
    image: uuid.UUID | None


_OF_AGENT = (CameraState, Heartbeat, Guidance, Countdown, Taken, Refused, Uploads)
FROM_AGENT = Dialect(Hello, *_OF_AGENT, Failure, most_bytes=MOST_TEXT_BYTES)
TO_AGENT = Dialect(Welcome, Heard, Preview, Ack, Target, Shoot, Cancel, Failure, most_bytes=MOST_TEXT_BYTES)
FROM_VIEWER = Dialect(Watch, Ack, Aim, Press, Cancel, most_bytes=4 << 10)
TO_VIEWER = Dialect(Presence, *_OF_AGENT, Target, Stored, Failure, most_bytes=MOST_TEXT_BYTES)
