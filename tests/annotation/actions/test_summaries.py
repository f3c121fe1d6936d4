"""The summary columns of studies and images follow from the rows, after every act that changes those."""

from collections.abc import Callable

import pytest

from annotation.actions import cohort
from annotation.actions.summaries import wrongly_shown
from annotation.models import Image, Study, Subject, User
from tests.factories import Factory


@pytest.mark.parametrize(
    "hide",
    [
        lambda user, study: cohort.delete_study(actor=user, study=study),
        lambda user, study: cohort.delete_subject(actor=user, subject=study.subject),
        lambda user, study: cohort.set_consent(actor=user, subject=study.subject, state="withdrawn"),
    ],
    ids=["study deleted", "subject deleted", "consent withdrawn"],
)
def test_hidden_rows_leave_lists_and_queues(make: Factory, hide: Callable[[User, Study], object]) -> None:
    study = make.study()
    admin = make.member(study.project, "admin")
    film = make.radiograph(study)
    other = make.radiograph(make.study(make.subject(study.project)))
    hide(admin, study)
    film.refresh_from_db()
    assert film.hidden
    assert not film.waiting
    assert list(Study.objects.visible_to(admin)) == [other.study]
    assert list(Image.objects.visible_to(admin)) == [other]
    assert wrongly_shown() == 0


def test_restoring_and_consenting_again_bring_rows_back(make: Factory) -> None:
    study = make.study()
    admin = make.member(study.project, "admin")
    film = make.radiograph(study)
    cohort.delete_study(actor=admin, study=study)
    cohort.set_consent(actor=admin, subject=study.subject, state="withdrawn")
    cohort.restore_study(actor=admin, study=study)
    assert not Image.objects.visible_to(admin).exists(), "consent is still withdrawn"
    cohort.set_consent(actor=admin, subject=study.subject, state="given")
    assert Image.objects.visible_to(admin).get() == film
    assert Image.objects.get().waiting


def test_a_row_changed_behind_the_actions_back_is_found(make: Factory) -> None:
    film = make.radiograph()
    Subject.objects.update(consent="withdrawn")
    assert wrongly_shown() == 1
    Study.objects.update(hidden=True)
    assert wrongly_shown() == 1, "the image of a hidden study is still shown"
    film.hidden = True
    film.save()
    assert wrongly_shown() == 0


def test_another_schema_of_the_queue_asks_for_other_labels(make: Factory) -> None:
    film = make.radiograph()
    admin = make.member(film.project, "admin")
    make.landmarks(admin, film, "xray2")
    assert Image.objects.get().waiting
    film.study.refresh_from_db()
    assert film.study.label_state == "partial"
    cohort.update_project(actor=admin, project=film.project, changes={"radiograph_schema": "xray2"})
    assert not Image.objects.get().waiting
    assert Study.objects.get().label_state == "done"
