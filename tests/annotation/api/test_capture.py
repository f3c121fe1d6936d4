"""What people see of agents: state, last shots with their quality, noise maps."""

import datetime
import uuid
from functools import cache
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from annotation.models import AgentToken, CaptureAgent, CaptureShot, Project, Subject, User
from annotation.models.cohort import Consent
from tests.annotation.shooting import Agent, burst
from tests.factories import Factory

pytestmark = pytest.mark.django_db(transaction=True)
BURST = cache(burst)


@pytest.fixture
def project(make: Factory) -> Project:
    return make.project()


@pytest.fixture
def agent(make: Factory, project: Project) -> Agent:
    return Agent(*make.token(project, make.user()))


def asked(user: User, path: str) -> Any:
    client = Client()
    client.force_login(user)
    answer = client.get(f"/api/v1/{path}")
    assert answer.status_code == 200, answer.content
    return answer


def test_an_agent_as_it_was_last_heard_of(make: Factory, project: Project, agent: Agent) -> None:
    CaptureAgent.objects.create(
        token=agent.token,
        connected=True,
        heard_at=timezone.now(),
        hello={"source": "kinect", "host": "laptop", "agent_version": "0.1.0"},
        camera={"state": "open", "serial": "K1", "firmware": "1.6"},
        heartbeat={"fps": 14.9, "dropped": 3, "spool_shots": 2, "spool_bytes": 28, "free_bytes": 9},
    )
    revoked, _ = make.token(project, make.user())
    AgentToken.objects.filter(pk=revoked.pk).update(revoked_at=timezone.now())
    make.token(make.project(), make.user())
    [row] = asked(make.member(project, "doctor"), "capture/agents").json()
    assert (row["online"], row["serial"], row["fps"], row["spool_shots"]) == (True, "K1", 14.9, 2)
    assert (row["may_capture"], row["may_manage"]) == (False, False)
    # A web process that was killed said nothing.
    past = timezone.now() - datetime.timedelta(seconds=60)
    CaptureAgent.objects.update(heard_at=past)
    [row] = asked(make.member(project, "admin"), "capture/agents").json()
    assert (row["online"], row["fps"]) == (False, None)
    assert (row["may_capture"], row["may_manage"]) == (True, True)


def test_a_subject_who_withdrew_is_aimed_at_no_more(make: Factory, project: Project, agent: Agent) -> None:
    subject = make.subject(project)
    CaptureAgent.objects.create(token=agent.token, subject=subject)
    member = make.member(project, "assistant")
    assert asked(member, "capture/agents").json()[0]["target"]["id"] == str(subject.pk)
    Subject.objects.update(consent=Consent.WITHDRAWN)
    assert asked(member, "capture/agents").json()[0]["target"] is None


def test_the_last_shots_with_their_quality(make: Factory, project: Project, agent: Agent) -> None:
    subject = make.subject(project)
    stored = agent.send(BURST(), subject).json()
    waiting = uuid.uuid4()
    agent.put(waiting, agent.offer(b"one", subject, taken_at_s=1_790_000_100.0))
    member = make.member(project, "assistant")
    first, second = asked(member, f"capture/agents/{agent.token.pk}/shots").json()
    assert (first["id"], first["stored"], first["image"]) == (str(waiting), False, None)
    assert (second["acquisition"], second["put_aside"]) == (stored["acquisition"], False)
    assert second["quality"]["frames"] == 3
    assert second["quality"]["sway_mm"] is not None
    noise = asked(member, second["noise"].removeprefix("/api/v1/"))
    assert b"".join(noise.streaming_content)[:8] == b"\x89PNG\r\n\x1a\n"
    # Who withdrew is gone from here as from everywhere.
    Subject.objects.update(consent=Consent.WITHDRAWN)
    assert asked(member, f"capture/agents/{agent.token.pk}/shots").json() == []
    assert CaptureShot.objects.count() == 2
