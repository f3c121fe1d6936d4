"""Offers of shots for the tests of the agent."""

import hashlib
import uuid

from capture_agent.protocol.uploads import ShotOffer

PROJECT = uuid.UUID(int=1)
SUBJECT = uuid.UUID(int=2)


def offer_of(content: bytes) -> ShotOffer:
    return ShotOffer(
        sha256=hashlib.sha256(content).hexdigest(),
        size=len(content),
        project=PROJECT,
        subject=SUBJECT,
        study=None,
        request=uuid.uuid4(),
        trigger="browser",
        frames=15,
        lost_images=0,
        taken_at_s=1_800_000_000.5,
        clock_offset_s=None,
        device_time_us=5_000_000,
        warm_s=2400.0,
        source="phantom",
        serial="TEST0001",
        firmware="",
        agent_version="0.1.0",
        checks=(),
    )
