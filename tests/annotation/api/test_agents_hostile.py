"""Every endpoint that agents alone may ask, asked with junk: a 4xx with a reason each, and nothing is stored.

What is asked is taken from the URLconf, so a new endpoint of agents is attacked from the day it is there;
`test_hostile` does the same with what people may ask.
"""

import contextlib
import dataclasses
import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import get_resolver
from django.utils import timezone

from annotation.api.agents import AgentEndpoint
from annotation.models import AgentToken, CaptureShot, DeviceCheck, Subject
from annotation.models.cohort import Consent
from capture_agent.protocol.uploads import CHUNK_TYPE, MOST_CHUNK_BYTES, ShotOffer
from capture_agent.protocol.uploads import DeviceCheck as Check
from capture_agent.protocol.wire import ProtocolError, plain, read
from tests.annotation.api.hostility import JUNK_BODIES, JUNK_KINDS, JUNK_PLACES, bent, rows
from tests.annotation.api.test_agents import CHECK
from tests.annotation.importing import left_behind
from tests.annotation.shooting import Agent
from tests.factories import Factory
from tests.permissions.test_matrix import routes

pytestmark = pytest.mark.django_db
CONTENT = b"thirty bytes of no recording.\n"
OFFSETS = ("", "-1", "+0", " ", "0x0", "1e3", "0.0", "٣", "9" * 15, "9" * 40, "null", "\xe9")
SECRETS = ("", "spw_", "spw_" + "x" * 43, "x" * 201, "x" * 5000, "\xe9", "a b", "' OR 1=1", "%00", "null")
HASHES = ("", "0" * 63, "0" * 65, "A" * 64, "g" * 64, "0" * 64 + "\n", "é" * 64, 0, None, ["0" * 64])
SIZES = (0, -1, 0.5, 1e3, "30", (256 << 20) + 1, 10**30, True, None, [30], {"": 30})
SLIPS: dict[str, tuple[Any, ...]] = {
    "sha256": HASHES,
    "size": SIZES,
    "frames": (0, 256, 15.5, "15"),
    "lost_images": (-1, 511),
    "taken_at_s": (-1, 1e11, float("nan"), float("inf"), "now", None),
    "clock_offset_s": (1e11, -1e11, float("-inf"), "0"),
    "device_time_us": (-1, 2**63, 0.5),
    "trigger": ("", "Browser", "foot", None),
    "source": ("camera", None, 1),
    "serial": ("x" * 121, "a\x00b", "\ud800", 5, None),
    "checks": (None, {}, [[]], [None], [{}], ["distance"] * 17),
    "subject": ("", "0" * 32, "{" + "0" * 36, None, 7),
}


@dataclass(frozen=True)
class Place:
    """One method of one endpoint of agents; `name`: what its path calls the row."""

    route: str
    method: str
    name: str

    def __str__(self) -> str:
        return f"{self.method} {self.route}"

    def url(self, row: object) -> str:
        return "/" + self.route.replace(f"<uuid:{self.name}>", str(row))


def _places() -> Iterator[Place]:
    for route, names in routes():
        if not names or not route.startswith("api/v1/capture/"):
            continue
        view = getattr(get_resolver().resolve(f"/{filled(route)}").func, "view_class", None)
        if view is not None and issubclass(view, AgentEndpoint):
            for method in ("get", "head", "put", "patch", "post", "delete"):
                if method in view.__dict__:
                    yield Place(route, method.upper(), names[0])


def filled(route: str) -> str:
    before, _, after = route.partition("<")
    return f"{before}{uuid.UUID(int=1)}{after.partition('>')[2]}"


@cache
def places() -> list[Place]:
    return list(_places())


