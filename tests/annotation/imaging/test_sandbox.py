"""Inspection in a child: what comes out of each kind of file, and that no file hurts anybody but itself."""

import json
import os
import random
import resource
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydicom.uid import DeflatedExplicitVRLittleEndian

from annotation.imaging import sandbox
from annotation.imaging.depth import decode_npy
from annotation.imaging.sandbox import (
    CRASHED,
    InspectionJob,
    InspectionResult,
    SandboxError,
    run_inspection,
    run_inspections,
)
from capture_agent.k4a.calibration import parse_calibration
from tests.annotation.imaging.films import GDCM_SYNTAXES, compressed, film, gradient, to_bytes, with_jpeg
from tests.annotation.imaging.fixtures import KINECT, ROOT, depth_png, shared
from tests.annotation.imaging.recordings import recording
from tests.annotation.imaging.test_radiograph import encoded, png

OPTIONS: dict[str, Any] = {"date_shift_days": -30, "uid_key": "ab" * 16, "pseudonym": "S-1"}
TORSO_MM = depth_png("synth_torso_depth.png")
CALIBRATION = KINECT / "synth_calibration.json"


def inspect(tmp_path: Path, content: bytes, name: str = "upload", **options: Any) -> InspectionResult:
    path = tmp_path / name
    path.write_bytes(content)
    return run_inspection(path, tmp_path / "out", {**OPTIONS, **options})


def colour_jpeg() -> bytes:
    return encoded(Image.new("RGB", (1280, 720), (90, 120, 150)), "JPEG")


def roles(result: InspectionResult) -> list[str]:
    assert result.error == ""
    for file in result.files:
        assert file.path.stat().st_size == file.bytes
    return [file.role for file in result.files]


def test_a_dicom_film_gives_a_clean_copy_pixels_view_and_thumbnail(tmp_path: Path) -> None:
    attributes = {
        "PatientName": "Canary^Bird",
        "PixelSpacing": [0.2, 0.1],
        "PixelSpacingCalibrationType": "FIDUCIAL",
    }
    result = inspect(tmp_path, to_bytes(film(gradient(12), 12, **attributes)), StudyDate=None)
    assert result.kind == "dicom_radiograph"
    assert roles(result) == ["source", "pixels", "view", "thumbnail"]
    assert result.found["spacing_mm"] == {"x": 0.1, "y": 0.2}
    assert result.found["calibration"] == "calibrated"
    pixels = result.file("pixels")
    assert pixels is not None
    assert (pixels.width, pixels.height, pixels.bit_depth) == (44, 60, 12)
    np.testing.assert_array_equal(np.asarray(Image.open(pixels.path)), gradient(12))
    for path in (tmp_path / "out").iterdir():
        assert b"Canary" not in path.read_bytes()


def test_a_dicom_film_without_a_key_is_refused(tmp_path: Path) -> None:
    assert "UID key" in inspect(tmp_path, to_bytes(film(gradient(8), 8)), uid_key="").error
    assert not (tmp_path / "out").exists()


def test_pictures_are_told_apart_by_content_and_by_what_the_person_says(tmp_path: Path) -> None:
    gray = encoded(Image.fromarray(gradient(8)), "JPEG")
    found = inspect(tmp_path, gray, "film.dcm")
    assert (found.kind, roles(found)) == ("raster", ["pixels", "thumbnail"])
    deep = inspect(tmp_path, encoded(Image.fromarray(gradient(16)), "PNG"), "film.mkv")
    assert (deep.kind, roles(deep)) == ("raster", ["pixels", "view", "thumbnail"])
    depth = (KINECT / "synth_torso_depth.png").read_bytes()
    assert inspect(tmp_path, depth).kind == "depth16"
    assert inspect(tmp_path, depth, **{"as": "radiograph"}).kind == "raster"
    assert "16 bits" in inspect(tmp_path, gray, **{"as": "depth"}).error
    colour = inspect(tmp_path, colour_jpeg())
    assert [file.channels for file in colour.files] == [3, 3]
    assert inspect(tmp_path, colour_jpeg(), **{"as": "radiograph"}).found["warnings"]


