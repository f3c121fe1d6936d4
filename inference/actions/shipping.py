"""Taking the weights that come with the program into a project."""

from django.db import transaction
from django.db.models import Max

from annotation.actions.audit import record
from annotation.actions.files import store
from annotation.models import Project, User
from inference.actions.versions import promote
from inference.models import ModelVersion, VersionState
from inference.models.versions import digest_of_origin
from inference.shipped import Shipped, all_shipped


def installable(project: Project) -> list[Shipped]:
    """Shipped weights that the project does not have yet."""
    known = set(
        ModelVersion.objects.filter(project=project).exclude(shipped="").values_list("weights_id", flat=True)
    )
    return [each for each in all_shipped() if each.card["weights_sha256"] not in known]


def install(*, actor: User | None, project: Project, shipped: Shipped) -> ModelVersion:
    """Make shipped weights a version of the project; promoted where nothing is yet for its purpose.

    Weights that the project has already are left as they are. Raises StorageFull and Unavailable.
    """
    weights = store(path=shipped.path, media_type="application/vnd.safetensors")
    with transaction.atomic():
        Project.objects.select_for_update().get(pk=project.pk)
        versions = ModelVersion.objects.filter(project=project)
        known = versions.filter(weights=weights).exclude(shipped="").first()
        if known is not None:
            return known
        card = shipped.card
        result = {name: value for name, value in card["result"].items() if name != "weights_sha256"}
        version = ModelVersion(
            project=project,
            name=card["title"][:100],
            number=(versions.aggregate(Max("number"))["number__max"] or 0) + 1,
            schema=card["schema"],
            target=card["target"],
            architecture=shipped.recipe.architecture,
            recipe=shipped.recipe.to_dict(),
            shipped=shipped.name,
            card={name: card[name] for name in ("summary", "data", "limits")},
            commit=card["commit"],
            seed=card["seed"],
            metrics=result,
            weights=weights,
        )
        version.digest = digest_of_origin(version)
        version.save(force_insert=True)
        record(
            actor=actor,
            action="version.shipped",
            target=version,
            summary=f"{version.label}, shipped as {shipped.name}",
            project=project,
        )
        purpose = versions.filter(schema=version.schema, target=version.target)
        if not purpose.filter(state=VersionState.PROMOTED).exists():
            return promote(actor=actor, version=version)
        return version