@dataclass
class Attacker:
    """An agent with a good token, a shot of which a third has come, and a check; `wrong` collects."""

    agent: Agent
    subject: Subject
    shot: uuid.UUID = field(default_factory=uuid.uuid4)
    check: uuid.UUID = field(default_factory=uuid.uuid4)
    wrong: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        assert self.agent.put(self.shot, self.offer()).status_code == 201
        assert self.agent.patch(self.shot, 0, CONTENT[:10]).status_code == 204
        assert self.agent.check(self.check, CHECK).status_code == 201

    def offer(self, **changed: Any) -> dict[str, Any]:
        said: dict[str, Any] = plain(self.agent.offer(CONTENT, self.subject))
        return {**said, **changed}

    def own(self, place: Place) -> uuid.UUID:
        return self.check if place.name == "check_id" else self.shot

    def valid(self, place: Place) -> tuple[bytes, str, dict[str, str]]:
        """A request's body, type and headers that the endpoint takes."""
        if place.method == "PUT":
            said = CHECK if place.name == "check_id" else self.offer()
            return json.dumps(said).encode(), "application/json", {}
        if place.method == "PATCH":
            return CONTENT[10:20], CHUNK_TYPE, {"Upload-Offset": "10"}
        return b"", "application/octet-stream", {}

    def ask(
        self,
        place: Place,
        what: str,
        *,
        row: object = None,
        body: bytes | None = None,
        kind: str | None = None,
        client: Client | None = None,
        **headers: str,
    ) -> Any:
        """One request. Anything but a 4xx with a reason is wrong."""
        content, of_kind, needed = self.valid(place)
        response = (client or self.agent.client).generic(
            place.method,
            place.url(self.own(place) if row is None else row),
            content if body is None else body,
            content_type=of_kind if kind is None else kind,
            headers={**needed, **{name.replace("_", "-"): value for name, value in headers.items()}},
        )
        if not 400 <= response.status_code < 500 or not has_reason(place, response):
            self.wrong.append(f"{place}: {what}: {response.status_code} {response.content[:160]!r}")
        return response

    def end(self) -> None:
        assert not self.wrong, f"{len(self.wrong)}:\n" + "\n".join(self.wrong)


def has_reason(place: Place, response: Any) -> bool:
    """A sentence and a code, for a request whose answer has a body."""
    if place.method == "HEAD":
        return True
    try:
        said = response.json()
    except ValueError:
        return False
    return len(said.get("detail", "")) > 10 and bool(said.get("code"))


@pytest.fixture
def attacker(make: Factory) -> Attacker:
    project = make.project()
    return Attacker(Agent(*make.token(project, make.user())), make.subject(project))


@contextlib.contextmanager
def nothing_stored() -> Iterator[None]:
    """No row and no file is there afterwards that was not there before."""
    before = rows(), left_behind()
    yield
    assert (rows(), left_behind()) == before


def test_there_are_places_to_attack() -> None:
    assert {place.method for place in places()} == {"GET", "HEAD", "PUT", "PATCH", "POST"}
    assert len(places()) >= 6


def test_junk_for_a_body(attacker: Attacker) -> None:
    with nothing_stored():
        for place in places():
            if place.method == "PUT":
                for row in (attacker.own(place), uuid.uuid4()):
                    for what, content in {**JUNK_BODIES, "nothing": b""}.items():
                        attacker.ask(place, what, row=row, body=content)
        attacker.end()


def test_every_field_of_another_kind(attacker: Attacker) -> None:
    """Junk in each value at any depth, a field too many, and each field missing."""
    protocol: dict[str, type] = {"shot_id": ShotOffer, "check_id": Check}
    with nothing_stored():
        for place in places():
            if place.method != "PUT":
                continue
            valid = json.loads(attacker.valid(place)[0])
            bodies = [*bent(valid), ("unknown", {**valid, "is_superuser": True})]
            for name in valid:
                bodies.append((f"no {name}", {key: value for key, value in valid.items() if key != name}))
            for what, body in bodies:
                if refused_by_protocol(protocol[place.name], body):
                    answer = attacker.ask(place, what, row=uuid.uuid4(), body=json.dumps(body).encode())
                    assert answer.status_code == 400, (what, answer.content)
        attacker.end()


