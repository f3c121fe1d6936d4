"""Backs beside the films of their visits: frozen together, and laid out for the trainer."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from annotation.actions.errors import ActionError
from annotation.models import Image, Project, User
from inference.actions import jobs, materials, snapshots
from inference.actions.differences import difference
from inference.actions.pairs import freeze_pairs
from inference.actions.versions import promote
from inference.models import TrainingJob
from inference.models.versions import digest_of_origin
from inference.recipes.catalogue import RECIPES
from inference.rundir import FILM_LANDMARKS, RunDir, sha256_of
from tests.factories import Factory, bent_column
from tests.inference.labelled import labelled_back
from tests.inference.rows import model_version

pytestmark = pytest.mark.django_db


def pair(make: Factory, project: Project, user: User, seed: int, **shot: Any) -> tuple[Image, Image]:
    """A labelled back, and a film of the same visit labelled in xray2."""
    back = labelled_back(make, project, user, seed=seed)
    film = make.radiograph(back.study, **shot)
    make.landmarks(user, film, "xray2")
    return back, film


@pytest.fixture
def project(make: Factory) -> Project:
    return make.project()


@pytest.fixture
def admin(make: Factory, project: Project) -> User:
    return make.member(project, "admin")


def column(degrees: float) -> list[dict[str, Any]]:
    """A bent column that fits on the films here."""
    return [{**point, "x": 0.05 * point["x"], "y": 0.07 * point["y"]} for point in bent_column(degrees)]


def freeze(admin: User, project: Project) -> Any:
    return freeze_pairs(actor=admin, project=project, name="pairs", schema="back6", seed=1)


def test_a_pair_is_a_back_and_the_film_of_its_visit(make: Factory, project: Project, admin: User) -> None:
    both = [pair(make, project, admin, seed, display_flip=seed == 1) for seed in range(3)]
    labelled_back(make, project, admin, seed=7)  # without a film
    unlabelled = labelled_back(make, project, admin, seed=8)
    make.radiograph(unlabelled.study)
    snapshot = freeze(admin, project)
    assert (snapshot.target, snapshot.counts["images"], snapshot.schema) == ("pair", 3, "back6")
    found = {entry["image"]: entry["film"] for entry in snapshot.entries}
    assert {back: film["image"] for back, film in found.items()} == {
        str(back.pk): str(film.pk) for back, film in both
    }
    assert [found[str(back.pk)]["mirrored"] for back, _ in both] == [False, True, False]
    assert set(snapshot.images) == {str(image.pk) for pairs in both for image in pairs}


def test_withdrawing_the_film_alone_ends_the_snapshot(make: Factory, project: Project, admin: User) -> None:
    both = [pair(make, project, admin, seed) for seed in range(2)]
    snapshot = freeze(admin, project)
    assert snapshots.gone_images(snapshot) == 0
    Image.objects.filter(pk=both[0][1].pk).update(hidden=True)
    assert snapshots.gone_images(snapshot) == 1


def test_a_film_whose_side_nobody_confirmed_is_refused(make: Factory, project: Project, admin: User) -> None:
    pair(make, project, admin, 0)
    pair(make, project, admin, 1, side_confirmed=False)
    with pytest.raises(ActionError, match="is not confirmed"):
        freeze(admin, project)


def test_what_is_missing_is_counted(make: Factory, project: Project, admin: User) -> None:
    labelled_back(make, project, admin, seed=1)
    with pytest.raises(ActionError, match="1 have the back, 0 the X-ray"):
        freeze(admin, project)
    with pytest.raises(ActionError, match="is for X-rays"):
        freeze_pairs(actor=admin, project=project, name="pairs", schema="xray2", seed=1)


def test_the_trainer_gets_both_pictures_and_both_sets_of_points(
    make: Factory, project: Project, admin: User, tmp_path: Path
) -> None:
    for seed in range(2):
        pair(make, project, admin, seed, display_flip=True)
    recipe = RECIPES["back-trial"].to_dict()
    job = TrainingJob.objects.create(
        project=project, name="Films", snapshot=freeze(admin, project), recipe=recipe, created_by=admin
    )
    run = RunDir(tmp_path / "run")
    materials.prepare_training(job, run, lambda: None)
    assert run.spec()["film_schema"]["points"] == ["C7", "sacrum"]
    for case in run.cases():
        film = case.film
        assert film is not None
        assert film.mirrored
        assert (run.path / film.picture).is_file()
        assert film.points_px == ((0.3 * 64, 0.1 * 160), (0.3 * 64, 0.5 * 160))
        assert len(case.points_px) == 6
        assert all(case.points_px)


def test_the_corners_of_a_film_go_along_where_they_are_set(
    make: Factory, project: Project, admin: User, tmp_path: Path
) -> None:
    films = [pair(make, project, admin, seed)[1] for seed in range(4)]
    recipe = RECIPES["pair-column"]
    # Subjects are split by chance of their ids: the film that lacks a vertebra has to be one that trains.
    trains = {entry["film"]["image"] for entry in freeze(admin, project).entries if entry["split"] == "train"}
    films.sort(key=lambda film: str(film.pk) in trains)

    def start(name: str) -> TrainingJob:
        snapshot = freeze_pairs(actor=admin, project=project, name=name, schema="back6", seed=1)
        return jobs.start_training(actor=admin, snapshot=snapshot, recipe=recipe, name=name)

    with pytest.raises(ActionError, match="films whose vertebral corners are set"):
        start("none")
    for film in films[:3]:
        make.landmarks(admin, film, "vertebrae68", column(20))
    # One is complete with a vertebra that is not on the film: it has no use for whoever learns all of them.
    part = [
        {**point, "x": None, "y": None, "state": "missing"} if point["name"].startswith("T1_") else point
        for point in column(20)
    ]
    make.landmarks(admin, films[3], "vertebrae68", part)
    job = start("all")
    assert job.snapshot.counts["with_corners"] == 3
    run = RunDir(tmp_path / "run")
    materials.prepare_training(job, run, lambda: None)
    known = {case.film.image: case.film.corners_px for case in run.cases() if case.film}
    assert known[str(films[3].pk)] == ()
    wanted = [(point["x"], point["y"]) for point in column(20)]
    for film in films[:3]:
        assert np.array(known[str(film.pk)]) == pytest.approx(np.array(wanted), abs=0.01)
    assert difference(
        freeze_pairs(actor=admin, project=project, name="same", schema="back6", seed=1),
        job.snapshot,
    ).same == len(films)
    make.landmarks(admin, films[0], "vertebrae68", column(21), base=1)
    later = freeze_pairs(actor=admin, project=project, name="later", schema="back6", seed=1)
    (changed,) = difference(job.snapshot, later).images
    assert changed.parts == ("film corners",)


def test_a_recipe_for_backs_alone_does_not_train_on_pairs(
    make: Factory, project: Project, admin: User
) -> None:
    for seed in range(2):
        pair(make, project, admin, seed)
    with pytest.raises(ActionError, match="the snapshot is of backs with their X-rays"):
        jobs.start_training(
            actor=admin, snapshot=freeze(admin, project), recipe=RECIPES["back-trial"], name="Backs"
        )


def test_films_are_held_to_the_network_in_use_and_the_origin_says_so(
    make: Factory, project: Project, admin: User, tmp_path: Path
) -> None:
    for seed in range(2):
        pair(make, project, admin, seed)
    snapshot = freeze(admin, project)
    recipe = RECIPES["pair-pix2pix-landmarks"]
    with pytest.raises(ActionError, match="none is in use in this project"):
        jobs.start_training(actor=admin, snapshot=snapshot, recipe=recipe, name="Films")
    judge = model_version(make, project)
    judge.target, judge.recipe = "radiograph", RECIPES["radiograph-small"].to_dict()
    judge.digest = digest_of_origin(judge)
    judge.save()
    promote(actor=admin, version=judge)
    job = jobs.start_training(actor=admin, snapshot=snapshot, recipe=recipe, name="Films")
    assert job.held_to == judge
    run = RunDir(tmp_path / "run")
    materials.prepare_training(job, run, lambda: None)
    assert run.spec()["held_to"] == {"version": judge.digest, "sha256": judge.weights_id}
    assert sha256_of(run.path / FILM_LANDMARKS) == judge.weights_id
    # A model of this training is another where it was held to another network.
    made = model_version(make, project)
    free = digest_of_origin(made)
    assert made.job is not None
    made.job.held_to = judge
    assert digest_of_origin(made) != free
