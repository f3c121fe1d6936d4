"""What waits to be said, and how long to wait before the next try."""

import uuid

import pytest

from capture_agent import outbox as outbox_module
from capture_agent.backoff import Backoff
from capture_agent.outbox import Outbox
from capture_agent.protocol.messages import Countdown, Refused, Uploads


def answer(number: int) -> Refused:
    return Refused(request=uuid.UUID(int=number), code="busy", says="")


def countdown(left_s: float) -> Countdown:
    return Countdown(request=uuid.UUID(int=1), left_s=left_s)


async def test_answers_come_in_order_and_of_a_state_only_the_newest() -> None:
    box = Outbox()
    for message in (countdown(3), answer(1), Uploads(shots=()), countdown(2), answer(2)):
        box.put(message)
    said = [await box.next() for _ in range(4)]
    assert said == [answer(1), answer(2), countdown(2), Uploads(shots=())]


async def test_what_could_not_be_sent_comes_again_if_it_is_an_answer() -> None:
    box = Outbox()
    box.put(answer(1))
    box.put(answer(2))
    first = await box.next()
    box.put_back(first)
    box.put_back(countdown(1))
    box.put(Uploads(shots=()))
    box.drop_states()
    assert [await box.next(), await box.next()] == [answer(1), answer(2)]


async def test_no_more_answers_wait_than_are_of_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox_module, "MOST_ANSWERS", 3)
    box = Outbox()
    for number in range(10):
        box.put(answer(number))
    assert [await box.next() for _ in range(3)] == [answer(7), answer(8), answer(9)]


def test_each_wait_is_about_twice_the_last_up_to_a_limit() -> None:
    backoff = Backoff()
    waits = [backoff.next_s() for _ in range(12)]
    for step, wait_s in enumerate(waits):
        full_s = min(0.5 * 2**step, 30.0)
        assert full_s / 2 <= wait_s <= full_s
    backoff.reset()
    assert backoff.next_s() <= 0.5
    assert backoff.next_s(60.0) == 60.0
    # Agents that lost one server do not come back together.
    assert len({Backoff().next_s() for _ in range(20)}) == 20
