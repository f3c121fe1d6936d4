"""What enters a snapshot, by each choice there is, and what is said of the rest."""

import datetime
from typing import Any

import pytest
from django.utils import timezone

from annotation.actions import remarks, reviews
from annotation.actions.errors import ActionError
from annotation.models import Image, LandmarkSet, Project, Study, User
from annotation.models.cohort import Consent
from inference.actions import snapshots
from inference.actions.pairs import draft_pairs
from inference.actions.selection import Choice
from inference.models import DatasetSnapshot
from tests.factories import Factory
from tests.inference.labelled import labelled_back, labelled_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def project_and_admin(make: Factory) -> tuple[Project, User]:
    return labelled_project(make, images=4)


@pytest.fixture
def project(project_and_admin: tuple[Project, User]) -> Project:
    return project_and_admin[0]


@pytest.fixture
def images(project: Project) -> list[Image]:
    """Four labelled backs, oldest first."""
    return list(Image.objects.filter(project=project, kind="colour").order_by("created_at"))


def draft(project: Project, **choice: Any) -> snapshots.Draft:
    return snapshots.draft(project=project, schema="back6", seed=1, choice=Choice(**choice))


def entered(found: snapshots.Draft) -> set[str]:
    return {entry["image"] for entry in found.entries}


def left_out(found: snapshots.Draft) -> dict[str, int]:
    return {reason: images for reason, images in found.left_out.items() if images}


def judge(make: Factory, image: Image, verdict: str) -> None:
    doctor = make.member(image.project, "doctor")
    row = LandmarkSet.objects.get(image=image, schema="back6")
    note = "C7 is too low." if verdict == "returned" else ""
    reviews.review(reviewer=doctor, landmark_set=row, revision=row.revision, verdict=verdict, note=note)


def test_whatever_is_complete_enters(project: Project, images: list[Image]) -> None:
    found = draft(project)
    assert entered(found) == {str(image.pk) for image in images}
    assert (left_out(found), found.problem) == ({}, "")


@pytest.mark.parametrize(
    ("review", "enter", "unreviewed"), [("complete", 3, 0), ("accepted", 2, 1), ("signed", 1, 2)]
)
def test_a_doctors_verdict_decides(
    make: Factory, project: Project, images: list[Image], review: str, enter: int, unreviewed: int
) -> None:
    judge(make, images[0], "signed")
    judge(make, images[1], "accepted")
    judge(make, images[2], "returned")
    found = draft(project, review=review)
    assert len(entered(found)) == enter
    assert str(images[0].pk) in entered(found)
    rest = {"returned": 1, "unreviewed": unreviewed} if unreviewed else {"returned": 1}
    assert left_out(found) == rest


def test_of_a_returned_and_a_good_set_the_good_one_enters(
    make: Factory, project: Project, images: list[Image]
) -> None:
    judge(make, images[0], "returned")
    other = make.landmarks(make.member(project, "assistant"), images[0], "back6")
    found = draft(project)
    assert left_out(found) == {}
    assert str(other.pk) in {entry["set"] for entry in found.entries}


def test_only_visits_between_two_dates_enter_both_included(project: Project, images: list[Image]) -> None:
    for day, image in enumerate(images, start=1):
        Study.objects.filter(pk=image.study_id).update(visit_date=datetime.date(2026, 5, day))
    found = draft(project, visits_from=datetime.date(2026, 5, 2), visits_to=datetime.date(2026, 5, 3))
    assert entered(found) == {str(images[1].pk), str(images[2].pk)}
    assert left_out(found) == {"visit": 2}


def test_every_reason_is_counted_once_an_image(make: Factory, project: Project, images: list[Image]) -> None:
    subject = images[0].study.subject
    subject.consent = Consent.WITHDRAWN
    subject.save()
    Study.objects.filter(pk=images[1].study_id).update(visit_date=datetime.date(2020, 1, 1))
    remarks.remark(author=make.member(project, "assistant"), image=images[2], kind="skip", text="Dark.")
    make.back(make.study(make.subject(project)))  # nobody has labelled it
    gone = images[3].study
    gone.deleted_at = timezone.now()
    gone.save()
    found = draft(project, visits_from=datetime.date(2021, 1, 1))
    assert entered(found) == set()
    assert left_out(found) == {"withdrawn": 1, "visit": 1, "put_aside": 1, "unlabelled": 1}
    assert "enters by this choice" in found.problem


