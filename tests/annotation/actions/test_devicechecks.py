"""The trend of a camera's checks: what moves or is too large is said, what is cold does not count."""

import datetime
import uuid
from typing import Any

import pytest
from django.utils import timezone

from annotation.actions import devicechecks
from annotation.models import AgentToken, DeviceCheck
from tests.factories import Factory


@pytest.fixture
def token(make: Factory) -> AgentToken:
    return make.token(make.project(), make.user())[0]


def measured(token: AgentToken, day: int, *, warm_s: float | None = 3000.0, **board: Any) -> None:
    DeviceCheck.objects.create(
        pk=uuid.uuid4(),
        project=token.project,
        token=token,
        serial="K1",
        measured_at=timezone.now() + datetime.timedelta(days=day),
        said={"warm_s": warm_s, "board": board, "checkerboard": None},
    )


def warnings_of(token: AgentToken) -> list[str]:
    trends = devicechecks.trends(devicechecks.checks_of(token.project_id, "K1"))
    return [trend.warning for trend in trends if trend.warning]


def test_what_stays_is_no_matter(token: AgentToken) -> None:
    for day, bias_mm in enumerate([3, 4, 3, 2, 3, 5, 3, 4]):
        measured(token, day, bias_mm=bias_mm, flatness_rms_mm=1.0, noise_mm=0.8)
    assert warnings_of(token) == []


def test_a_drift_is_told_with_both_numbers(token: AgentToken) -> None:
    for day, bias_mm in enumerate([2, 2, 2, 2, 2, 8, 8, 8]):
        measured(token, day, bias_mm=bias_mm)
    [warning] = warnings_of(token)
    assert "from 2.0 to 8.0 mm" in warning


def test_one_odd_check_is_no_drift(token: AgentToken) -> None:
    for day, bias_mm in enumerate([2, 2, 2, 2, 2, 2, 9]):
        measured(token, day, bias_mm=bias_mm)
    assert warnings_of(token) == []


def test_too_much_is_told_at_the_first_check_whatever_its_sign(token: AgentToken) -> None:
    measured(token, 0, bias_mm=-20.0)
    [warning] = warnings_of(token)
    assert "-20.0 mm" in warning


def test_a_cold_camera_does_not_count(token: AgentToken) -> None:
    measured(token, 0, bias_mm=20.0, warm_s=60.0)
    assert warnings_of(token) == []
    measured(token, 1, bias_mm=20.0, warm_s=None)
    assert len(warnings_of(token)) == 1


def test_nothing_was_measured(token: AgentToken) -> None:
    assert devicechecks.trends(devicechecks.checks_of(token.project_id, "K1")) == []
    measured(token, 0, bias_mm=None, flatness_rms_mm=1.0)
    keys = [
        trend.measure.key for trend in devicechecks.trends(devicechecks.checks_of(token.project_id, "K1"))
    ]
    assert keys == ["flatness_rms_mm"]
