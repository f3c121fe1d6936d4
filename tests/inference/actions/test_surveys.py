"""The survey of a snapshot, from freezing to its numbers, by the task and a real program."""

import uuid
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from annotation.actions import measurements
from annotation.actions.landmarks import save, save_prediction
from annotation.models import LandmarkSet, Measurement, Project, Study, User
from annotation.models.cohort import Consent
from inference import tasks
from inference.actions import running, runs, snapshots, surveys
from inference.actions.pairs import freeze_pairs
from inference.models import DatasetSnapshot, JobState, SurveyJob
from inference.rundir import RunDir
from tests.factories import Factory, bent_column
from tests.inference.labelled import HEIGHT, WIDTH, labelled_project

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.RUNS_DIR = tmp_path / "runs"
    return tmp_path / "runs"


@pytest.fixture
def project_and_admin(make: Factory) -> tuple[Project, User]:
    return labelled_project(make, images=4)


def frozen(project_and_admin: tuple[Project, User]) -> DatasetSnapshot:
    project, admin = project_and_admin
    return snapshots.freeze(actor=admin, project=project, name="first", schema="back6", seed=1)


def asked(snapshot: DatasetSnapshot, admin: User) -> SurveyJob:
    job = surveys.ask(actor=admin, snapshot=snapshot)
    assert job is not None
    return job


def run(job: SurveyJob) -> SurveyJob:
    tasks.survey(str(job.pk))
    return SurveyJob.objects.get(pk=job.pk)


def measure(reader: User, study: Study, rise: float) -> Measurement:
    film = study.images.filter(kind="radiograph").first() or Factory().radiograph(study)
    return measurements.measure_lines(
        reader=reader,
        image=film,
        upper_line=[[10, 20], [50, 20 + rise]],
        lower_line=[[10, 90], [50, 90 - rise]],
        upper_level="T5",
        lower_level="T12",
    )


def test_a_survey_is_made_once_and_leaves_only_numbers(
    project_and_admin: tuple[Project, User], folder: Path
) -> None:
    snapshot, admin = frozen(project_and_admin), project_and_admin[1]
    job = run(asked(snapshot, admin))
    assert (job.state, job.error) == (JobState.SUCCEEDED, "")
    assert job.result is not None
    assert (job.result["images"], job.result["left_out"], job.result["unreadable"]) == (4, 0, [])
    assert job.result["sizes"] == [{"width": WIDTH, "height": HEIGHT, "images": 4}]
    assert job.result["all"]["depth_mm"]["back"]["min"] == 1502
    assert {point["name"] for point in job.result["places"]["points"]} >= {"C7", "sacrum"}
    assert job.progress is not None
    assert (job.progress["step"], job.progress["steps"]) == (4, 4)
    assert list(folder.iterdir()) == []
    # Asked for again, and told of again: nothing happens.
    assert surveys.ask(actor=admin, snapshot=snapshot) is None
    assert run(job).token == 1


def test_a_survey_measures_no_picture_of_who_withdrew(project_and_admin: tuple[Project, User]) -> None:
    snapshot, (project, admin) = frozen(project_and_admin), project_and_admin
    job = asked(snapshot, admin)
    subject = project.subjects.all()[0]
    subject.consent = Consent.WITHDRAWN
    subject.save()
    done = run(job)
    assert done.result is not None
    assert (done.result["images"], done.result["left_out"]) == (3, 1)


def test_a_survey_that_failed_goes_on_when_asked_again(
    project_and_admin: tuple[Project, User], folder: Path
) -> None:
    snapshot, (project, admin) = frozen(project_and_admin), project_and_admin
    project.subjects.update(consent=Consent.WITHDRAWN)
    job = run(asked(snapshot, admin))
    assert (job.state, job.error[:34]) == (JobState.FAILED, "All images of this snapshot were w")
    assert runs.prune() == 1
    project.subjects.update(consent=Consent.GIVEN)
    again = asked(snapshot, admin)
    assert (again.pk, again.state) == (job.pk, JobState.PENDING)
    assert run(again).state == JobState.SUCCEEDED


def test_a_fenced_survey_writes_nothing(project_and_admin: tuple[Project, User], tmp_path: Path) -> None:
    job = asked(frozen(project_and_admin), project_and_admin[1])
    hold = running.claim(model=SurveyJob, pk=job.pk)
    assert hold is not None
    folder = RunDir(tmp_path / "run")
    folder.write_spec({"cobb_source": "landmarks", "taken_over": {}, "left_out": 0}, [])
    folder.write_result({"images": 1})
    SurveyJob.objects.filter(pk=job.pk).update(token=9)
    assert surveys.finish(hold=hold, run=folder) is None
    job.refresh_from_db()
    assert (job.state, job.result) == (JobState.RUNNING, None)


