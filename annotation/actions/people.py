"""Accounts, memberships and agent tokens. Nobody changes their own role or rights."""

import secrets

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from annotation.actions.audit import record
from annotation.actions.errors import ActionError, Conflict
from annotation.models import AgentToken, Membership, Project, User

# Without letters and digits that are mistaken for one another when a password is read aloud.
_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"

# Django's own words for these speak of usernames and list characters with slashes between them.
_SENTENCES = {
    ("username", "invalid"): "A user name has only letters, digits and the signs . - _ + @, and no spaces.",
    ("username", "unique"): "There is an account with this user name already; choose another one.",
}


def new_password() -> str:
    """A password to be read out and changed at once: 4 groups of 5, about 100 bits."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(5)) for _ in range(4))


def _sentences(field: str, error: ValidationError) -> list[str]:
    ours = _SENTENCES.get((field, error.code or ""))
    return [ours] if ours else error.messages


@transaction.atomic
def create_user(*, actor: User | None, username: str, name: str) -> tuple[User, str]:
    """A new account and its first password, which its owner must change."""
    password = new_password()
    user = User(username=username, name=name, must_change_password=True)
    try:
        user.full_clean(exclude=["password"])
    except ValidationError as error:
        fields = {
            name: [sentence for each in errors for sentence in _sentences(name, each)]
            for name, errors in error.error_dict.items()
        }
        detail = " ".join(sentence for sentences in fields.values() for sentence in sentences)
        raise ActionError(detail, fields=fields) from error
    user.set_password(password)
    user.save()
    record(actor=actor, action="user.create", target=user, summary=f"created {username}", project=None)
    return user, password


@transaction.atomic
def update_user(
    *,
    actor: User,
    user: User,
    name: str | None = None,
    is_active: bool | None = None,
    is_site_admin: bool | None = None,
) -> User:
    """Change an account. Rights of one's own are never changed by oneself."""
    if actor.pk == user.pk and (is_active is not None or is_site_admin is not None):
        raise Conflict("You cannot change your own rights; ask another site admin.")
    changes = []
    if name is not None and name != user.name:
        user.name = name
        changes.append(f"name {name!r}")
    if is_active is not None and is_active != user.is_active:
        user.is_active = is_active
        changes.append("enabled" if is_active else "disabled")
    if is_site_admin is not None and is_site_admin != user.is_superuser:
        user.is_superuser = is_site_admin
        changes.append("made site admin" if is_site_admin else "no longer site admin")
    if changes:
        user.save(update_fields=["name", "is_active", "is_superuser"])
        summary = f"{user.username}: {', '.join(changes)}"
        record(actor=actor, action="user.update", target=user, summary=summary, project=None)
    return user


@transaction.atomic
def reset_password(*, actor: User, user: User) -> str:
    """A new password, shown once; every session of the account ends, and its owner must change it."""
    password = new_password()
    user.set_password(password)
    user.must_change_password = True
    user.save(update_fields=["password", "must_change_password"])
    summary = f"reset the password of {user.username}"
    record(actor=actor, action="user.reset_password", target=user, summary=summary, project=None)
    return password


@transaction.atomic
def change_password(*, user: User, current: str, new: str) -> None:
    """A person's own choice of password."""
    if not user.check_password(current):
        raise ActionError("The current password is not right.", field="current")
    if current == new:
        raise ActionError("Choose a password that differs from the current one.", field="new")
    try:
        validate_password(new, user)
    except ValidationError as error:
        raise ActionError(" ".join(error.messages), fields={"new": error.messages}) from error
    user.set_password(new)
    user.must_change_password = False
    user.save(update_fields=["password", "must_change_password"])
    record(actor=user, action="user.change_password", target=user, summary="own password", project=None)


@transaction.atomic
def add_member(*, actor: User, project: Project, username: str, role: str) -> Membership:
    """Give a person a role in a project."""
    user = User.objects.filter(username=username, is_active=True).first()
    if user is None:
        raise ActionError(
            f"There is no open account with the user name “{username}”; a site admin can make one.",
            field="username",
        )
    try:
        with transaction.atomic():
            membership = Membership.objects.create(user=user, project=project, role=role)
    except IntegrityError as error:
        raise Conflict(
            f"“{username}” is a member already; change the role instead.", field="username"
        ) from error
    record(
        actor=actor, action="member.add", target=membership, summary=f"{username} as {role}", project=project
    )
    return membership


def _refuse_own(actor: User, membership: Membership) -> None:
    if membership.user_id == actor.pk:
        raise Conflict("You cannot change your own role; ask another admin of this project.")


@transaction.atomic
def change_role(*, actor: User, membership: Membership, role: str) -> Membership:
    _refuse_own(actor, membership)
    membership.role = role
    membership.save(update_fields=["role"])
    summary = f"{membership.user.username} is now {role}"
    record(actor=actor, action="member.role", target=membership, summary=summary, project=membership.project)
    return membership


@transaction.atomic
def remove_member(*, actor: User, membership: Membership) -> None:
    _refuse_own(actor, membership)
    summary = f"removed {membership.user.username}"
    record(
        actor=actor, action="member.remove", target=membership, summary=summary, project=membership.project
    )
    membership.delete()


@transaction.atomic
def create_token(*, actor: User, project: Project, name: str) -> tuple[AgentToken, str]:
    """A capture agent's token. The plain token is returned once and kept nowhere."""
    token = AgentToken.new_token()
    row = AgentToken.objects.create(
        project=project,
        name=name,
        prefix=token[:8],
        token_hash=AgentToken.hash_of(token),
        created_by=actor,
    )
    record(actor=actor, action="token.create", target=row, summary=f"token {name!r}", project=project)
    return row, token


@transaction.atomic
def revoke_token(*, actor: User, token: AgentToken) -> AgentToken:
    """Revoke for good. A second call changes nothing."""
    if token.revoked_at is None:
        token.revoked_at = timezone.now()
        token.save(update_fields=["revoked_at"])
        summary = f"revoked token {token.name!r}"
        record(actor=actor, action="token.revoke", target=token, summary=summary, project=token.project)
    return token
