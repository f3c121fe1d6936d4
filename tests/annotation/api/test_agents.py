"""Shots over HTTP: exactly once, from where they stopped, into the right study; and who is turned away."""

import datetime
import hashlib
import os
import uuid
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from django.conf import settings
from django.core.files.storage import default_storage
from django.test import Client
from django.utils import timezone

from annotation.actions import captureshots, chunks, files, ingest
from annotation.models import (
    Acquisition,
    CaptureAgent,
    CaptureOrder,
    CaptureShot,
    DeviceCheck,
    Image,
    Project,
    StoredFile,
    Study,
    Subject,
)
from annotation.models.cohort import Consent
from annotation.models.images import ImageKind
from capture_agent.protocol.wire import plain
from tests.annotation.importing import left_behind
from tests.annotation.shooting import Agent, burst
from tests.factories import Factory

# The store's gate and SQLite's locks work as in life only outside of a transaction.
pytestmark = pytest.mark.django_db(transaction=True)
BURST = cache(burst)


@pytest.fixture
def project(make: Factory) -> Project:
    return make.project()


@pytest.fixture
def subject(make: Factory, project: Project) -> Subject:
    return make.subject(project, date_shift_days=-40)


@pytest.fixture
def agent(make: Factory, project: Project) -> Agent:
    return Agent(*make.token(project, make.member(project, "admin")))


def test_a_shot_becomes_an_acquisition_with_its_quality(agent: Agent, subject: Subject) -> None:
    shot = uuid.uuid4()
    answer = agent.send(BURST(), subject, shot)
    assert answer.status_code == 200, answer.content
    said = answer.json()
    assert (said["state"], said["received"], said["size"]) == ("stored", len(BURST()), len(BURST()))
    study, acquisition = Study.objects.get(), Acquisition.objects.get()
    assert (said["study"], said["acquisition"]) == (str(study.pk), str(acquisition.pk))
    # 2026-09-21 by the agent's clock, moved by the subject's own number of days.
    assert study.subject == subject
    assert study.visit_date == datetime.date(2026, 8, 12)
    assert acquisition.source is not None
    assert acquisition.source.sha256 == hashlib.sha256(BURST()).hexdigest()
    assert acquisition.details["burst_frames"] == 3
    assert 0.5 < acquisition.details["noise_median_mm"] < 3
    assert acquisition.details["sway_mm"] < 1.5
    assert 0 < acquisition.details["holes_fraction"] < 1
    assert acquisition.noise is not None
    kinds = [(image.kind, image.frame) for image in Image.objects.order_by("kind", "frame")]
    assert kinds == [("colour", "colour"), ("depth", "colour"), ("depth", "depth")]
    registered = Image.objects.get(kind=ImageKind.DEPTH, frame="colour")
    assert (registered.width, registered.height) == (1280, 720)
    assert registered.registered_to == Image.objects.get(kind=ImageKind.COLOUR)
    names = [name for name in left_behind() if name.partition(".")[0] == str(shot)]
    assert names == []


def test_sent_twice_is_one_study(agent: Agent, subject: Subject) -> None:
    shot = uuid.uuid4()
    first, again = agent.send(BURST(), subject, shot), agent.send(BURST(), subject, shot)
    assert first.json() == again.json()
    assert agent.finish(shot).json() == agent.state(shot).json() == first.json()
    assert (Study.objects.count(), Acquisition.objects.count()) == (1, 1)


def test_two_shots_of_a_day_are_two_acquisitions_of_one_study(agent: Agent, subject: Subject) -> None:
    first, second = agent.send(BURST(), subject).json(), agent.send(BURST(), subject).json()
    assert first["study"] == second["study"]
    assert first["acquisition"] != second["acquisition"]


def test_a_chosen_study_is_the_one(make: Factory, agent: Agent, subject: Subject) -> None:
    study = make.study(subject, visit_date=datetime.date(2020, 2, 2))
    assert agent.send(BURST(), subject, study=study.pk).json()["study"] == str(study.pk)
    Study.objects.filter(pk=study.pk).update(deleted_at=timezone.now())
    assert agent.send(BURST(), subject, study=study.pk).json()["study"] != str(study.pk)