def refused_by_protocol(kind: type, body: Any) -> bool:
    """Whether it is junk at all: some of it is a number like any other."""
    try:
        read(kind, json.loads(json.dumps(body)))
    except (ProtocolError, ValueError):
        return True
    return False


def test_hashes_sizes_and_times_that_cannot_be(attacker: Attacker) -> None:
    """Written out, and not by the protocol's own word, for what a shot stands and falls with."""
    [place] = [each for each in places() if (each.method, each.name) == ("PUT", "shot_id")]
    with nothing_stored():
        for name, values in SLIPS.items():
            for value in values:
                body = json.dumps(attacker.offer(**{name: value})).encode()
                answer = attacker.ask(place, f"{name}={value!r:.30}", row=uuid.uuid4(), body=body)
                # NaN is no JSON, and is told so without a name.
                named = name in answer.json()["detail"] or "no number" in answer.json()["detail"]
                assert (answer.status_code, named) == (400, True), (name, value, answer.content)
        attacker.end()


def test_a_known_shot_with_another_hash_or_size(attacker: Attacker) -> None:
    with nothing_stored():
        for changed in ({"sha256": "0" * 64}, {"size": 31}):
            answer = attacker.agent.put(attacker.shot, attacker.offer(**changed))
            assert (answer.status_code, answer.json()["code"]) == (409, "other_bytes")


def test_offsets_and_pieces_that_cannot_be(attacker: Attacker) -> None:
    [place] = [each for each in places() if each.method == "PATCH"]
    with nothing_stored():
        for offset in OFFSETS:
            attacker.ask(place, f"offset {offset!r:.20}", Upload_Offset=offset)
        for begin, piece, status in (
            *((0, CONTENT, 409), (9, CONTENT[9:], 409), (11, CONTENT[11:], 409), (30, b"x", 409)),
            *((10, CONTENT[10:] + b"!", 413), (10, bytes(MOST_CHUNK_BYTES + 1), 413)),
        ):
            told = f"{len(piece)} bytes at {begin}"
            answer = attacker.ask(place, told, body=piece, Upload_Offset=str(begin))
            assert answer.status_code == status, (told, answer.content)
            if status == 409:
                assert answer["Upload-Offset"] == "10"
        # Django's client names no type for an empty body.
        nothing = attacker.agent.client.patch(
            place.url(attacker.shot), headers={"Upload-Offset": "10", "Content-Type": CHUNK_TYPE}
        )
        assert nothing.status_code == 400, nothing.content
        for kind in ("application/octet-stream", "application/json", *JUNK_KINDS):
            assert attacker.ask(place, f"as {kind:.30}", kind=kind).status_code == 415
        for length in ("-1", "9" * 20, "\xe9", "1e3"):
            attacker.ask(place, f"length {length:.9}", Content_Length=length, Upload_Offset="11")
        attacker.end()


def test_what_comes_too_early_or_is_not_what_was_said(attacker: Attacker) -> None:
    agent = attacker.agent
    with nothing_stored():
        early = agent.finish(attacker.shot)
        assert (early.status_code, early.json()["code"]) == (409, "wrong_offset")
    agent.patch(attacker.shot, 10, bytes(20))
    wrong = agent.finish(attacker.shot)
    assert (wrong.status_code, wrong.json()["code"]) == (422, "wrong_hash")
    agent.patch(attacker.shot, 0, CONTENT)
    none = agent.finish(attacker.shot)
    assert (none.status_code, none.json()["code"]) == (422, "unreadable")
    assert CaptureShot.objects.get().acquisition is None


def test_junk_in_the_path(attacker: Attacker) -> None:
    with nothing_stored():
        for place in places():
            for junk in (*JUNK_PLACES, "0" * 32, str(uuid.uuid4()).upper(), f"{uuid.uuid4()}/.."):
                answer = attacker.ask(place, f"path {junk[:20]}", row=junk)
                assert answer.status_code == 404, (place, junk, answer.status_code)
            if place.method != "PUT":
                assert attacker.ask(place, "unknown", row=uuid.uuid4()).status_code == 404
        attacker.end()


