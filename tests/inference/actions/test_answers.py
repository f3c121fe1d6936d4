"""What an inference leaves: landmark sets, synthetic films, refusals; and what starts one by itself."""

import datetime
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from django.utils import timezone

from annotation.actions.errors import ActionError, Conflict
from annotation.models import Image, LandmarkSet, Project, User
from annotation.models.images import ImageKind
from inference.actions import jobs, materials, running
from inference.actions.versions import promote
from inference.models import InferenceJob, JobState, ModelVersion, Prediction, Refusal, SyntheticFilm
from inference.models.versions import digest_of_origin
from inference.rundir import RunDir
from tests.factories import Factory
from tests.inference.labelled import labelled_back
from tests.inference.rows import model_version

pytestmark = pytest.mark.django_db
POINTS = [{"name": "C7", "x": 32.0, "y": 0.0}, {"name": "sacrum", "x": 32.0, "y": 128.0}]


@pytest.fixture
def project(make: Factory) -> Project:
    return make.project()


@pytest.fixture
def admin(make: Factory, project: Project) -> User:
    return make.member(project, "admin")


@pytest.fixture
def painter(make: Factory, project: Project) -> ModelVersion:
    """A version that makes films from backs."""
    version = model_version(make, project)
    version.target = "pair"
    version.digest = digest_of_origin(version)
    version.save()
    return version


def answered(
    version: ModelVersion, admin: User, images: list[Image], run: RunDir, cases: list[dict[str, Any]]
) -> InferenceJob:
    """A job of the version on the images whose program gave these answers."""
    job = jobs.start_inference(actor=admin, version=version, images=[image.pk for image in images])
    hold = running.claim(model=InferenceJob, pk=job.pk)
    assert hold is not None
    materials.prepare_inference(job, run, lambda: None)
    run.write_result({"cases": cases, "seconds": 1.0})
    assert running.finish_inference(hold=hold, run=run) == len(cases)
    job.refresh_from_db()
    assert job.state == JobState.SUCCEEDED
    return job


def film_in(run: RunDir, name: str, grey: int = 90) -> dict[str, Any]:
    pixels = np.full((128, 64), grey, dtype=np.uint8)
    cv2.imwrite(str(run.file("films", f"{name}.png")), pixels)
    return {"image": name, "film": f"films/{name}.png", "points": POINTS}


def test_a_film_belongs_to_the_shot_of_its_back(
    make: Factory, project: Project, admin: User, painter: ModelVersion, tmp_path: Path
) -> None:
    back = labelled_back(make, project, admin, seed=1)
    run = RunDir(tmp_path / "run")
    job = answered(painter, admin, [back], run, [film_in(run, str(back.pk))])
    film = Image.objects.get(study=back.study, kind=ImageKind.SYNTHETIC_RADIOGRAPH)
    assert (film.width, film.height, film.acquisition, film.spacing_mm) == (64, 128, back.acquisition, None)
    made = film.synthesis
    assert (made.back, made.model_version, made.job) == (back, painter, job)
    begun = LandmarkSet.objects.get(image=back)
    assert made.began_from == {"set": str(begun.pk), "revision": 1}
    points = LandmarkSet.objects.get(image=film, schema="xray2")
    assert (points.author, points.model_label, points.complete) == (None, painter.label, True)
    case = run.cases()[0]
    assert len([point for point in case.points_px if point]) == 6
    # It has been seen; and the same film once more is no second film.
    assert jobs.unseen_images(painter) == []
    again = RunDir(tmp_path / "again")
    answered(painter, admin, [back], again, [film_in(again, str(back.pk))])
    assert SyntheticFilm.objects.count() == 1
    other = RunDir(tmp_path / "other")
    answered(painter, admin, [back], other, [film_in(other, str(back.pk), grey=120)])
    assert SyntheticFilm.objects.filter(back=back).count() == 2


def test_what_is_flagged_is_refused_with_its_reason(
    make: Factory, project: Project, admin: User, painter: ModelVersion, tmp_path: Path
) -> None:
    back = labelled_back(make, project, admin, seed=1)
    flagged = {"image": str(back.pk), "flagged": "The depth is empty."}
    answered(painter, admin, [back], RunDir(tmp_path / "run"), [flagged])
    refusal = Refusal.objects.get()
    assert (refusal.image, refusal.model_version, refusal.reason) == (back, painter, "The depth is empty.")
    assert not SyntheticFilm.objects.exists()
    assert jobs.unseen_images(painter) == []
    # Asked again by a person, it is answered: nothing is refused any more.
    again = RunDir(tmp_path / "again")
    answered(painter, admin, [back], again, [film_in(again, str(back.pk))])
    assert not Refusal.objects.exists()


def test_what_a_network_doubts_of_its_points_is_kept(
    make: Factory, project: Project, admin: User, tmp_path: Path
) -> None:
    version = model_version(make, project)
    back = labelled_back(make, project, admin, seed=1)
    doubts = [{"levels": ["T5"], "text": "T5 has an unusual shape."}]
    told = {"doubts": doubts, "abstains": "It may be off by 14 degrees.", "major_doubt_deg": 14.2}
    curves = [{"upper_level": "T5", "lower_level": "L1", "doubt_deg": 9.0}]
    case = {"image": str(back.pk), "points": [{"name": "C7", "x": 3.0, "y": 4.0}]}
    answered(version, admin, [back], RunDir(tmp_path / "run"), [{**case, **told, "curves": curves}])
    kept = Prediction.objects.get()
    (placed,) = kept.landmark_set.revisions.all()
    assert (kept.doubts, placed.abstains, kept.major_doubt_deg) == (*told.values(),)
    assert kept.curve_doubts == curves
    # Asked again it is sure: nothing of the earlier doubt is left.
    sure = {"doubts": [], "abstains": None, "major_doubt_deg": 4.0}
    answered(version, admin, [back], RunDir(tmp_path / "again"), [{**case, **sure}])
    kept.refresh_from_db()
    assert (kept.doubts, kept.major_doubt_deg) == ([], 4.0)
    assert [one.abstains for one in kept.landmark_set.revisions.order_by("number")] == [placed.abstains, ""]
    assert kept.curve_doubts == []