def test_without_a_known_clock_the_day_of_arrival_counts(agent: Agent, subject: Subject) -> None:
    agent.send(BURST(), subject, taken_at_s=5.0, clock_offset_s=None)
    today = timezone.localdate() + datetime.timedelta(days=-40)
    assert Study.objects.get().visit_date == today


@pytest.mark.parametrize("offset_s", [9e9, -9e9])
def test_a_clock_that_is_far_off_breaks_nothing(agent: Agent, subject: Subject, offset_s: float) -> None:
    assert agent.send(BURST(), subject, clock_offset_s=offset_s).status_code == 200


def test_it_goes_on_from_where_it_stopped(agent: Agent, subject: Subject) -> None:
    shot, content = uuid.uuid4(), BURST()
    agent.put(shot, agent.offer(content, subject))
    half = len(content) // 2
    assert agent.received(shot) == 0
    assert agent.patch(shot, 0, content[:half])["Upload-Offset"] == str(half)
    for offset in (0, half - 1, half + 1):
        wrong = agent.patch(shot, offset, content[half:])
        assert (wrong.status_code, wrong.json()["code"]) == (409, "wrong_offset")
        assert wrong["Upload-Offset"] == str(half)
    early = agent.finish(shot)
    assert (early.status_code, early["Upload-Offset"]) == (409, str(half))
    assert agent.received(shot) == half
    assert agent.patch(shot, half, content[half:]).status_code == 204
    assert agent.finish(shot).status_code == 200


def test_wrong_bytes_are_dropped_and_may_come_again(agent: Agent, subject: Subject) -> None:
    shot, content = uuid.uuid4(), BURST()
    offered = agent.offer(content, subject)
    agent.put(shot, offered)
    agent.patch(shot, 0, content[:-1] + b"!")
    wrong = agent.finish(shot)
    assert (wrong.status_code, wrong.json()["code"]) == (422, "wrong_hash")
    assert agent.received(shot) == 0
    assert agent.send(content, subject, shot).status_code == 200


def test_what_is_no_recording_is_unreadable(agent: Agent, subject: Subject) -> None:
    shot = uuid.uuid4()
    answer = agent.send(b"not a recording at all", subject, shot)
    assert (answer.status_code, answer.json()["code"]) == (422, "unreadable")
    assert CaptureShot.objects.get(pk=shot).problem == answer.json()["detail"]
    assert Study.objects.count() == 0


def test_other_bytes_under_the_same_name(agent: Agent, subject: Subject) -> None:
    shot = uuid.uuid4()
    agent.put(shot, agent.offer(b"one", subject))
    answer = agent.put(shot, agent.offer(b"two", subject))
    assert (answer.status_code, answer.json()["code"]) == (409, "other_bytes")


def test_more_bytes_than_offered(agent: Agent, subject: Subject) -> None:
    shot = uuid.uuid4()
    agent.put(shot, agent.offer(b"one", subject))
    assert agent.patch(shot, 0, b"four").status_code == 413
    assert agent.received(shot) == 0


# --- who is turned away ----------------------------------------------------------------------------


def test_strangers_and_sessions_open_nothing(make: Factory, project: Project, agent: Agent) -> None:
    shot = f"/api/v1/capture/shots/{uuid.uuid4()}"
    browser = Client()
    browser.force_login(make.user(site_admin=True))
    for client in (Client(), browser, Client(headers={"Authorization": "Bearer spw_wrong"})):
        answer = client.get(shot)
        assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")
    # Nor does a token open anything else.
    assert agent.client.get("/api/v1/studies").status_code == 401


@pytest.mark.parametrize("how", ["token", "project"])
def test_a_revoked_token(agent: Agent, how: str) -> None:
    now = timezone.now()
    if how == "token":
        type(agent.token).objects.filter(pk=agent.token.pk).update(revoked_at=now)
    else:
        Project.objects.filter(pk=agent.token.project_id).update(deleted_at=now)
    answer = agent.state(uuid.uuid4())
    assert (answer.status_code, answer.json()["code"]) == (403, "revoked")


