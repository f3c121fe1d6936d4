"""Trainings that begin from a version's weights: what fits, whom it knows, and what the origin says."""

from pathlib import Path
from typing import Any

import pytest

from annotation.actions.errors import ActionError, Conflict
from annotation.models import AuditEntry, Image, Project, User
from annotation.models.cohort import Consent
from inference.actions import jobs, materials, snapshots
from inference.actions.selection import Choice
from inference.actions.uses import uses_of
from inference.actions.versions import gone_images, limits_of, taught_by
from inference.models import DatasetSnapshot, ModelVersion, TrainingJob
from inference.models.versions import digest_of_origin
from inference.recipes.base import Recipe
from inference.recipes.catalogue import RECIPES
from inference.rundir import START, RunDir, RunError, sha256_of
from tests.factories import Factory
from tests.inference.labelled import labelled_project
from tests.inference.rows import model_version
from tests.inference.test_api import client_of, post

pytestmark = pytest.mark.django_db
TRIAL = RECIPES["back-trial"]


@pytest.fixture
def project_and_admin(make: Factory) -> tuple[Project, User]:
    return labelled_project(make, images=6)


@pytest.fixture
def project(project_and_admin: tuple[Project, User]) -> Project:
    return project_and_admin[0]


@pytest.fixture
def admin(project_and_admin: tuple[Project, User]) -> User:
    return project_and_admin[1]


def freeze(admin: User, project: Project, name: str, seed: int = 1, **choice: Any) -> DatasetSnapshot:
    return snapshots.freeze(
        actor=admin, project=project, name=name, schema="back6", seed=seed, choice=Choice(**choice)
    )


def taught_on(
    make: Factory, snapshot: DatasetSnapshot, start_from: ModelVersion | None = None
) -> ModelVersion:
    version = model_version(make, snapshot.project)
    assert version.job is not None
    version.job.snapshot, version.job.start_from = snapshot, start_from
    version.job.save()
    version.snapshot = snapshot
    version.digest = digest_of_origin(version)
    version.save()
    return version


def begin(
    admin: User, snapshot: DatasetSnapshot, version: ModelVersion, recipe: Recipe = TRIAL
) -> TrainingJob:
    return jobs.start_training(
        actor=admin, snapshot=snapshot, recipe=recipe, name="Again", start_from=version
    )


def test_the_trainer_gets_the_weights_and_the_origin_says_so(
    make: Factory, project: Project, admin: User, tmp_path: Path
) -> None:
    frozen = freeze(admin, project, "first")
    version = taught_on(make, frozen)
    job = begin(admin, frozen, version)
    run = RunDir(tmp_path / "run")
    materials.prepare_training(job, run, lambda: None)
    assert run.spec()["start_from"] == {"version": version.digest, "sha256": version.weights_id}
    assert sha256_of(run.path / START) == version.weights_id
    assert AuditEntry.objects.get(action="training.start").summary.endswith("on first, from Backs #1")
    # Another origin than that of a training that begins anew.
    second, anew = taught_on(make, frozen, version), taught_on(make, frozen)
    assert second.job is not None
    second.job.start_from = None
    without = digest_of_origin(second)
    second.job.start_from = version
    assert digest_of_origin(second) == second.digest != without
    assert any("began from the weights of Backs #1" in said for said in limits_of(second))
    assert not any("began from" in said for said in limits_of(anew))


def test_another_network_or_other_landmarks_do_not_fit(make: Factory, project: Project, admin: User) -> None:
    frozen = freeze(admin, project, "first")
    version = taught_on(make, frozen)
    with pytest.raises(ActionError, match="cannot begin from Backs #1") as refused:
        begin(admin, frozen, version, TRIAL.with_changes({"width": 5}))
    assert refused.value.fields == {"start_from": ["does not fit"]}
    version.schema = "other6"
    with pytest.raises(ActionError, match="other landmarks"):
        begin(admin, frozen, version)
    stranger = model_version(make, make.project())
    with pytest.raises(ActionError, match="cannot begin from"):
        begin(admin, frozen, stranger)


