"""The platform's importer takes every kind of study that the phantom writes, with nothing left to ask."""

import io
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from annotation.models import Acquisition, Image, LandmarkSet, Study
from inference.phantom import __main__ as command
from tests.factories import Factory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def folders(settings: Any, tmp_path: Path) -> None:
    options = {"location": tmp_path / "files", "file_permissions_mode": 0o640}
    storage = {"BACKEND": "annotation.models.filestore.DurableFileSystemStorage", "OPTIONS": options}
    settings.STORAGES = {**settings.STORAGES, "default": storage}
    settings.INCOMING_DIR = tmp_path / "incoming"


@pytest.mark.parametrize(
    ("arguments", "direction"),
    [
        ([], "PA"),
        (["--film", "png16", "--colour", "1080p"], "PA"),
        (["--film", "dicom", "--direction", "AP", "--mkv"], "AP"),
    ],
)
def test_a_study_comes_in_whole(make: Factory, tmp_path: Path, arguments: list[str], direction: str) -> None:
    make.user("boss", site_admin=True)
    make.project("Films")
    folder = tmp_path / "in"
    assert command.main([str(folder), "--count", "1", "--seed", "4", *arguments]) == 0
    out = io.StringIO()
    call_command("import_studies", str(folder), project="Films", stdout=out, stderr=out)
    assert "2 imported, 0 already there, 0 refused" in out.getvalue()
    study = Study.objects.get()
    assert study.has_rgbd
    assert study.has_radiograph
    film = Acquisition.objects.get(kind="radiograph")
    assert film.direction == direction
    assert film.display_flip is (direction == "AP")
    assert film.side_confirmed
    picture = Image.objects.get(acquisition=film)
    assert picture.calibration == "calibrated"
    schemas = {(s.image.kind, s.schema) for s in LandmarkSet.objects.select_related("image")}
    back = {("colour", "back6"), ("colour", "back10")}
    assert schemas == back | {("radiograph", n) for n in ("xray2", "vertebrae68", "vertebrae72")}