def test_another_projects_shots_and_subjects(make: Factory, agent: Agent, subject: Subject) -> None:
    other = make.project()
    foreign = Agent(*make.token(other, make.user()))
    shot = uuid.uuid4()
    agent.put(shot, agent.offer(b"one", subject))
    assert foreign.state(shot).status_code == 404
    assert foreign.patch(shot, 0, b"one").status_code == 404
    assert foreign.put(shot, foreign.offer(b"one", make.subject(other))).status_code == 403
    assert agent.put(uuid.uuid4(), agent.offer(b"one", make.subject(other))).status_code == 403
    assert agent.put(uuid.uuid4(), agent.offer(b"one", subject, project=other.pk)).status_code == 403


def test_a_new_token_goes_on_with_the_spool(make: Factory, agent: Agent, subject: Subject) -> None:
    shot, content = uuid.uuid4(), BURST()
    agent.put(shot, agent.offer(content, subject))
    agent.patch(shot, 0, content[:100])
    renewed = Agent(*make.token(agent.token.project, agent.token.created_by))
    assert renewed.received(shot) == 100
    assert renewed.patch(shot, 100, content[100:]).status_code == 204
    assert renewed.finish(shot).json()["state"] == "stored"


@pytest.mark.parametrize("moment", ["before the offer", "before the end"])
def test_a_subject_who_withdrew(agent: Agent, subject: Subject, moment: str) -> None:
    shot, content = uuid.uuid4(), BURST()
    offered = agent.offer(content, subject)
    if moment == "before the end":
        agent.put(shot, offered)
        agent.patch(shot, 0, content)
    Subject.objects.filter(pk=subject.pk).update(consent=Consent.WITHDRAWN)
    answer = agent.put(shot, offered) if moment == "before the offer" else agent.finish(shot)
    assert answer.status_code == 410
    assert Acquisition.objects.count() == 0


@pytest.mark.parametrize(
    "broken",
    [
        {"size": 0},
        {"sha256": "XYZ"},
        {"subject": "nobody"},
        {"frames": 256},
        {"size": 1 << 40},
        {"unknown": 1},
        {"checks": "none"},
    ],
    ids=str,
)
def test_an_offer_that_is_not_as_agreed(agent: Agent, subject: Subject, broken: dict[str, Any]) -> None:
    answer = agent.put(uuid.uuid4(), {**plain(agent.offer(b"one", subject)), **broken})
    assert answer.status_code == 400
    assert next(iter(broken)) in answer.json()["detail"]


def test_a_piece_of_another_type(agent: Agent, subject: Subject) -> None:
    shot = uuid.uuid4()
    agent.put(shot, agent.offer(b"one", subject))
    path = f"/api/v1/capture/shots/{shot}/content"
    answer = agent.client.patch(path, b"one", content_type="text/plain", headers={"Upload-Offset": "0"})
    assert answer.status_code == 415


# --- whoever dies in between -----------------------------------------------------------------------


class Killed(BaseException):
    """Stands for kill -9: nothing catches it, nothing is tidied up."""


def die(*_: Any, **__: Any) -> Any:
    raise Killed


def killed_after(function: Callable[..., Any]) -> Callable[..., Any]:
    def run(*args: Any, **kwargs: Any) -> Any:
        function(*args, **kwargs)
        raise Killed

    return run


STEPS: dict[str, tuple[Any, str, bool]] = {
    # step: (whose, name, whether it dies only after the work)
    "before the hash": (captureshots, "_check_bytes", False),
    "before the child": (captureshots, "_decode", False),
    "after the child": (captureshots, "_decode", True),
    "after the files, before the rows": (ingest, "bring_in", True),
    "among the rows": (ingest, "record_acquisition", True),
    "before the row of the shot": (captureshots, "_who", False),
    "after the commit": (captureshots, "_store", True),
    "after the bytes are gone": (captureshots, "_forget_bytes", True),
}