def test_the_choice_is_frozen_and_hashed(project_and_admin: tuple[Project, User]) -> None:
    project, admin = project_and_admin
    choice = Choice(visits_from=datetime.date(2026, 1, 1), test_share=0.25)
    made = snapshots.freeze(actor=admin, project=project, name="a", schema="back6", seed=1, choice=choice)
    plain = snapshots.freeze(actor=admin, project=project, name="b", schema="back6", seed=1)
    assert made.manifest["choice"] == {
        "consent": "given",
        "review": "complete",
        "visits_from": "2026-01-01",
        "visits_to": None,
        "validation_share": 0.15,
        "test_share": 0.25,
        "split_as": None,
    }
    assert made.digest == DatasetSnapshot.digest_of(made.manifest) != plain.digest


def test_the_shares_are_kept_and_somebody_is_always_left_to_train() -> None:
    names = [f"subject-{number}" for number in range(20)]
    splits = list(snapshots.split_subjects(names, 1, 0.3, 0.2).values())
    assert [splits.count(name) for name in ("train", "validation", "test")] == [10, 6, 4]
    for count in range(2, 12):
        splits = list(snapshots.split_subjects(names[:count], 1, 0.4, 0.4).values())
        assert min(splits.count("train"), splits.count("validation")) >= 1
    assert list(snapshots.split_subjects(names, 1, 0.1, 0.0).values()).count("test") == 0


def test_who_was_split_stays_on_that_side_and_the_others_bring_the_shares() -> None:
    names = [f"subject-{number:02}" for number in range(30)]
    first = snapshots.split_subjects(names[:20], 1, 0.15, 0.15)
    second = snapshots.split_subjects(names, 7, 0.15, 0.15, first)
    assert second.keys() == {*names}
    assert all(second[name] == first[name] for name in first)
    # 15 % of 30 are 4 (4.5 to the even number); 3 are there.
    assert [*second.values()].count("validation") == [*second.values()].count("test") == 4
    # Who is known fills a split already, or has nobody to train on beside.
    held = dict.fromkeys(names[:8], "test")
    assert set(snapshots.split_subjects(names[:9], 1, 0.15, 0.15, held).values()) == {"test", "validation"}
    assert snapshots.split_subjects(names[:10], 1, 0.15, 0.15, held)[names[9]] in {"train", "validation"}
    assert snapshots.split_subjects(names[:5], 1, 0.15, 0.15, held) == dict.fromkeys(names[:5], "test")


def test_a_snapshot_is_split_as_an_earlier_one(make: Factory) -> None:
    project, admin = labelled_project(make, images=9)
    first = snapshots.freeze(actor=admin, project=project, name="a", schema="back6", seed=1)
    choice = Choice(split_as=first.pk)
    second = snapshots.freeze(actor=admin, project=project, name="b", schema="back6", seed=2, choice=choice)
    assert [entry["split"] for entry in second.entries] == [entry["split"] for entry in first.entries]
    other = snapshots.freeze(actor=admin, project=project, name="c", schema="back6", seed=2)
    assert [entry["split"] for entry in other.entries] != [entry["split"] for entry in first.entries]
    elsewhere, _ = labelled_project(make, images=2)
    with pytest.raises(ActionError, match="no such snapshot to split as"):
        snapshots.draft(project=elsewhere, schema="back6", seed=1, choice=choice)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"visits_from": datetime.date(2026, 2, 1), "visits_to": datetime.date(2026, 1, 1)}, "visits_to"),
        ({"validation_share": 0.5, "test_share": 0.4}, "test_share"),
    ],
)
def test_a_choice_that_makes_no_sense_is_refused(given: dict[str, Any], field: str) -> None:
    with pytest.raises(ActionError) as refused:
        Choice(**given)
    assert [*(refused.value.fields or {})] == [field]


def test_pairs_say_which_backs_have_no_film(make: Factory, project_and_admin: tuple[Project, User]) -> None:
    project, admin = project_and_admin
    subject = make.subject(project)
    back = labelled_back(make, project, admin, seed=9, subject=subject)
    film = make.radiograph(back.study)
    make.landmarks(admin, film, "xray2")
    found = draft_pairs(project=project, schema="back6", seed=1, choice=Choice())
    assert [entry["film"]["image"] for entry in found.entries] == [str(film.pk)]
    assert left_out(found) == {"without_film": 4}
    assert "of one subject" in found.problem
