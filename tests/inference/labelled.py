"""Projects whose backs are pictured and labelled, for whatever starts from a snapshot."""

import gzip
import io
import uuid
from typing import Any

import cv2
import numpy as np

from annotation.actions.landmarks import save
from annotation.models import Acquisition, Image, Project, User
from annotation.models.images import AcquisitionKind, Frame, ImageKind
from tests.factories import Factory
from tests.inference.runs import back

WIDTH, HEIGHT = 96, 128
_NAMES = ("C7", "scapula_L", "scapula_R", "sacrum")


def labelled_back(make: Factory, project: Project, user: User, *, seed: int, subject: Any = None) -> Image:
    """One study with a colour picture, its depth, and the user's complete back6 landmarks."""
    picture, depth, points = back(np.random.default_rng(seed), WIDTH, HEIGHT)
    study = make.study(subject or make.subject(project))
    shot = Acquisition.objects.create(study=study, kind=AcquisitionKind.RGBD)
    stored = make.stored(cv2.imencode(".png", picture[:, :, ::-1])[1].tobytes())
    colour = make.image(shot, ImageKind.COLOUR, Frame.COLOUR, width=WIDTH, height=HEIGHT, stored=stored)
    npy = io.BytesIO()
    np.save(npy, depth)
    make.image(
        shot,
        ImageKind.DEPTH,
        Frame.COLOUR,
        width=WIDTH,
        height=HEIGHT,
        bit_depth=16,
        registered_to=colour,
        depth_npy=make.stored(gzip.compress(npy.getvalue()), "application/gzip"),
    )
    placed = dict(zip(_NAMES, points, strict=True))
    placed["PSIS_L"] = (WIDTH * 0.42, placed["sacrum"][1] - 8)
    placed["PSIS_R"] = (WIDTH * 0.58, placed["sacrum"][1] - 8)
    save(
        user=user,
        image=colour,
        schema="back6",
        points=[{"name": name, "x": x, "y": y, "state": "placed"} for name, (x, y) in placed.items()],
        base_revision=0,
        idempotency_key=uuid.uuid4(),
    )
    return colour


def labelled_project(make: Factory, *, images: int = 8) -> tuple[Project, User]:
    """A project with an admin and one labelled back per subject."""
    project = make.project()
    admin = make.member(project, "admin")
    for seed in range(images):
        labelled_back(make, project, admin, seed=seed)
    return project, admin
