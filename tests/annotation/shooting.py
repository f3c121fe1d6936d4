"""An agent's side of an upload, over the API: shared by the tests of capture."""

import dataclasses
import hashlib
import json
import uuid
from typing import Any

import cv2
import numpy as np
from django.test import Client

from annotation.models import AgentToken, Subject
from capture_agent.protocol.uploads import CHUNK_TYPE, ShotOffer
from capture_agent.protocol.wire import plain
from tests.annotation.imaging.fixtures import depth_png
from tests.annotation.imaging.recordings import recording

TAKEN_AT_S = 1_790_000_000.0
"""2026-09-21."""


def burst(frames: int = 3) -> bytes:
    """A recording of a torso that stands still."""
    y, x = np.mgrid[:720, :1280]
    pixels = np.stack([x / 5, y / 3, (x + y) / 8], axis=-1).astype(np.uint8)
    picture = cv2.imencode(".jpg", pixels)[1].tobytes()
    torso = depth_png("synth_torso_depth.png")
    noise = np.random.default_rng(1)
    depths = [
        np.where(torso > 0, torso + noise.integers(-2, 3, torso.shape), 0).astype(np.uint16)
        for _ in range(frames)
    ]
    return recording([(picture, depth) for depth in depths])


def offer_of(content: bytes, *, project: uuid.UUID, subject: uuid.UUID, **changed: Any) -> ShotOffer:
    """What an agent says of a shot, as far as a test names nothing else."""
    offered = ShotOffer(
        sha256=hashlib.sha256(content).hexdigest(),
        size=len(content),
        project=project,
        subject=subject,
        study=None,
        request=uuid.uuid4(),
        trigger="browser",
        frames=3,
        lost_images=0,
        taken_at_s=TAKEN_AT_S,
        clock_offset_s=0.0,
        device_time_us=5_000_000,
        warm_s=2400.0,
        source="phantom",
        serial="SYNTHETIC0001",
        firmware="1.6",
        agent_version="0.1.0",
        checks=(),
    )
    return dataclasses.replace(offered, **changed)


class Agent:
    """One agent with one token."""

    def __init__(self, token: AgentToken, secret: str) -> None:
        self.token = token
        self.client = Client(headers={"Authorization": f"Bearer {secret}"}, raise_request_exception=False)

    def offer(self, content: bytes, subject: Subject, **changed: Any) -> ShotOffer:
        whose = {"project": self.token.project_id, "subject": subject.pk}
        return offer_of(content, **{**whose, **changed})

    def put(self, shot: uuid.UUID, offered: ShotOffer | dict[str, Any]) -> Any:
        body = offered if isinstance(offered, dict) else plain(offered)
        return self._ask("PUT", f"shots/{shot}", json.dumps(body).encode(), "application/json")

    def state(self, shot: uuid.UUID) -> Any:
        return self._ask("GET", f"shots/{shot}")

    def received(self, shot: uuid.UUID) -> int:
        answer = self._ask("HEAD", f"shots/{shot}/content")
        assert answer.status_code == 200, answer.status_code
        return int(answer["Upload-Offset"])

    def patch(self, shot: uuid.UUID, offset: int, piece: bytes) -> Any:
        return self._ask("PATCH", f"shots/{shot}/content", piece, CHUNK_TYPE, {"Upload-Offset": str(offset)})

    def finish(self, shot: uuid.UUID) -> Any:
        return self._ask("POST", f"shots/{shot}/finish")

    def check(self, check: uuid.UUID, said: dict[str, Any]) -> Any:
        return self._ask("PUT", f"checks/{check}", json.dumps(said).encode(), "application/json")

    def send(self, content: bytes, subject: Subject, shot: uuid.UUID | None = None, **changed: Any) -> Any:
        """A whole shot; the answer to its last request."""
        shot = shot or uuid.uuid4()
        answer = self.put(shot, self.offer(content, subject, **changed))
        assert answer.status_code in {200, 201}, answer.content
        if answer.json()["state"] == "receiving":
            assert self.patch(shot, 0, content).status_code == 204
        return self.finish(shot)

    def _ask(
        self,
        method: str,
        path: str,
        content: bytes = b"",
        kind: str = "application/octet-stream",
        headers: dict[str, str] | None = None,
    ) -> Any:
        return self.client.generic(
            method, f"/api/v1/capture/{path}", content, content_type=kind, headers=headers
        )
