"""A stored shot rings the worker at once; a queue that is away costs only the time to the next sweep."""

import uuid
from functools import cache

import pytest
from kombu.exceptions import OperationalError as QueueAway

from inference import tasks
from tests.annotation.shooting import Agent, burst
from tests.factories import Factory

pytestmark = pytest.mark.django_db(transaction=True)
BURST = cache(burst)


@pytest.mark.parametrize("away", [False, True])
def test_a_stored_shot_is_looked_at_now(make: Factory, monkeypatch: pytest.MonkeyPatch, away: bool) -> None:
    rung = []

    def delay() -> None:
        rung.append("sweep")
        if away:
            raise QueueAway("nobody is there")

    monkeypatch.setattr(tasks.sweep, "delay", delay)
    project = make.project()
    agent, subject = Agent(*make.token(project, make.user())), make.subject(project)
    shot = uuid.uuid4()
    agent.put(shot, agent.offer(BURST(), subject))
    agent.patch(shot, 0, BURST())
    assert rung == []
    assert agent.finish(shot).json()["state"] == "stored"
    assert agent.finish(shot).status_code == 200
    assert rung == ["sweep"]
