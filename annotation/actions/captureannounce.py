"""Tells who looks at an agent that a shot is in its study. A lost hint costs nothing: the page asks again."""

import logging
import uuid
from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from redis.exceptions import RedisError

from annotation.models import CaptureShot, Image
from annotation.models.images import ImageKind
from capture_agent.protocol.messages import TO_VIEWER, Stored

logger = logging.getLogger(__name__)


def viewers_of(token_id: uuid.UUID) -> str:
    """The channel group of the web processes in which somebody looks at an agent."""
    return f"capture.viewers.{token_id.hex}"


def home_of(token_id: uuid.UUID) -> str:
    """The channel group of the web process that holds an agent's socket."""
    return f"capture.home.{token_id.hex}"


def stored(shot: CaptureShot) -> None:
    """A shot is in its study: said to who looks at its agent, each time the agent asks."""
    message = stored_message(shot)
    layer = get_channel_layer()
    if message is None or layer is None:
        return
    try:
        async_to_sync(layer.group_send)(viewers_of(shot.token_id), message)
    except (RedisError, OSError) as error:
        logger.warning("nobody is told that shot %s is stored: %s", shot.pk, error)


def stored_message(shot: CaptureShot) -> dict[str, Any] | None:
    """What is said of a stored shot, as `consumers.hub` hears it; None where it is not stored."""
    if shot.acquisition_id is None or shot.study_id is None:
        return None
    image = Image.objects.filter(acquisition=shot.acquisition_id, kind=ImageKind.COLOUR).first()
    said = Stored(
        shot=shot.pk,
        study=shot.study_id,
        acquisition=shot.acquisition_id,
        image=None if image is None else image.pk,
    )
    text = TO_VIEWER.pack(said)
    return {
        "type": "capture",
        "agent": shot.token_id.hex,
        "kind": "text",
        "name": Stored.TYPE,
        "text": text,
    }