def test_a_recording_gives_colour_depth_and_depth_in_colour(tmp_path: Path) -> None:
    content = recording([(colour_jpeg(), TORSO_MM)] * 3)
    result = inspect(tmp_path, content)
    assert result.kind == "k4a_mkv"
    maps = [
        f"{role}{form}"
        for role in ("depth", "depth_in_colour")
        for form in ("", "_npy_gz", "_view", "_thumbnail")
    ]
    names = ["colour", "thumbnail", *maps, "noise", "calibration"]
    assert roles(result) == names
    depth, registered = result.file("depth"), result.file("depth_in_colour_npy_gz")
    assert depth is not None
    assert registered is not None
    np.testing.assert_array_equal(np.asarray(Image.open(depth.path)), TORSO_MM)
    expected = depth_png("synth_torso_depth_in_color_720P_sdk.png")
    assert (decode_npy(registered.path.read_bytes()) == expected)[expected > 0].mean() > 0.999
    assert result.found["burst_frames"] == 3
    assert result.found["noise_median_mm"] == 0.0
    assert result.found["sway_mm"] == 0.0


def test_the_real_recording_and_films_pass(tmp_path: Path) -> None:
    paths = [shared("kinect/recording.mkv"), shared("dicom/RG1_J2KI.dcm"), shared("dicom/RG3_J2KR.dcm")]
    jobs = [InspectionJob(path, tmp_path / str(i), OPTIONS) for i, path in enumerate(paths)]
    for _, result in run_inspections(jobs):
        assert result.error == ""


def test_a_pair_is_registered_or_taken_as_it_is(tmp_path: Path) -> None:
    depth = KINECT / "synth_torso_depth.png"
    pair = run_inspection(depth, tmp_path / "a", {"colour_size": [1280, 720]}, camera=CALIBRATION)
    registered = pair.file("depth_in_colour")
    assert registered is not None
    expected = depth_png("synth_torso_depth_in_color_720P_sdk.png")
    assert (np.asarray(Image.open(registered.path)) == expected).mean() > 0.999
    calibration = parse_calibration(CALIBRATION.read_bytes(), "NFOV_UNBINNED", "720P")
    own = tmp_path / "own.json"
    own.write_text(json.dumps(calibration.to_dict()))
    again = run_inspection(depth, tmp_path / "b", {"colour_size": [1280, 720]}, camera=own).file(
        "depth_in_colour"
    )
    assert again is not None
    assert again.path.read_bytes() == registered.path.read_bytes()
    own.write_text(json.dumps(calibration.depth.to_dict()))
    same = run_inspection(depth, tmp_path / "c", {"colour_size": [640, 576]}, camera=own)
    assert same.found["already_registered"]
    wrong = run_inspection(depth, tmp_path / "d", {"colour_size": [1280, 720]}, camera=own)
    assert "must describe both" in wrong.error
    scaled = run_inspection(
        depth, tmp_path / "e", {"colour_size": [640, 576], "depth_unit_mm": 0.5}, camera=own
    )
    halved = scaled.file("depth")
    assert halved is not None
    assert np.asarray(Image.open(halved.path)).max() == round(TORSO_MM.max() / 2)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"\0" * 5000, "neither a picture"),
        (b"%PDF-1.7 ...", "PDF"),
        (b"PK\x03\x04" + b"\0" * 300, "ZIP"),
        (b"\0\0\0\x18ftypheic" + b"\0" * 300, "HEIC"),
        (b"{}", "describes no camera"),
        (b"{" * 100_000, "not valid JSON"),
        (b"a,b\n1,2,3\n", "same number of columns"),
        (png(30_000, 30_000, 8, 0, b"\0" * 900_000), "more pixels"),
    ],
)
def test_other_files_are_named_and_refused(tmp_path: Path, content: bytes, said: str) -> None:
    result = inspect(tmp_path, content)
    assert said in result.error
    assert result.error.endswith(".")
    assert result.files == ()
    assert not (tmp_path / "out").exists()


def test_tables_and_cameras_are_recognised(tmp_path: Path) -> None:
    table = inspect(tmp_path, b"0.1,0.2\n0.3,0.4\n")
    assert (table.kind, table.found["rows"], table.found["columns"]) == ("landmarks_csv", 2, 2)
    assert inspect(tmp_path, CALIBRATION.read_bytes()).found["describes"] == "device"
    plain = {"width": 64, "height": 48, "fx": 50, "fy": 50, "cx": 31.5, "cy": 23.5}
    camera = inspect(tmp_path, json.dumps(plain).encode())
    assert any("pixel_origin" in warning for warning in camera.found["warnings"])