def test_angles_of_backs_are_those_that_readers_measured(
    make: Factory, project_and_admin: tuple[Project, User]
) -> None:
    project, admin = project_and_admin
    one, other, *_ = project.studies.order_by("created_at")
    reader = make.member(project, "doctor")
    largest = max(abs(measure(reader, one, rise).signed_angle_deg) for rise in (4, 8))
    taken_back = measure(reader, other, 8)
    Measurement.objects.filter(pk=taken_back.pk).update(retracted_at=timezone.now())
    job = run(asked(frozen(project_and_admin), admin))
    assert job.result is not None
    assert job.result["cobb_source"] == "measurements"
    assert job.result["all"]["cobb_deg"]["images"] == 1
    assert job.result["all"]["cobb_deg"]["max"] == pytest.approx(largest)


def test_angles_of_vertebrae_are_those_of_the_frozen_points(make: Factory) -> None:
    project = make.project()
    admin = make.member(project, "admin")
    for degrees in (0.0, 30.0):
        film = make.radiograph(make.study(make.subject(project)), width=1000, height=2300)
        saved = make.landmarks(admin, film, "vertebrae68", bent_column(degrees))
        assert saved.complete
    snapshot = snapshots.freeze(actor=admin, project=project, name="films", schema="vertebrae68", seed=1)
    job = run(asked(snapshot, admin))
    assert job.result is not None
    assert job.result["cobb_source"] == "landmarks"
    found = job.result["all"]["cobb_deg"]
    assert (found["images"], found["max"]) == (2, pytest.approx(30, abs=1e-6))
    assert [level["name"] for level in job.result["all"]["levels"]] == ["grey"]
    assert job.result["all"]["depth_mm"] is None


def test_of_pairs_the_films_are_measured_too(make: Factory, project_and_admin: tuple[Project, User]) -> None:
    project, admin = project_and_admin
    for study in project.studies.all():
        make.landmarks(admin, make.radiograph(study), "xray2")
    snapshot = freeze_pairs(actor=admin, project=project, name="pairs", schema="back6", seed=1)
    job = run(asked(snapshot, admin))
    assert job.result is not None
    assert [level["name"] for level in job.result["all"]["levels"]] == ["red", "green", "blue", "grey"]
    assert job.result["film_sizes"] == [{"width": 64, "height": 160, "images": 4}]
    # Backs, ends of films; no corners.
    assert job.result["taken_over"] == {"points": 4 * (6 + 2), "models": []}


def test_corners_of_pairs_count_and_pairs_of_before_there_were_any_are_surveyed(
    make: Factory, project_and_admin: tuple[Project, User]
) -> None:
    project, admin = project_and_admin
    for study in project.studies.all():
        film = make.radiograph(study)
        make.landmarks(admin, film, "xray2")
        make.landmarks(admin, film, "vertebrae68")
    snapshot = freeze_pairs(actor=admin, project=project, name="pairs", schema="back6", seed=1)
    result = run(asked(snapshot, admin)).result
    assert result is not None
    assert result["taken_over"]["points"] == 4 * (6 + 2 + 68)
    for entry in snapshot.manifest["entries"]:
        del entry["film"]["corners"]
    with transaction.atomic():
        draft = snapshots.Draft(snapshot.manifest, {}, "")
        older = snapshots.keep(actor=admin, project=project, name="older", draft=draft)
    result = run(asked(older, admin)).result
    assert result is not None
    assert result["taken_over"]["points"] == 4 * (6 + 2)


def test_points_that_a_model_placed_are_counted(
    make: Factory, project_and_admin: tuple[Project, User]
) -> None:
    project, admin = project_and_admin
    own = LandmarkSet.objects.filter(image__project=project).order_by("created_at")[0]
    by_model = save_prediction(image=own.image, schema="back6", points=own.points, model_label="backs 1")
    moved = [{**point, "x": point["x"] + (index < 2)} for index, point in enumerate(own.points)]
    save(
        user=admin,
        image=own.image,
        schema="back6",
        points=moved,
        base_revision=1,
        idempotency_key=uuid.uuid4(),
        began_from=by_model.revisions.get(number=1),
    )
    result = run(asked(frozen(project_and_admin), admin)).result
    assert result is not None
    models = [{"label": "backs 1", "points": 4, "images": 1}]
    assert result["taken_over"] == {"points": 24, "models": models}
