"""Signing in and out, first passwords, lock-out, and rights that nobody gives themselves."""

import json
from typing import Any

from django.test import Client

from annotation.models import Membership, User
from tests.factories import PASSWORD, Factory


def sign_in(client: Client, username: str, password: str) -> Any:
    body = json.dumps({"username": username, "password": password})
    return client.post("/api/v1/session", body, content_type="application/json")


def test_signing_in_and_out(make: Factory, client: Client) -> None:
    project = make.project("Back study")
    user = make.member(project, "doctor")
    assert client.get("/api/v1/session").status_code == 401
    assert sign_in(client, user.username, "wrong").status_code == 401
    answer = sign_in(client, user.username, PASSWORD)
    assert answer.status_code == 200
    assert answer.json()["memberships"] == [
        {"project": {"id": str(project.pk), "name": "Back study"}, "role": "doctor"}
    ]
    assert client.get("/api/v1/session").json()["user"]["username"] == user.username
    assert client.delete("/api/v1/session").status_code == 204
    assert client.get("/api/v1/session").status_code == 401


def test_signing_in_needs_the_csrf_token(make: Factory) -> None:
    client = Client(enforce_csrf_checks=True)
    user = make.user()
    assert sign_in(client, user.username, PASSWORD).status_code == 403
    client.get("/login/")
    token = client.cookies["csrftoken"].value
    body = json.dumps({"username": user.username, "password": PASSWORD})
    answer = client.post(
        "/api/v1/session", body, content_type="application/json", headers={"X-CSRFToken": token}
    )
    assert answer.status_code == 200


def test_too_many_wrong_passwords_lock_the_account_for_a_while(make: Factory, client: Client) -> None:
    user = make.user()
    answers = [sign_in(client, user.username, f"guess {number}").status_code for number in range(12)]
    assert answers[:9] == [401] * 9
    assert answers[-1] == 429
    locked = sign_in(client, user.username, PASSWORD)
    assert locked.status_code == 429
    assert "Wait 15 minutes" in locked.json()["detail"]


def test_a_reset_password_is_shown_once_ends_sessions_and_must_be_changed(make: Factory) -> None:
    admin, person = make.user(site_admin=True), make.member(make.project(), "assistant")
    at_work, office = Client(), Client()
    at_work.force_login(person)
    office.force_login(admin)
    answer = office.post(f"/api/v1/users/{person.pk}/password-reset")
    password = answer.json()["password"]
    assert len(password.replace("-", "")) == 20
    assert at_work.get("/api/v1/session").status_code == 401
    assert sign_in(at_work, person.username, password).json()["user"]["must_change_password"] is True
    assert at_work.get("/api/v1/studies").status_code == 403
    assert at_work.get("/").headers["Location"] == "/account/"

    def change(new: str) -> Any:
        body = json.dumps({"current": password, "new": new})
        return at_work.post("/api/v1/session/password", body, content_type="application/json")

    assert change("short").status_code == 400
    assert change(password).status_code == 400
    assert change("quiet-lake-42-morning").status_code == 200
    assert at_work.get("/api/v1/studies").status_code == 200


def test_a_disabled_account_loses_its_session_at_once(make: Factory, client: Client) -> None:
    user = make.member(make.project(), "assistant")
    client.force_login(user)
    assert client.get("/api/v1/studies").status_code == 200
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert client.get("/api/v1/studies").status_code == 401


def test_nobody_changes_their_own_rights(make: Factory, client: Client) -> None:
    project = make.project()
    admin, site_admin = make.member(project, "admin"), make.user(site_admin=True)
    own = Membership.objects.get(user=admin)
    client.force_login(admin)
    role = json.dumps({"role": "doctor"})
    assert client.patch(f"/api/v1/members/{own.pk}", role, "application/json").status_code == 409
    assert client.delete(f"/api/v1/members/{own.pk}").status_code == 409
    client.force_login(site_admin)
    body = json.dumps({"is_site_admin": False})
    assert client.patch(f"/api/v1/users/{site_admin.pk}", body, "application/json").status_code == 409
    site_admin.refresh_from_db()
    assert site_admin.is_superuser


def test_a_field_that_is_not_on_the_list_changes_nothing(make: Factory, client: Client) -> None:
    person = make.user()
    client.force_login(make.user(site_admin=True))
    for field in ("password", "is_superuser", "username", "id", "is_staff", "must_change_password"):
        body = json.dumps({field: "x", "name": "Changed"})
        answer = client.patch(f"/api/v1/users/{person.pk}", body, "application/json")
        assert answer.status_code == 400, field
        assert field in answer.json()["fields"]
    person.refresh_from_db()
    assert person.name != "Changed"


def test_an_agent_token_is_shown_once_and_stored_hashed(make: Factory, client: Client) -> None:
    project = make.project()
    client.force_login(make.member(project, "admin"))
    made = client.post(
        f"/api/v1/projects/{project.pk}/tokens", '{"name": "room 3"}', "application/json"
    ).json()
    assert made["token"].startswith("spw_")
    listed = client.get(f"/api/v1/projects/{project.pk}/tokens")
    assert made["token"] not in listed.content.decode()
    row = project.agent_tokens.get()
    assert made["token"] not in {row.token_hash, row.prefix, row.name}
    assert client.delete(f"/api/v1/tokens/{row.pk}").status_code == 204
    assert client.get(f"/api/v1/projects/{project.pk}/tokens").json()[0]["revoked_at"]


def test_every_answer_says_research_use_only(make: Factory, client: Client) -> None:
    client.force_login(make.user())
    for path in ("/", "/api/v1/session", "/api/v1/nothing", "/login/"):
        assert "research use only" in client.get(path)["X-Intended-Use"]


def test_the_content_security_policy_allows_nothing_inline(make: Factory, client: Client) -> None:
    client.force_login(make.user())
    policy = client.get("/")["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
