"""The card of a model version, whatever its kind of training measured."""

import json
from typing import Any

import pytest
from django.test import Client

from annotation.models import Project, User
from inference.actions import versions
from inference.models import ModelVersion
from inference.models.versions import digest_of_origin
from tests.factories import Factory
from tests.inference.rows import SCORES, model_version
from tests.inference.test_api import client_of, post

pytestmark = pytest.mark.django_db
OF_FILMS = {"images": 9, "histogram_intersection": 0.91, "phash": 5.2, "ms_ssim": 0.6, "l1": 0.07}


@pytest.fixture
def project(make: Factory) -> Project:
    return make.project()


@pytest.fixture
def person(make: Factory, project: Project) -> User:
    return make.member(project, "admin")


@pytest.fixture
def admin(person: User) -> Client:
    return client_of(person)


def measured(version: ModelVersion, metrics: dict[str, Any], **fields: Any) -> ModelVersion:
    version.metrics = {**version.metrics, "metrics": metrics}
    for name, value in fields.items():
        setattr(version, name, value)
    version.digest = digest_of_origin(version)
    version.save()
    return version


def test_whatever_was_measured_is_told(make: Factory, project: Project, admin: Client) -> None:
    version = measured(model_version(make, project), {"validation": OF_FILMS}, target="pair")
    found = admin.get(f"/api/v1/model-versions/{version.pk}").json()
    assert found["metrics"] == {"validation": OF_FILMS}
    assert any("is none" in limit for limit in found["limits"])
    assert admin.get(f"/api/v1/model-versions?snapshot={version.snapshot_id}").json()["count"] == 1
    assert admin.get(f"/models/{version.pk}/").status_code == 200


def test_promoting_says_whom_it_replaces_and_who_did_it(
    make: Factory, project: Project, person: User, admin: Client
) -> None:
    old, new = model_version(make, project), model_version(make, project)
    path = f"/api/v1/model-versions/{new.pk}"
    assert admin.get(path).json()["in_use"] is None
    versions.promote(actor=person, version=old)
    seen = admin.get(path).json()
    assert seen["in_use"] == {"id": str(old.pk), "label": "Backs #1", "state": "promoted"}
    assert seen["in_use_metrics"] == {"validation": SCORES}
    done = post(admin, f"model-versions/{new.pk}/promote").json()
    assert done["in_use"] is None
    assert [(act["action"], act["actor"]) for act in done["acts"]] == [("version.promoted", person.name)]
    acts = admin.get(f"/api/v1/model-versions/{old.pk}").json()["acts"]
    assert [act["action"] for act in acts] == ["version.retired", "version.promoted"]


def test_the_card_is_a_file_with_everything_that_is_known(
    make: Factory, project: Project, admin: Client
) -> None:
    version = model_version(make, project)
    answer = admin.get(f"/api/v1/model-versions/{version.pk}/card")
    assert answer["Content-Disposition"] == 'attachment; filename="model-1-card.json"'
    card = json.loads(answer.content)
    assert card["statement"].startswith("For research use only")
    assert card["metrics"] == {"validation": SCORES}
    assert card["origin"]["weights_sha256"] == version.weights_id
    assert card["origin"]["digest"] == version.digest
    assert version.snapshot is not None
    assert card["data"]["digest"] == version.snapshot.digest
    assert card["training"]["best_epoch"] == 2
    assert any("No test subjects" in limit for limit in card["limits"])


def test_limits_follow_from_what_is_known(make: Factory, project: Project) -> None:
    version = measured(model_version(make, project), {"test": SCORES, "validation": SCORES})
    said = " ".join(versions.limits_of(version))
    assert "No test subjects" not in said
    assert "0 subjects only" in said
    assert version.snapshot is not None
    splits = {"a": "train", "b": "train", "c": "validation", "d": "test"}
    version.snapshot.manifest = {"entries": [{"subject": who, "split": side} for who, side in splits.items()]}
    assert "It learned from 2 subjects only" in " ".join(versions.limits_of(version))
    assert "needs a depth map" in said
    version.commit = "abc-dirty"
    assert "no commit names" in " ".join(versions.limits_of(version))
