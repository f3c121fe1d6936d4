"""What changed from one snapshot to another."""

from dataclasses import dataclass
from typing import Any

from annotation.actions.errors import ActionError
from inference.models import DatasetSnapshot

# What of an entry is its picture, its depth, its points and its film.
_PARTS = {
    "picture": ("colour",),
    "depth": ("depth",),
    "points": ("set", "revision_digest"),
    "split": ("split",),
}
_OF_FILM = {
    "film picture": ("image", "pixels", "mirrored"),
    "film points": ("set", "revision_digest"),
    "film corners": ("corners",),
}


@dataclass(frozen=True, slots=True)
class ImageDifference:
    """One image that is in only one of two snapshots, or differs: `parts` says in what."""

    image: str
    subject: str
    kind: str  # "added", "removed" or "changed"
    parts: tuple[str, ...]
    split_before: str | None
    split_after: str | None


@dataclass(frozen=True, slots=True)
class Difference:
    """`settings`: by name, before and after. `images`: what differs, in the order of the image ids.

    `same`: how many images are in both, unchanged.
    """

    settings: dict[str, tuple[Any, Any]]
    images: list[ImageDifference]
    same: int


def difference(before: DatasetSnapshot, after: DatasetSnapshot) -> Difference:
    """From one snapshot to another of the same project. Raises ActionError for two projects."""
    if before.project_id != after.project_id:
        raise ActionError("These snapshots are of two projects; they have no image in common.")
    old = {entry["image"]: entry for entry in before.entries}
    new = {entry["image"]: entry for entry in after.entries}
    found = [_of_image(image, old.get(image), new.get(image)) for image in sorted(old.keys() | new.keys())]
    differing = [each for each in found if each is not None]
    return Difference(_settings(before, after), differing, len(found) - len(differing))


def _of_image(image: str, old: dict[str, Any] | None, new: dict[str, Any] | None) -> ImageDifference | None:
    entry = new or old or {}
    splits = (old["split"] if old else None, new["split"] if new else None)
    if old is None or new is None:
        kind = "added" if old is None else "removed"
        return ImageDifference(image, entry["subject"], kind, (), *splits)
    parts = _differing(_PARTS, old, new) + _differing(_OF_FILM, old.get("film"), new.get("film"))
    return ImageDifference(image, entry["subject"], "changed", parts, *splits) if parts else None


def _differing(
    parts: dict[str, tuple[str, ...]], old: dict[str, Any] | None, new: dict[str, Any] | None
) -> tuple[str, ...]:
    """The parts in which two entries differ; where only one is there, the parts that it has."""
    before, after = old or {}, new or {}
    return tuple(
        part for part, names in parts.items() if any(before.get(name) != after.get(name) for name in names)
    )


def _settings(before: DatasetSnapshot, after: DatasetSnapshot) -> dict[str, tuple[Any, Any]]:
    def of(snapshot: DatasetSnapshot) -> dict[str, Any]:
        choice = snapshot.manifest.get("choice", {})
        return {"schema": snapshot.schema, "target": snapshot.target, "seed": snapshot.seed, **choice}

    old, new = of(before), of(after)
    names = [*old, *(name for name in new if name not in old)]
    return {
        name: (old.get(name), new.get(name))
        for name in names
        if name in old and name in new and old[name] != new[name]
    }
