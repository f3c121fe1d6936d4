"""The demo of a new installation: three accounts, a project they share, and its studies.

The passwords are made here, once, for this installation. Their hashes are in the database; the passwords
themselves only in `demo_accounts.txt` in the data folder, readable by its owner. `demo_pending` lies in the
data folder from the first start until the studies are in, so that an interrupted first start is finished by
the next one, and a demo that was deleted stays deleted.
"""

import contextlib
import json
import os
import uuid
from dataclasses import dataclass
from pathlib import Path

from django.db import transaction

from annotation.actions.audit import record
from annotation.actions.cohort import create_project
from annotation.actions.errors import Conflict
from annotation.actions.measurements import measure_vertebrae
from annotation.actions.people import add_member, create_user
from annotation.models import AuditEntry, LandmarkSet, Membership, Project, User
from annotation.models.people import Role
from inference.actions.shipping import install
from inference.shipped import all_shipped

PROJECT = "Demo"
PASSWORD_CHANGES = ("user.change_password", "user.reset_password")
HEADER = (
    "# The demo accounts of this SpineWeb installation. Change their passwords before others can reach it.\n"
)


@dataclass(frozen=True)
class DemoAccount:
    """An account that the demo makes; `says` tells the reader of the first start what it is for."""

    username: str
    role: Role
    name: str
    says: str


ACCOUNTS = (
    DemoAccount("assistant", Role.ASSISTANT, "Demo assistant", "imports and labels"),
    DemoAccount("doctor", Role.DOCTOR, "Demo doctor", "reads and measures"),
    DemoAccount("admin", Role.ADMIN, "Demo admin", "manages people and projects"),
)


def accounts_file(data: Path) -> Path:
    return data / "demo_accounts.txt"


def pending_file(data: Path) -> Path:
    return data / "demo_pending"


def _write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())
    part.replace(path)


def is_new_installation() -> bool:
    """Whether nobody has an account yet."""
    return not User.objects.exists()


def _lines(data: Path) -> dict[str, str]:
    """The lines of the accounts file, by user name; none where there is no file."""
    try:
        lines = accounts_file(data).read_text().splitlines()
    except FileNotFoundError:
        return {}
    return {line.split()[0]: line for line in lines if line.strip() and not line.startswith("#")}


def _write_lines(data: Path, lines: dict[str, str]) -> None:
    _write_private(accounts_file(data), HEADER + "".join(line + "\n" for line in lines.values()))


@transaction.atomic
def make_accounts(data: Path) -> list[str]:
    """Make the demo accounts that are missing; the names of those made. An existing account is left alone."""
    missing = [a for a in ACCOUNTS if not User.objects.filter(username=a.username).exists()]
    if not missing:
        return []
    lines = _lines(data)
    for account in missing:
        user, password = create_user(actor=None, username=account.username, name=account.name)
        user.must_change_password = False
        user.is_superuser = account.role == Role.ADMIN
        user.save(update_fields=["must_change_password", "is_superuser"])
        record(actor=None, action="user.update", target=user, summary="demo account", project=None)
        lines[account.username] = f"{account.username:<10} {password}   {account.says}"
    # Before the commit: accounts whose passwords nobody can read would be of no use.
    _write_lines(data, lines)
    return [account.username for account in missing]


def forget_changed_passwords(data: Path) -> None:
    """Take from the accounts file the passwords that their owners or an admin changed since."""
    lines = _lines(data)
    changed = User.objects.filter(username__in=lines).filter(
        pk__in=[
            uuid.UUID(entry.target_id)
            for entry in AuditEntry.objects.filter(action__in=PASSWORD_CHANGES, target_kind="user")
        ]
    )
    for user in changed:
        lines[user.username] = f"{user.username:<10} (its password was changed)"
    if changed:
        _write_lines(data, lines)


@transaction.atomic
def make_project() -> Project:
    """The demo project with its three members; what exists already is left as it is."""
    users = {a.username: User.objects.get(username=a.username) for a in ACCOUNTS}
    admin = users["admin"]
    project = Project.objects.filter(name=PROJECT).first()
    if project is None:
        description = "Studies of simulated children, made when SpineWeb was installed."
        project = create_project(actor=admin, name=PROJECT, description=description)
    for account in ACCOUNTS:
        if not Membership.objects.filter(user=users[account.username], project=project).exists():
            add_member(actor=admin, project=project, username=account.username, role=account.role)
    return project


def take_in_models() -> list[str]:
    """Make the models that come with the program versions of the demo project; their labels.

    Before the studies come in: a model in use runs by itself on what is new.
    """
    project = Project.objects.get(name=PROJECT)
    return [install(actor=None, project=project, shipped=each).label for each in all_shipped()]


def leave_work(studies: Path) -> None:
    """Take the landmarks out of every second simulated study, so that the assistant finds some to place."""
    for folder in sorted(studies.glob("phantom-*"))[1::2]:
        path = folder / "labels.json"
        labels = json.loads(path.read_text())
        labels["landmarks"] = {}
        path.write_text(json.dumps(labels))


def read_films(count: int) -> int:
    """Let the demo doctor measure the first so many labelled films; how many there were."""
    doctor = User.objects.get(username="doctor")
    sets = LandmarkSet.objects.filter(
        image__project__name=PROJECT,
        schema="vertebrae68",
        complete=True,
        image__study__cobb_count=0,
        image__hidden=False,
    ).select_related("image__study__project", "image__study__subject", "image__acquisition", "image__project")
    read = 0
    for landmark_set in sets.order_by("image__study__created_at")[:count]:
        revision = landmark_set.revisions.get(number=landmark_set.revision)
        # A straight spine has nothing to measure.
        with contextlib.suppress(Conflict):
            measure_vertebrae(reader=doctor, image=landmark_set.image, revision=revision)
            read += 1
    return read
