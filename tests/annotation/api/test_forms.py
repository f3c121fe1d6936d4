"""What is wrong with an input of a form is told beside it, in whole sentences."""

import json
import re
from typing import Any

import pytest
from django.test import Client

from annotation.models import Project, User
from tests.factories import PASSWORD, Factory

SENTENCE = re.compile(r"[A-Z“].* .* .*[.!]")


@pytest.fixture
def admin(make: Factory, client: Client) -> User:
    user = make.user("ada", site_admin=True)
    client.force_login(user)
    return user


@pytest.fixture
def own(make: Factory, admin: User) -> Project:
    project = make.project("Taken")
    make.member(project, "admin", admin)
    make.subject(project, pseudonym="S1")
    return project


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/api/v1/users", {"username": "with space", "name": ""}, "username"),
        ("/api/v1/users", {"username": "ada", "name": ""}, "username"),
        ("/api/v1/users", {"username": "", "name": ""}, "username"),
        ("/api/v1/projects", {"name": "Taken"}, "name"),
        ("/api/v1/projects", {"name": ""}, "name"),
        ("/api/v1/projects/{own}/members", {"username": "nobody", "role": "doctor"}, "username"),
        ("/api/v1/projects/{own}/members", {"username": "ada", "role": "doctor"}, "username"),
        ("/api/v1/projects/{own}/tokens", {"name": ""}, "name"),
        ("/api/v1/subjects", {"project": "{own}", "pseudonym": "S1"}, "pseudonym"),
        ("/api/v1/subjects", {"project": "{own}", "pseudonym": "S 1"}, "pseudonym"),
        ("/api/v1/subjects", {"project": "{own}", "pseudonym": "S2", "birth_year": 1700}, "birth_year"),
        ("/api/v1/session/password", {"current": "a wrong one", "new": "another-fine-one"}, "current"),
        ("/api/v1/session/password", {"current": PASSWORD, "new": PASSWORD}, "new"),
        ("/api/v1/session/password", {"current": PASSWORD, "new": "short"}, "new"),
    ],
)
def test_a_refused_form_says_what_is_wrong_in_a_sentence(
    client: Client, own: Project, path: str, body: dict[str, Any], field: str
) -> None:
    given = json.dumps(body).replace("{own}", str(own.pk))
    answer = client.post(path.format(own=own.pk), given, content_type="application/json")
    assert answer.status_code in {400, 409}, answer.content
    told = answer.json()["fields"]
    assert set(told) == {field}
    for sentence in told[field]:
        assert SENTENCE.fullmatch(sentence), sentence
        assert "/./" not in sentence
