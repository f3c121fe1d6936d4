"""Why a model gives no angle stands with the revision it speaks of, where measuring asks for it."""

from typing import Any

from django.db import migrations


def move(apps: Any, _: Any) -> None:
    """To the newest revision of each set: the older ones' reasons were not kept."""
    revisions = apps.get_model("annotation", "LandmarkRevision").objects
    for row in apps.get_model("inference", "Prediction").objects.exclude(abstains="").select_related("landmark_set"):
        newest = revisions.filter(landmark_set=row.landmark_set, number=row.landmark_set.revision)
        newest.update(abstains=row.abstains)


class Migration(migrations.Migration):

    dependencies = [
        ("inference", "0009_doubts_of_curves"),
        ("annotation", "0008_why_models_abstain"),
    ]

    operations = [
        migrations.RunPython(move, migrations.RunPython.noop),
        migrations.RemoveField(model_name="prediction", name="abstains"),
    ]