def test_who_is_measured_on_must_not_have_taught_it(make: Factory, project: Project, admin: User) -> None:
    first = freeze(admin, project, "first")
    version = taught_on(make, first)
    # With another seed somebody of the six changes sides.
    other = freeze(admin, project, "other", seed=3)
    held_out = {entry["subject"] for entry in other.entries if entry["split"] != "train"}
    assert held_out & taught_by(version)
    with pytest.raises(ActionError, match="keeps back to measure with") as refused:
        begin(admin, other, version)
    assert refused.value.fields == {"start_from": ["knows who is measured on"]}
    # What taught the one before it, it knows as well.
    follower = taught_on(make, other, version)
    assert taught_by(version) < taught_by(follower)
    begin(admin, freeze(admin, project, "as first", 9, split_as=first.pk), version)


def test_who_withdrew_is_in_all_that_began_from_it(
    make: Factory, project: Project, admin: User, tmp_path: Path
) -> None:
    # The child who withdraws is only in the first of two snapshots.
    first = freeze(admin, project, "first")
    gone = next(entry for entry in first.entries if entry["split"] == "train")
    Image.objects.get(pk=gone["image"]).landmark_sets.update(complete=False)
    second = freeze(admin, project, "second", split_as=first.pk)
    version = taught_on(make, first)
    follower = taught_on(make, second, version)
    subject = project.subjects.get(pk=gone["subject"])
    assert gone_images(follower) == 0
    job = begin(admin, second, version)
    used = uses_of(subject)
    assert used.snapshots == [first]
    assert {*used.models} == {version, follower}
    assert {*used.trainings} == {version.job, follower.job, job}
    subject.consent = Consent.WITHDRAWN
    subject.save()
    assert gone_images(follower) == gone_images(version) == 1
    for learned in (version, follower):
        with pytest.raises(Conflict, match="has learned from 1 images that were withdrawn"):
            begin(admin, second, learned)
    # What was asked for before does not begin, or go on, either.
    with pytest.raises(RunError, match="from which this begins, has learned from 1 images"):
        materials.prepare_training(job, RunDir(tmp_path / "run"), lambda: None)
    with pytest.raises(Conflict, match="withdrawn or deleted since"):
        jobs.resume_training(actor=admin, job=job)


def test_over_the_api(make: Factory, project: Project, admin: User) -> None:
    frozen = freeze(admin, project, "first")
    version = taught_on(make, frozen)
    client = client_of(admin)
    shown = client.get(f"/api/v1/model-versions/{version.pk}").json()
    assert (shown["start_from"], shown["fits"]) == (None, ["back-trial"])
    body = {
        "snapshot": str(frozen.pk),
        "recipe": "back-trial",
        "name": "Again",
        "start_from": str(version.pk),
    }
    started = post(client, "training-jobs", body)
    assert started.status_code == 201
    assert started.json()["start_from"]["label"] == "Backs #1"
    refused = post(client, "training-jobs", {**body, "changes": {"width": 5}})
    assert refused.status_code == 400
    assert "start_from" in refused.json()["fields"]
    elsewhere = model_version(make, make.project())
    assert post(client, "training-jobs", {**body, "start_from": str(elsewhere.pk)}).status_code == 404
    follower = taught_on(make, frozen, version)
    shown = client.get(f"/api/v1/model-versions/{follower.pk}").json()
    assert shown["start_from"]["id"] == str(version.pk)
    (before,) = client.get(f"/api/v1/model-versions/{follower.pk}/card").json()["origin"]["began_from"]
    assert (before["digest"], before["data_digest"]) == (version.digest, frozen.digest)
    choice = {"project": str(project.pk), "schema": "back6", "split_as": str(frozen.pk)}
    made = post(client, "snapshots", {**choice, "name": "second"})
    assert client.get(f"/api/v1/snapshots/{made.json()['id']}").json()["choice"]["split_as"] == str(frozen.pk)
    missing = post(client, "snapshots/preview", {**choice, "split_as": str(version.pk)})
    assert missing.status_code == 400
    assert "split_as" in missing.json()["fields"]