def test_a_film_that_is_no_picture_fails_the_job_and_leaves_nothing(
    make: Factory, project: Project, admin: User, painter: ModelVersion, tmp_path: Path
) -> None:
    back = labelled_back(make, project, admin, seed=1)
    run = RunDir(tmp_path / "run")
    case = film_in(run, str(back.pk))
    (run.path / case["film"]).write_bytes(b"no picture")
    with pytest.raises(ActionError, match="not a readable PNG"):
        answered(painter, admin, [back], run, [case])
    assert not Image.objects.filter(kind=ImageKind.SYNTHETIC_RADIOGRAPH).exists()


def test_a_film_is_made_from_a_persons_points_before_a_models(
    make: Factory, project: Project, admin: User, painter: ModelVersion, tmp_path: Path
) -> None:
    back = labelled_back(make, project, admin, seed=1)
    own = LandmarkSet.objects.get(image=back)
    LandmarkSet.objects.create(
        image=back, schema="back6", model_label="x", points=[], complete=True, revision=1,
        saved_at=timezone.now(),
    )  # fmt: skip
    job = jobs.start_inference(actor=admin, version=painter, images=[back.pk])
    run = RunDir(tmp_path / "run")
    materials.prepare_inference(job, run, lambda: None)
    assert run.spec()["begun_from"] == {str(back.pk): {"set": str(own.pk), "revision": 1}}


def test_a_back_without_points_cannot_be_asked_for(
    make: Factory, project: Project, admin: User, painter: ModelVersion
) -> None:
    bare, _ = make.back(make.study(make.subject(project)))
    assert jobs.unseen_images(painter) == []
    with pytest.raises(ActionError, match="with every point of back6 placed") as refused:
        jobs.start_inference(actor=admin, version=painter, images=[bare.pk])
    assert refused.value.fields == {"images": [str(bare.pk)]}


def test_a_promoted_version_runs_on_what_comes_in_afterwards(
    make: Factory, project: Project, admin: User
) -> None:
    version = model_version(make, project)
    labelled_back(make, project, admin, seed=1)
    promote(actor=admin, version=version)
    assert jobs.start_on_new_images() == []
    new = labelled_back(make, project, admin, seed=2)
    (job,) = jobs.start_on_new_images()
    assert (job.model_version, job.images, job.created_by) == (version, [str(new.pk)], None)
    # It waits while that job is open, and an image whose job failed is not tried for ever.
    assert jobs.start_on_new_images() == []
    now = timezone.now()
    ended = {"state": JobState.FAILED, "error": "no", "started_at": now, "finished_at": now}
    InferenceJob.objects.filter(pk=job.pk).update(**ended)
    assert jobs.start_on_new_images() == []
    newer = labelled_back(make, project, admin, seed=3)
    (job,) = jobs.start_on_new_images()
    assert job.images == [str(newer.pk)]


def test_a_film_is_made_once_the_points_are_there(
    make: Factory, project: Project, admin: User, painter: ModelVersion
) -> None:
    early = labelled_back(make, project, admin, seed=1)
    promote(actor=admin, version=painter)
    assert jobs.start_on_new_images() == []
    # The back is older than the promotion, its points are not.
    LandmarkSet.objects.filter(image=early).update(saved_at=timezone.now() + datetime.timedelta(seconds=1))
    (job,) = jobs.start_on_new_images()
    assert job.images == [str(early.pk)]


def test_two_purposes_are_promoted_side_by_side(
    make: Factory, project: Project, admin: User, painter: ModelVersion
) -> None:
    placing = model_version(make, project)
    for version in (placing, painter):
        assert promote(actor=admin, version=version).state == "promoted"
    placing.refresh_from_db()
    assert placing.state == "promoted"


def test_result_json_names_no_file_outside_the_run_folder(
    make: Factory, project: Project, admin: User, painter: ModelVersion, tmp_path: Path
) -> None:
    back = labelled_back(make, project, admin, seed=1)
    run = RunDir(tmp_path / "run")
    (tmp_path / "secret.png").write_bytes(cv2.imencode(".png", np.zeros((4, 4), np.uint8))[1].tobytes())
    case = json.loads(json.dumps({"image": str(back.pk), "film": "../../secret.png", "points": POINTS}))
    with pytest.raises(ActionError, match="not a readable PNG"):
        answered(painter, admin, [back], run, [case])


def test_a_model_runs_on_all_that_it_can_read_of_some_studies(
    make: Factory, project: Project, admin: User, painter: ModelVersion
) -> None:
    chosen, other = (labelled_back(make, project, admin, seed=seed) for seed in (1, 2))
    bare, _ = make.back(make.study(make.subject(project)))
    assert jobs.readable_in(painter, [chosen.study_id, bare.study_id]) == [chosen.pk]
    assert set(jobs.readable_in(painter, [chosen.study_id, other.study_id])) == {chosen.pk, other.pk}
    with pytest.raises(Conflict, match="None of these studies has a back with all that"):
        jobs.readable_in(painter, [bare.study_id])
    # What a foreign project has is not there.
    foreign = make.project()
    stranger = labelled_back(make, foreign, make.member(foreign, "admin"), seed=3)
    with pytest.raises(Conflict):
        jobs.readable_in(painter, [stranger.study_id])