@pytest.mark.parametrize("step", STEPS)
def test_killed_between_any_two_steps(
    agent: Agent, subject: Subject, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    where, name, after = STEPS[step]
    shot, content = uuid.uuid4(), BURST()
    agent.put(shot, agent.offer(content, subject))
    agent.patch(shot, 0, content)
    with monkeypatch.context() as patch:
        patch.setattr(where, name, killed_after(getattr(where, name)) if after else die)
        # What `intake` tidies up, a process that is killed leaves.
        patch.setattr(files, "_take_back", lambda file: None)
        with pytest.raises(Killed):
            agent.finish(shot)
    # The agent knows nothing of it, asks, and goes on.
    state = agent.put(shot, agent.offer(content, subject)).json()
    assert state["received"] == len(content)
    assert agent.finish(shot).json()["state"] == "stored"
    assert (Study.objects.count(), Acquisition.objects.count(), Image.objects.count()) == (1, 1, 3)
    acquisition = Acquisition.objects.get()
    assert acquisition.source is not None
    assert files.damage(acquisition.source) is None
    assert acquisition.source.sha256 == hashlib.sha256(content).hexdigest()
    named = {file.storage_name for file in StoredFile.objects.all()}
    assert all(default_storage.exists(name) for name in named)


def test_killed_between_the_bytes_and_the_count(
    agent: Agent, subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    shot, content = uuid.uuid4(), BURST()
    agent.put(shot, agent.offer(content, subject))
    with monkeypatch.context() as patch:
        patch.setattr(chunks, "append", killed_after(chunks.append))
        with pytest.raises(Killed):
            agent.patch(shot, 0, content[:1000])
    assert agent.received(shot) == 1000
    agent.patch(shot, 1000, content[1000:])
    assert agent.finish(shot).status_code == 200


def test_the_sweep_takes_only_what_nobody_needs(agent: Agent, subject: Subject) -> None:
    content = BURST()
    going, done, old = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
    for shot in (going, done, old):
        agent.put(shot, agent.offer(content, subject))
        agent.patch(shot, 0, content[:500])
    CaptureShot.objects.filter(pk=done).update(stage="stored", stored_at=timezone.now())
    week = timezone.now() - datetime.timedelta(days=8)
    CaptureShot.objects.filter(pk=old).update(touched_at=week)
    folder = settings.INCOMING_DIR / "capture"
    for path in folder.glob("*"):
        os.utime(path, (week.timestamp(), week.timestamp()))
    captureshots.sweep()
    left = {path.name for path in folder.glob("*")}
    assert str(going) in left
    assert not {str(done), str(old)} & left
    assert agent.received(old) == 0


# --- whose work it is ------------------------------------------------------------------------------


def test_who_pressed_is_who_made_it(make: Factory, agent: Agent, subject: Subject) -> None:
    presser, aimer = make.user(), make.user()
    request = uuid.uuid4()
    CaptureOrder.objects.create(pk=request, token=agent.token, subject=subject, ordered_by=presser)
    CaptureAgent.objects.create(token=agent.token, subject=subject, aimed_by=aimer)
    by_browser = agent.send(BURST(), subject, request=request).json()
    by_key = agent.send(BURST(), subject, trigger="key").json()
    assert Acquisition.objects.get(pk=by_browser["acquisition"]).created_by == presser
    assert Acquisition.objects.get(pk=by_key["acquisition"]).created_by == aimer


CHECK = {
    "serial": "K1",
    "firmware": "1.6",
    "source": "kinect",
    "agent_version": "0.1.0",
    "measured_at_s": 1_790_000_000.0,
    "warm_s": 3000.0,
    "frames": 15,
    "true_distance_mm": 1500.0,
    "board": {
        "distance_mm": 1503.0,
        "flatness_rms_mm": 1.1,
        "bias_mm": 3.0,
        "tilt_deg": 1.0,
        "noise_mm": 0.9,
        "holes": 0.0,
        "pixels": 90000,
    },
}


def test_a_device_check_is_kept_once(make: Factory, agent: Agent) -> None:
    check = uuid.uuid4()
    assert agent.check(check, CHECK).status_code == 201
    assert agent.check(check, CHECK).status_code == 200
    row = DeviceCheck.objects.get()
    assert (row.serial, row.said["board"]["bias_mm"]) == ("K1", 3.0)
    foreign = Agent(*make.token(make.project(), make.user()))
    assert foreign.check(check, CHECK).status_code == 403
    assert agent.check(uuid.uuid4(), {**CHECK, "frames": 0}).status_code == 400
