"""The pieces that several answers share: people, names of projects and subjects, images."""

from typing import Any, TypedDict

from annotation.api.base import iso
from annotation.models import Image, LandmarkSet, Project, Subject, User


class PersonWire(TypedDict):
    id: str
    username: str
    name: str


class ProjectNameWire(TypedDict):
    id: str
    name: str


class SubjectNameWire(TypedDict):
    id: str
    pseudonym: str


def person_wire(user: User) -> PersonWire:
    return {"id": str(user.pk), "username": user.username, "name": user.display_name}


def project_name_wire(project: Project) -> ProjectNameWire:
    return {"id": str(project.pk), "name": project.name}


def subject_name_wire(subject: Subject) -> SubjectNameWire:
    return {"id": str(subject.pk), "pseudonym": subject.pseudonym}


class ImageUrlsWire(TypedDict):
    view: str
    thumbnail: str
    depth: str | None
    file: str


class AuthorWire(TypedDict):
    kind: str
    id: str | None
    name: str


class LandmarkSetNameWire(TypedDict):
    """A set without its points, as an image lists it."""

    id: str
    schema: str
    author: AuthorWire
    revision: int
    saved_at: str | None
    points_count: int
    complete: bool


class ImageWire(TypedDict):
    id: str
    acquisition: str
    study: str
    kind: str
    frame: str
    width: int
    height: int
    bit_depth: int
    sha256: str
    spacing_mm: list[float] | None
    calibration: str
    camera: dict[str, Any] | None
    registered_to: str | None
    display_flip: bool
    side_marker: str
    side_confirmed: bool
    direction: str
    urls: ImageUrlsWire
    landmark_sets: list[LandmarkSetNameWire]


def image_url(image_id: object, variant: str) -> str:
    return f"/api/v1/images/{image_id}/{variant}"


def author_wire(landmark_set: LandmarkSet) -> AuthorWire:
    if landmark_set.author is not None:
        author = landmark_set.author
        return {"kind": "person", "id": str(author.pk), "name": author.display_name}
    return {"kind": "model", "id": None, "name": landmark_set.model_label}


def set_name_wire(landmark_set: LandmarkSet) -> LandmarkSetNameWire:
    return {
        "id": str(landmark_set.pk),
        "schema": landmark_set.schema,
        "author": author_wire(landmark_set),
        "revision": landmark_set.revision,
        "saved_at": iso(landmark_set.saved_at),
        "points_count": len(landmark_set.points),
        "complete": landmark_set.complete,
    }


def image_wire(image: Image, sets: list[LandmarkSet]) -> ImageWire:
    """One image with the sets on it that the reader may know of. Needs `acquisition` selected."""
    acquisition = image.acquisition
    return {
        "id": str(image.pk),
        "acquisition": str(image.acquisition_id),
        "study": str(image.study_id),
        "kind": image.kind,
        "frame": image.frame,
        "width": image.width,
        "height": image.height,
        "bit_depth": image.bit_depth,
        "sha256": image.pixels_id,
        "spacing_mm": image.spacing_mm,
        "calibration": image.calibration,
        "camera": image.camera,
        "registered_to": str(image.registered_to_id) if image.registered_to_id else None,
        "display_flip": acquisition.display_flip,
        "side_marker": acquisition.side_marker,
        "side_confirmed": acquisition.side_confirmed,
        "direction": acquisition.direction,
        "urls": {
            "view": image_url(image.pk, "view"),
            "thumbnail": image_url(image.pk, "thumbnail"),
            "depth": image_url(image.pk, "depth") if image.depth_npy_id else None,
            "file": image_url(image.pk, "file"),
        },
        "landmark_sets": [set_name_wire(landmark_set) for landmark_set in sets],
    }
