"""Whether the holder of a browser's session may still look: asked of the database each time."""

import uuid
from importlib import import_module

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.utils.crypto import constant_time_compare

from annotation.models import Project, User
from annotation.permissions import Capability, allows, role_in
from capture_agent.protocol.messages import NOT_ALLOWED, NOT_SIGNED_IN


def user_of(session_key: str | None) -> User | None:
    """The active user of a session, with a password of their own; None for everybody else."""
    if not session_key:
        return None
    session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    user = User.objects.filter(pk=session.get(SESSION_KEY), is_active=True).first()
    if user is None or user.must_change_password:
        return None
    same = constant_time_compare(session.get(HASH_SESSION_KEY, ""), user.get_session_auth_hash())
    return user if same else None


def close_code(session_key: str | None, project_id: uuid.UUID | None) -> int | None:
    """Why the holder of a session may not look at a project, or None. Asks the database each time."""
    user = user_of(session_key)
    if user is None:
        return NOT_SIGNED_IN
    project = Project.objects.visible_to(user).filter(pk=project_id).first() if project_id else None
    if project is None or not allows(role_in(user, project.pk), Capability.VIEW):
        return NOT_ALLOWED
    return None