def test_methods_that_no_endpoint_has(attacker: Attacker) -> None:
    served: dict[str, set[str]] = {}
    for place in places():
        served.setdefault(place.route, set()).add(place.method)
    with nothing_stored():
        for place in places():
            for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE"} - served[place.route]:
                other = dataclasses.replace(place, method=method)
                assert attacker.ask(other, "method").status_code == 405, (place, method)
        attacker.end()


# --- whose token it is -----------------------------------------------------------------------------


def test_secrets_that_nobody_has(attacker: Attacker) -> None:
    with nothing_stored():
        for place in places():
            for junk in SECRETS:
                for kind in ("Bearer", "bearer", "Basic", ""):
                    client = Client(
                        headers={"Authorization": f"{kind} {junk}"}, raise_request_exception=False
                    )
                    answer = attacker.ask(place, f"{kind} {junk[:20]!r}", client=client)
                    assert answer.status_code == 401, (place, kind, junk, answer.status_code)
        attacker.end()


def test_a_person_is_no_agent(make: Factory, attacker: Attacker) -> None:
    person = Client(raise_request_exception=False)
    person.force_login(make.user(site_admin=True))
    with nothing_stored():
        for place in places():
            assert attacker.ask(place, "by session", client=person).status_code == 401
        attacker.end()


ENDINGS: dict[str, Callable[[Attacker], object]] = {
    "the token was revoked": lambda one: AgentToken.objects.update(revoked_at=timezone.now()),
    "the project was deleted": lambda one: type(one.subject.project).objects.update(
        deleted_at=timezone.now()
    ),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_token_that_was_good(attacker: Attacker, ending: str) -> None:
    ENDINGS[ending](attacker)
    with nothing_stored():
        for place in places():
            for row in (attacker.own(place), uuid.uuid4()):
                answer = attacker.ask(place, ending, row=row)
                assert answer.status_code == 403
                assert place.method == "HEAD" or answer.json()["code"] == "revoked"
        attacker.end()


def test_another_projects_token(make: Factory, attacker: Attacker) -> None:
    other = make.project()
    foreign = Agent(*make.token(other, make.user()))
    own_subject = make.subject(other)
    with nothing_stored():
        for place in places():
            answer = attacker.ask(place, "foreign", client=foreign.client)
            assert answer.status_code in ({403} if place.method == "PUT" else {404}), (place, answer.content)
        # The name of a shot that is another project's cannot be taken, whatever is said of it.
        said = plain(foreign.offer(CONTENT, own_subject))
        assert foreign.put(attacker.shot, said).status_code == 403
        for mixed in ({**said, "subject": str(attacker.subject.pk)}, attacker.offer()):
            assert foreign.put(uuid.uuid4(), mixed).status_code == 403
        attacker.end()


def test_a_subject_who_has_withdrawn(attacker: Attacker) -> None:
    Subject.objects.update(consent=Consent.WITHDRAWN)
    with nothing_stored():
        for shot in (attacker.shot, uuid.uuid4()):
            answer = attacker.agent.put(shot, attacker.offer())
            assert (answer.status_code, answer.json()["code"]) == (410, "withdrawn")


def test_what_is_right_is_still_taken(attacker: Attacker) -> None:
    """Else all of the above would prove nothing."""
    with transaction.atomic():
        assert attacker.agent.put(uuid.uuid4(), attacker.offer()).status_code == 201
    assert attacker.agent.received(attacker.shot) == 10
    assert attacker.agent.patch(attacker.shot, 10, CONTENT[10:20]).status_code == 204
    assert attacker.agent.check(attacker.check, CHECK).status_code == 200
    assert DeviceCheck.objects.count() == 1
