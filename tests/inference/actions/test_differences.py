"""What changed between two snapshots, change by change."""

import uuid

import pytest

from annotation.actions.errors import ActionError
from annotation.models import Image, LandmarkSet, Project, User
from annotation.models.cohort import Consent
from inference.actions import snapshots
from inference.actions.differences import difference
from inference.actions.selection import Choice
from inference.models import DatasetSnapshot
from tests.factories import Factory
from tests.inference.labelled import labelled_back, labelled_project
from tests.inference.rows import snapshot

pytestmark = pytest.mark.django_db


@pytest.fixture
def project_and_admin(make: Factory) -> tuple[Project, User]:
    return labelled_project(make, images=6)


def frozen(project_and_admin: tuple[Project, User], name: str, **given: object) -> DatasetSnapshot:
    project, admin = project_and_admin
    wanted = {"seed": 1, "choice": Choice(), **given}
    return snapshots.freeze(actor=admin, project=project, name=name, schema="back6", **wanted)  # type: ignore[arg-type]


def test_nothing_changed_is_said_of_the_same_twice(project_and_admin: tuple[Project, User]) -> None:
    found = difference(frozen(project_and_admin, "a"), frozen(project_and_admin, "b"))
    assert (found.settings, found.images, found.same) == ({}, [], 6)


def test_added_removed_and_corrected_images_are_told_apart(
    make: Factory, project_and_admin: tuple[Project, User]
) -> None:
    project, admin = project_and_admin
    before = frozen(project_and_admin, "a")
    first, second, *_ = Image.objects.filter(project=project, kind="colour").order_by("created_at")
    row = LandmarkSet.objects.get(image=first)
    make.landmarks(admin, first, "back6", [{**point, "x": point["x"] + 1} for point in row.points], base=1)
    subject = second.study.subject
    subject.consent = Consent.WITHDRAWN
    subject.save()
    new = labelled_back(make, project, admin, seed=77)
    found = difference(before, frozen(project_and_admin, "b"))
    by_image = {each.image: each for each in found.images}
    assert by_image[str(first.pk)].kind == "changed"
    assert "points" in by_image[str(first.pk)].parts
    removed, added = by_image[str(second.pk)], by_image[str(new.pk)]
    assert (removed.kind, removed.split_after, removed.parts) == ("removed", None, ())
    assert (added.kind, added.split_before) == ("added", None)
    assert added.subject == str(new.study.subject_id)
    # Who is in both may have been dealt to another side, since there are others now.
    moved = {image for image, each in by_image.items() if each.parts == ("split",)}
    assert found.same == 6 - len(moved | {str(first.pk), str(second.pk)})


def test_another_seed_moves_subjects_and_is_named(project_and_admin: tuple[Project, User]) -> None:
    before = frozen(project_and_admin, "a")
    found = difference(before, frozen(project_and_admin, "b", seed=5, choice=Choice(test_share=0.3)))
    assert found.settings == {"seed": (1, 5), "test_share": (0.15, 0.3)}
    assert {each.parts for each in found.images} == {("split",)}
    assert all(each.split_before != each.split_after for each in found.images)


def test_depth_that_came_later_is_a_change_of_depth(project_and_admin: tuple[Project, User]) -> None:
    before = frozen(project_and_admin, "a")
    after = frozen(project_and_admin, "b")
    after.manifest["entries"][0]["depth"] = "0" * 64
    [only] = difference(before, after).images
    assert (only.kind, only.parts) == ("changed", ("depth",))
    film = {"image": str(uuid.uuid4()), "set": str(uuid.uuid4()), "corners": None}
    after.manifest["entries"][0]["film"] = film
    [only] = difference(before, after).images
    assert only.parts == ("depth", "film picture", "film points")
    film["corners"] = {"set": str(uuid.uuid4())}
    [only] = difference(before, after).images
    assert only.parts == ("depth", "film picture", "film points", "film corners")


def test_snapshots_of_two_projects_are_not_compared(make: Factory) -> None:
    with pytest.raises(ActionError, match="of two projects"):
        difference(snapshot(make, make.project()), snapshot(make, make.project()))