def test_a_decoder_that_needs_too_much_memory_is_refused(tmp_path: Path) -> None:
    side = 7900
    path = tmp_path / "large.png"
    path.write_bytes(png(side, side, 16, 0, (b"\0" + b"\0\x09" * side) * side))
    result = run_inspection(path, tmp_path / "out", OPTIONS, memory_bytes=300 << 20)
    assert "memory" in result.error
    assert not (tmp_path / "out").exists()


def test_a_deflated_bomb_leaves_the_parent_alone(tmp_path: Path) -> None:
    whole = to_bytes(film(gradient(8), 8), DeflatedExplicitVRLittleEndian)
    meta_end = 132 + 12 + struct.unpack("<I", whole[140:144])[0]
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    bomb = b"".join([packer.compress(b"\0" * (1 << 20)) for _ in range(300)]) + packer.flush()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert "inflates to more" in inspect(tmp_path, whole[:meta_end] + bomb).error
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 << 10


FAULTS = {
    "hang": ("import time; time.sleep(60)", "too long"),
    "spin": ("while True: pass", "too long"),
    "crash": ("import os; os.abort()", "reader fail"),
    "killed": ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "memory"),
    "exit": ("import os; os._exit(0)", "reader fail"),
    "greedy": ("bytearray(1 << 40)", "memory"),
    "disk": ("open(folder / 'x', 'wb').truncate(1 << 40)", "more than may be stored"),
    "chatter": ("print('{}')", ""),
    "wide": ("raise KeyError('x')", "make no sense"),
    "deep": ("def f(): f()\n    f()", "too deeply"),
}


STAND_IN = """
import importlib.util, sys
from pathlib import Path
sys.path[0] = {root!r}
spec = importlib.util.spec_from_file_location("real", {root!r} + "/annotation/imaging/inspect.py")
real = importlib.util.module_from_spec(spec)
spec.loader.exec_module(real)
original = real.inspect_file
def faulty(path, folder, options, camera=None):
  word = path.read_text() if path.stat().st_size < 20 else ""
{faults}
  (folder / "half-written").write_text("x")
  original(path, folder, options, camera)
real.inspect_file = faulty
sys.exit(real.main())
"""


