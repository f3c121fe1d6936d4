"""The demo of a new installation."""

import json
import stat
from pathlib import Path

import pytest

from annotation.actions.people import change_password
from annotation.models import AuditEntry, Membership, Project, User
from spineweb import demo
from tests.factories import Factory, bent_column

pytestmark = pytest.mark.django_db


def passwords(data: Path) -> dict[str, str]:
    lines = demo.accounts_file(data).read_text().splitlines()
    return {line.split()[0]: line.split()[1] for line in lines if not line.startswith("#")}


def test_the_accounts_are_made_once_and_their_passwords_work(tmp_path: Path) -> None:
    assert demo.is_new_installation()
    assert demo.make_accounts(tmp_path) == ["assistant", "doctor", "admin"]
    assert not demo.is_new_installation()
    first = passwords(tmp_path)
    assert demo.make_accounts(tmp_path) == []
    assert passwords(tmp_path) == first
    for username, password in first.items():
        user = User.objects.get(username=username)
        assert user.check_password(password)
        assert not user.must_change_password
        assert user.is_superuser is (username == "admin")
        assert password not in user.password


def test_two_installations_share_no_password(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        demo.make_accounts(tmp_path / name)
        User.objects.all().delete()
    assert not set(passwords(tmp_path / "a").values()) & set(passwords(tmp_path / "b").values())


def test_only_the_owner_can_read_the_passwords(tmp_path: Path) -> None:
    demo.make_accounts(tmp_path)
    assert stat.S_IMODE(demo.accounts_file(tmp_path).stat().st_mode) == 0o600


def test_no_password_is_in_the_audit_trail(tmp_path: Path) -> None:
    demo.make_accounts(tmp_path)
    trail = " ".join(AuditEntry.objects.values_list("summary", flat=True))
    assert trail
    assert not any(password in trail for password in passwords(tmp_path).values())


def test_an_account_that_is_there_already_is_left_alone(tmp_path: Path) -> None:
    User.objects.create_user("doctor", password="a doctor's own")
    assert demo.make_accounts(tmp_path) == ["assistant", "admin"]
    assert "doctor" not in passwords(tmp_path)
    assert User.objects.get(username="doctor").check_password("a doctor's own")


def test_a_password_that_was_changed_is_no_longer_shown(tmp_path: Path) -> None:
    demo.make_accounts(tmp_path)
    before = passwords(tmp_path)
    doctor = User.objects.get(username="doctor")
    change_password(user=doctor, current=before["doctor"], new="a password of my own")
    demo.forget_changed_passwords(tmp_path)
    text = demo.accounts_file(tmp_path).read_text()
    assert before["doctor"] not in text
    assert "its password was changed" in text
    assert passwords(tmp_path)["admin"] == before["admin"]


def test_the_project_has_the_three_as_members_and_is_made_once(tmp_path: Path) -> None:
    demo.make_accounts(tmp_path)
    project = demo.make_project()
    assert demo.make_project() == project
    assert Project.objects.count() == 1
    roles = dict(Membership.objects.filter(project=project).values_list("user__username", "role"))
    assert roles == {"assistant": "assistant", "doctor": "doctor", "admin": "admin"}


def test_half_of_the_demo_waits_to_be_labelled(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        folder = tmp_path / f"phantom-{number:04d}"
        folder.mkdir()
        (folder / "labels.json").write_text(
            json.dumps({"subject": {}, "landmarks": {"colour": {"back6": {}}}})
        )
    demo.leave_work(tmp_path)
    left = [json.loads(path.read_text())["landmarks"] for path in sorted(tmp_path.glob("*/labels.json"))]
    assert [bool(landmarks) for landmarks in left] == [True, False, True]


def test_the_demo_doctor_reads_some_films(tmp_path: Path, make: Factory) -> None:
    demo.make_accounts(tmp_path)
    demo.make_project()
    project = Project.objects.get(name=demo.PROJECT)
    assistant = User.objects.get(username="assistant")
    for degrees in (30, 4, 20):
        film = make.radiograph(make.study(make.subject(project)), width=1000, height=2400)
        make.landmarks(assistant, film, "vertebrae68", bent_column(degrees))
    assert demo.read_films(3) == 2, "the straight one has nothing to measure"
    assert demo.read_films(3) == 0, "what is read is not read again"
