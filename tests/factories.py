"""Rows for tests, made one call each; what a test does not name gets a value of its own."""

import datetime
import hashlib
import itertools
import math
import tempfile
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from annotation.actions import files, landmarks, summaries
from annotation.models import (
    Acquisition,
    AgentToken,
    Image,
    Import,
    ImportItem,
    LandmarkSet,
    Membership,
    Project,
    StoredFile,
    Study,
    Subject,
    User,
)
from annotation.models.images import AcquisitionKind, Calibration, Frame, ImageKind
from annotation.spine.levels import spine_levels
from annotation.spine.schemas import BUILT_IN

_numbers = itertools.count(1)
PASSWORD = "correct-horse-battery"


class Factory:
    """One method per kind of row."""

    def user(self, username: str = "", *, site_admin: bool = False, **fields: Any) -> User:
        username = username or f"user{next(_numbers)}"
        return User.objects.create_user(
            username=username, password=PASSWORD, is_superuser=site_admin, name=username.title(), **fields
        )

    def project(self, name: str = "", **fields: Any) -> Project:
        return Project.objects.create(name=name or f"Project {next(_numbers)}", **fields)

    def member(self, project: Project, role: str, user: User | None = None) -> User:
        user = user or self.user(f"{role}{next(_numbers)}")
        Membership.objects.create(user=user, project=project, role=role)
        return user

    def token(self, project: Project, created_by: User) -> tuple[AgentToken, str]:
        token = AgentToken.new_token()
        row = AgentToken.objects.create(
            project=project,
            name=f"agent {next(_numbers)}",
            prefix=token[:8],
            token_hash=AgentToken.hash_of(token),
            created_by=created_by,
        )
        return row, token

    def subject(self, project: Project | None = None, **fields: Any) -> Subject:
        fields.setdefault("pseudonym", f"S{next(_numbers):04d}")
        return Subject.objects.create(project=project or self.project(), **fields)

    def study(self, subject: Subject | None = None, **fields: Any) -> Study:
        subject = subject or self.subject()
        fields.setdefault("visit_date", datetime.date(2026, 3, 1))
        return Study.objects.create(project=subject.project, subject=subject, **fields)

    def stored(self, content: bytes, media_type: str = "image/png") -> StoredFile:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / hashlib.sha256(content).hexdigest()
            path.write_bytes(content)
            return files.store(path=path, media_type=media_type)

    def picture(self, width: int = 64, height: int = 160) -> StoredFile:
        """A small PNG that differs each time."""
        seed = next(_numbers)
        pixels = np.random.default_rng(seed).integers(0, 256, (height, width), dtype=np.uint8)
        return self.stored(cv2.imencode(".png", pixels)[1].tobytes())

    def image(self, acquisition: Acquisition, kind: str, frame: str, **fields: Any) -> Image:
        width, height = fields.pop("width", 64), fields.pop("height", 160)
        stored = fields.pop("stored", None) or self.picture(width, height)
        image = Image.objects.create(
            project=acquisition.study.project,
            study=acquisition.study,
            acquisition=acquisition,
            kind=kind,
            frame=frame,
            width=width,
            height=height,
            bit_depth=fields.pop("bit_depth", 8),
            pixels=stored,
            view=stored,
            thumbnail=stored,
            **fields,
        )
        summaries.refresh(acquisition.study)
        return image

    def import_item(self, project: Project, user: User) -> ImportItem:
        """A file half way into an import of the user's, with a thumbnail."""
        batch = Import.objects.create(project=project, created_by=user)
        batch.folder.mkdir(parents=True)
        (batch.folder / "thumbnail.jpg").write_bytes(b"a small picture")
        found = {"wire": {"title": "X-ray"}, "thumbnail": "thumbnail.jpg"}
        return ImportItem.objects.create(batch=batch, name=f"film{next(_numbers)}.png", size=9, found=found)

    def radiograph(
        self, study: Study | None = None, *, spacing_mm: float | None = None, **fields: Any
    ) -> Image:
        study = study or self.study()
        shot = {name: fields.pop(name) for name in ("display_flip", "side_confirmed") if name in fields}
        shot.setdefault("side_confirmed", True)
        acquisition = Acquisition.objects.create(study=study, kind=AcquisitionKind.RADIOGRAPH, **shot)
        if spacing_mm is not None:
            fields |= {"spacing_row_mm": spacing_mm, "spacing_col_mm": spacing_mm}
            fields.setdefault("calibration", Calibration.IMAGER)
        return self.image(acquisition, ImageKind.RADIOGRAPH, Frame.RADIOGRAPH, **fields)

    def back(self, study: Study | None = None) -> tuple[Image, Image]:
        """A colour image and the depth registered into it."""
        study = study or self.study()
        acquisition = Acquisition.objects.create(study=study, kind=AcquisitionKind.RGBD)
        colour = self.image(acquisition, ImageKind.COLOUR, Frame.COLOUR)
        depth = self.image(
            acquisition,
            ImageKind.DEPTH,
            Frame.COLOUR,
            registered_to=colour,
            bit_depth=16,
            depth_npy=self.stored(b"\x1f\x8b depth", "application/gzip"),
        )
        return colour, depth

    def points(self, schema: str, image: Image) -> list[dict[str, Any]]:
        """Every point of a schema, placed down the image; vertebrae as a straight column."""
        definition = BUILT_IN[schema]
        count = len(definition.points)
        return [
            {
                "name": point.name,
                "x": image.width * (0.7 if point.name.endswith(("_R", "TR", "BR")) else 0.3),
                "y": image.height * (0.1 + 0.8 * (index if "_B" not in point.name else index + 0.5) / count),
                "state": "placed",
            }
            for index, point in enumerate(definition.points)
        ]

    def landmarks(
        self, user: User, image: Image, schema: str, points: Any = None, base: int = 0
    ) -> LandmarkSet:
        return landmarks.save(
            user=user,
            image=image,
            schema=schema,
            points=self.points(schema, image) if points is None else points,
            base_revision=base,
            idempotency_key=uuid.uuid4(),
        )


def bent_column(degrees: float, levels: Sequence[str] = spine_levels()) -> list[dict[str, Any]]:
    """Corners of vertebrae whose endplates tilt evenly, from -degrees/2 of the first to +degrees/2."""
    points = []
    x = 500.0
    for row, level in enumerate(levels):
        for plate, (edge, y) in enumerate((("T", 100 + 120 * row), ("B", 190 + 120 * row))):
            tilt = math.radians(degrees * ((2 * row + plate) / (2 * len(levels) - 1) - 0.5))
            for side, sign in (("L", -1), ("R", 1)):
                points.append(
                    {
                        "name": f"{level}_{edge}{side}",
                        "x": x + sign * 40 * math.cos(tilt),
                        "y": y + sign * 40 * math.sin(tilt),
                        "state": "placed",
                    }
                )
        x += 60 * math.sin(math.radians(-degrees * ((2 * row + 1) / (2 * len(levels) - 1) - 0.5)))
    return points