@pytest.fixture
def faulty_child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in program in which a text file that names a fault commits it."""
    package = tmp_path / "program" / "annotation" / "imaging"
    package.mkdir(parents=True)
    codes = {**{name: code for name, (code, _) in FAULTS.items()}, "full": "raise OSError(28, 'full')"}
    faults = "".join(f"  if word == {name!r}:\n    {code}\n" for name, code in codes.items())
    (package / "inspect.py").write_text(STAND_IN.format(root=str(ROOT), faults=faults))
    (package.parent / "__init__.py").write_text("")
    (package / "__init__.py").write_text(f"__path__.append({str(ROOT / 'annotation/imaging')!r})\n")
    monkeypatch.setattr(sandbox, "ROOT", tmp_path / "program")
    return tmp_path


def test_each_fault_is_one_sentence_and_the_other_files_go_on(faulty_child: Path) -> None:
    jobs = []
    good = encoded(Image.fromarray(gradient(8)), "PNG")
    for name in FAULTS:
        for kind, content in ((name, name.encode()), ("good", good)):
            path = faulty_child / f"{name}-{kind}"
            path.write_bytes(content)
            jobs.append(InspectionJob(path, faulty_child / f"out-{name}-{kind}"))
    results = {job.path.name: (job, result) for job, result in run_inspections(jobs, wall_s=2.0)}
    assert len(results) == 2 * len(FAULTS)
    for name, (_, said) in FAULTS.items():
        job, result = results[f"{name}-{name}"]
        assert said in result.error, (name, result.error)
        assert result.error.endswith(".") == bool(said), name
        assert job.out_dir.exists() == (not said)
        assert results[f"{name}-good"][1].error == "", name


def test_a_full_disk_is_no_fault_of_the_file(faulty_child: Path) -> None:
    path, folder = faulty_child / "full", faulty_child / "out"
    path.write_text("full")
    with pytest.raises(OSError, match="No space left"):
        run_inspection(path, folder)
    assert not folder.exists()


def test_a_program_that_does_not_start_is_no_fault_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(SandboxError):
        inspect(tmp_path, b"a,b\n")


def test_the_child_sees_no_secret_and_leaves_none_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPINEWEB_SECRET_KEY", "canary")
    assert "canary" not in sandbox._environment().values()
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")
    before = children.read_text()
    results = run_inspections([InspectionJob(CALIBRATION, tmp_path / str(i)) for i in range(3)])
    next(results)
    assert children.read_text() != before
    results.close()
    assert children.read_text() == before


def test_the_command_line_does_the_same(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    command = [sys.executable, "-m", "annotation.imaging.inspect"]
    good = subprocess.run([*command, str(CALIBRATION), str(tmp_path / "out")], cwd=ROOT, check=False)
    assert good.returncode == 0
    assert json.loads((tmp_path / "out" / "result.json").read_text())["kind"] == "camera_json"
    depth = str(KINECT / "synth_torso_depth.png")
    options = ["--options", '{"colour_size": [1280, 720]}']
    pair = [*command, "--pair", depth, str(CALIBRATION), str(tmp_path / "out"), *options]
    assert subprocess.run(pair, cwd=ROOT, check=False).returncode == 0
    empty = tmp_path / "empty"
    empty.write_bytes(b"")
    assert (
        subprocess.run([*command, str(empty), str(tmp_path / "out")], cwd=ROOT, check=False).returncode == 1
    )


def seeds(tmp_path: Path) -> dict[str, Callable[[], bytes]]:
    """A small good file of each kind."""
    small = Image.fromarray(gradient(8))
    films = {
        name: lambda name=name: compressed(film(gradient(12), 12), name, tmp_path) for name in GDCM_SYNTAXES
    }
    return {
        "png": lambda: encoded(small, "PNG"),
        "png 16": lambda: encoded(Image.fromarray(gradient(16)), "PNG"),
        "jpeg": lambda: encoded(small, "JPEG"),
        "jpeg colour": lambda: encoded(small.convert("RGB"), "JPEG", progressive=True),
        "tiff": lambda: encoded(small, "TIFF"),
        "tiff packed": lambda: encoded(Image.fromarray(gradient(16)), "TIFF", compression="tiff_lzw"),
        "dicom": lambda: to_bytes(film(gradient(12), 12, WindowCenter=2000, WindowWidth=4000)),
        "dicom deflated": lambda: to_bytes(film(gradient(12), 12), DeflatedExplicitVRLittleEndian),
        "dicom jpeg": lambda: with_jpeg(film(gradient(8), 8)),
        **films,
        "recording": lambda: recording([(colour_jpeg(), TORSO_MM)]),
        "camera": CALIBRATION.read_bytes,
    }


def mutated(whole: bytes, chance: random.Random) -> bytes:
    """Cut, flip, blank, repeat or overwrite with a huge length, mostly near the beginning where the claims
    are.
    """
    broken = bytearray(whole)
    reach = len(broken) if chance.random() < 0.5 else min(len(broken), 400)
    at = chance.randrange(reach)
    match chance.randrange(5):
        case 0:
            del broken[at:]
        case 1:
            for _ in range(chance.randint(1, 12)):
                broken[chance.randrange(reach)] ^= 1 << chance.randrange(8)
        case 2:
            broken[at : at + chance.randint(1, 64)] = b""
        case 3:
            broken[at : at + 4] = chance.choice(
                [b"\xff\xff\xff\x7f", b"\x7f\xff\xff\xff", b"\xff" * 4, b"\0" * 4]
            )
        case 4:
            broken[at:at] = broken[at : at + chance.randint(1, 300)]
    return bytes(broken)


def test_hundreds_of_broken_files_of_each_kind_end_in_a_result_or_one_sentence(tmp_path: Path) -> None:
    chance = random.Random(20)
    jobs = []
    for kind, make in seeds(tmp_path).items():
        whole = make()
        for turn in range(30 if kind == "recording" else 100):
            path = tmp_path / f"{kind} {turn}"
            path.write_bytes(mutated(whole, chance))
            jobs.append(InspectionJob(path, tmp_path / f"out {kind} {turn}", OPTIONS))
    refused: dict[str, int] = {}
    for job, result in run_inspections(jobs, wall_s=10.0, memory_bytes=1 << 30):
        if result.error:
            assert result.error.endswith("."), result.error
            assert not job.out_dir.exists()
            refused[result.error] = refused.get(result.error, 0) + 1
        else:
            assert result.files or result.kind in ("camera_json", "landmarks_csv")
    assert sum(refused.values()) > len(jobs) // 4
    assert refused.get(CRASHED, 0) < len(jobs) // 100, refused
