"""Where a subject's pictures went."""

import pytest

from annotation.models.cohort import Consent
from inference.actions import jobs, snapshots
from inference.actions.uses import uses_of, uses_of_withdrawn
from inference.models import ModelVersion
from inference.recipes.catalogue import RECIPES
from tests.factories import Factory
from tests.inference.labelled import labelled_project
from tests.inference.rows import model_version

pytestmark = pytest.mark.django_db


def test_snapshots_trainings_and_models_of_a_subject_are_found(make: Factory) -> None:
    project, admin = labelled_project(make, images=3)
    frozen = snapshots.freeze(actor=admin, project=project, name="first", schema="back6", seed=1)
    job = jobs.start_training(actor=admin, snapshot=frozen, recipe=RECIPES["back-trial"], name="Backs")
    version = model_version(make, project)
    ModelVersion.objects.filter(pk=version.pk).update(snapshot=frozen, job=job)
    latecomer = make.subject(project)
    subject = project.subjects.exclude(pk=latecomer.pk)[0]
    found = uses_of(subject)
    assert (found.snapshots, found.trainings, found.models) == ([frozen], [job], [version])
    assert uses_of(latecomer).snapshots == []
    assert uses_of_withdrawn(project) == []
    for each in (subject, latecomer):
        each.consent = Consent.WITHDRAWN
        each.save()
    assert [use.subject for use in uses_of_withdrawn(project)] == [subject]
    assert uses_of(subject).models == [version]
