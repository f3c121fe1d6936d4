"""The import commands: the same import as the page's, from a folder; run again, nothing comes twice."""

import datetime
import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from annotation.models import Acquisition, Image, Import, LandmarkSet, Project, Study, Subject, User
from tests.annotation.importing import back_folder, film, left_behind
from tests.factories import Factory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def folders(settings: Any, tmp_path: Path) -> None:
    options = {"location": tmp_path / "files", "file_permissions_mode": 0o640}
    storage = {"BACKEND": "annotation.models.filestore.DurableFileSystemStorage", "OPTIONS": options}
    settings.STORAGES = {**settings.STORAGES, "default": storage}
    settings.INCOMING_DIR = tmp_path / "incoming"


@pytest.fixture
def project(make: Factory) -> Project:
    make.user("boss", site_admin=True)
    return make.project("Films")


def write(root: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root


def run(command: str, folder: Path, **options: Any) -> str:
    out = io.StringIO()
    call_command(command, str(folder), project="Films", stdout=out, stderr=out, **options)
    return out.getvalue()


def aasce(root: Path) -> Path:
    names = ["lab-02-Jan-2017-162 A AP.png", "lab-02-Jan-2017-162 B AP.png", "lab-03-Jan-2017-7 A AP.png"]
    files = {f"images/{name}": film(index) for index, name in enumerate(names)}
    row = ",".join(["0.25"] * 68 + ["0.5"] * 68)
    files["filenames.csv"] = "\n".join(names).encode()
    files["landmarks.csv"] = "\n".join([row] * 3).encode()
    files["angles.csv"] = b"1,2,3\n1,2,3\n1,2,3\n"
    return write(root, files)


def test_the_aasce_layout_with_its_landmarks(project: Project, tmp_path: Path) -> None:
    folder = aasce(tmp_path / "aasce")
    assert "3 imported, 0 already there, 0 refused" in run("import_radiographs", folder, layout="aasce")
    studies = Study.objects.order_by("subject__pseudonym", "notes").values_list(
        "subject__pseudonym", "visit_date", "notes", "label_state"
    )
    assert list(studies) == [
        ("162", datetime.date(2017, 1, 2), "visit A", "done"),
        ("162", datetime.date(2017, 1, 2), "visit B", "done"),
        ("7", datetime.date(2017, 1, 3), "visit A", "done"),
    ]
    shot = Acquisition.objects.first()
    assert shot is not None
    assert (shot.direction, shot.display_flip, shot.side_confirmed) == ("AP", True, False)
    own = LandmarkSet.objects.select_related("author").first()
    assert own is not None
    assert own.author == User.objects.get(username="boss")
    assert own.points[0] == {"name": "T1_TL", "x": 15.0, "y": 75.0, "state": "placed"}
    assert (folder / "images").is_dir()
    assert len(list((folder / "images").iterdir())) == 3


def test_a_second_run_brings_nothing_twice(project: Project, tmp_path: Path) -> None:
    folder = aasce(tmp_path / "aasce")
    run("import_radiographs", folder, layout="aasce", limit=2)
    assert "1 imported, 2 already there, 0 refused" in run("import_radiographs", folder, layout="aasce")
    assert "0 imported, 3 already there, 0 refused" in run("import_radiographs", folder, layout="aasce")
    assert Image.objects.count() == 3
    assert not Import.objects.filter(state="open").exists()


def test_an_interrupted_run_is_finished_by_the_next(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write(tmp_path / "in", {f"S{n}/film.png": film(n) for n in range(30)})

    def interrupt(*args: Any, **kwargs: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr("annotation.management.bulkimport.close_when_done", interrupt)
        with pytest.raises(KeyboardInterrupt):
            run("import_radiographs", folder, layout="folder", date=datetime.date(2026, 1, 1), limit=10)
    assert Image.objects.count() == 10
    text = run("import_radiographs", folder, layout="folder", date=datetime.date(2026, 1, 1))
    assert "20 imported, 10 already there" in text
    assert Subject.objects.count() == 30
    assert len(left_behind()) == len(set(left_behind()))


@pytest.mark.parametrize(
    ("right", "flip", "confirmed"),
    [("image-left", True, True), ("image-right", False, True), ("unknown", False, False)],
)
def test_the_side_is_confirmed_only_by_the_flag(
    project: Project, tmp_path: Path, right: str, flip: bool, confirmed: bool
) -> None:
    folder = write(tmp_path / "in", {"S1/film.png": film()})
    options = {"layout": "folder", "date": datetime.date(2026, 1, 1), "patient_right": right}
    run("import_radiographs", folder, **options)
    shot = Acquisition.objects.get()
    assert (shot.display_flip, shot.side_confirmed) == (flip, confirmed)
    assert Subject.objects.get().pseudonym == "S1"


def test_a_bad_file_is_named_and_the_others_come(project: Project, tmp_path: Path) -> None:
    folder = write(tmp_path / "in", {"S1/a.png": film(), "S2/b.png": b"nonsense" * 40, "S3/c.png": b""})
    with pytest.raises(CommandError, match="1 imported, 0 already there, 2 refused"):
        run("import_radiographs", folder, layout="folder", date=datetime.date(2026, 1, 1))
    assert Image.objects.count() == 1


def test_study_folders_come_with_everything_they_say(project: Project, tmp_path: Path) -> None:
    points = [{"name": "C7", "x": 48.0, "y": 5.0, "state": "placed"}]
    labels = {
        "subject": {"pseudonym": "P-1", "sex": "M", "age_years": 13.0},
        "visit_date": "2026-02-01",
        "landmarks": {"colour": {"back6": {"points": points}}, "depth": {"back6": {"points": points}}},
        "radiograph": {"spacing_mm": [0.3, 0.3], "calibration": "calibrated", "direction": "PA"},
    }
    files = {
        **back_folder("P-1"),
        "P-1/radiograph.png": film(),
        "P-1/labels.json": json.dumps(labels).encode(),
    }
    assert "2 imported" in run("import_studies", write(tmp_path / "in", files))
    study = Study.objects.get()
    assert study.has_rgbd
    assert study.has_radiograph
    assert study.label_state == "partial"
    assert LandmarkSet.objects.get().image.kind == "colour"
    assert "0 imported, 2 already there" in run("import_studies", tmp_path / "in")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"project": "Nothing"}, "There is no project"),
        ({"user": "nobody"}, "no active user"),
        ({"layout": "folder"}, "--date"),
        ({"layout": "aasce"}, "filenames.csv"),
    ],
)
def test_what_is_missing_is_said_before_anything_happens(
    project: Project, tmp_path: Path, options: dict[str, Any], says: str
) -> None:
    folder = write(tmp_path / "in", {"a.png": film()})
    settings = {"project": "Films", "layout": "dicom", **options}
    with pytest.raises(CommandError, match=says):
        call_command("import_radiographs", str(folder), stdout=io.StringIO(), **settings)
    assert not Import.objects.exists()


def test_who_may_not_import_cannot_by_command_either(project: Project, make: Factory, tmp_path: Path) -> None:
    make.member(project, "doctor", make.user("reader"))
    folder = write(tmp_path / "in", {"a.png": film()})
    with pytest.raises(CommandError, match="may not import"):
        run("import_radiographs", folder, layout="dicom", user="reader")
