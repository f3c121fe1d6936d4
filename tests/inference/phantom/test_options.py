"""What the options change: AP films, DICOM, anomalies, 1080p, the bias of bare skin, recordings."""

import io
from pathlib import Path

import cv2
import numpy as np
import pydicom
import pytest

from annotation.imaging.acquisition import describe
from annotation.imaging.deidentify import Deidentification, deidentify
from annotation.imaging.depth import burst_mean
from annotation.imaging.dicom import decode_pixels, read_dicom
from annotation.spine.cobb import find_curves
from capture_agent.k4a.calibration import COLOUR_MODES, DEPTH_MODES, parse_calibration
from capture_agent.k4a.reading import read_recording
from inference.phantom import study
from inference.phantom.anomaly import instrumented
from inference.phantom.body import build_body
from inference.phantom.curves import designed_curves
from inference.phantom.design import StudyDesign, draw_study
from inference.phantom.dx import dicom_bytes
from inference.phantom.kinect import draw_calibration
from inference.phantom.labels import labels_json
from inference.phantom.morphometry import LABELLED
from inference.phantom.options import CHOICES, Options
from inference.phantom.radiograph import exposure, quantised
from inference.phantom.recording import device_json, sway_mm
from inference.phantom.shoot import furnished
from inference.phantom.spine import build


def _integral(design: StudyDesign) -> np.ndarray:
    body = build_body(design)
    soft, gas = body.soft_parts()
    return exposure(soft, gas, body.bones(), design.film, design.stream("bone"))


def _corners(labels: dict[str, object], schema: str, count: int) -> np.ndarray:
    points = labels["landmarks"]["radiograph"][schema]["points"]  # type: ignore[index]
    return np.array([[p["x"], p["y"]] for p in points]).reshape(count, 4, 2)


@pytest.mark.parametrize("name", CHOICES)
def test_an_unknown_choice_is_refused_by_its_name(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} must be one of"):
        Options(**{name: "other"})  # type: ignore[arg-type]


def test_an_ap_film_is_the_view_from_the_front() -> None:
    """Same curves, the patient's right at image left, corners named by the image's sides."""
    for index in range(3):
        design = draw_study(6, index, Options(direction="AP"))
        assert design.film.turned
        body = build_body(design)
        seen = furnished(body).seen()
        labels = labels_json(body, *seen)
        assert labels["radiograph"]["direction"] == "AP"
        assert labels["radiograph"]["patient_right_at_image_right"] is False
        corners = _corners(labels, "vertebrae68", 17)
        assert (corners[:, 1, 0] > corners[:, 0, 0]).all()
        wanted = designed_curves(design.spine.plan)
        found = find_curves(corners, LABELLED[1:], patient_right_at_image_right=False)
        assert len(found) == len(wanted)
        for read, drawn in zip(found, wanted, strict=True):
            # C7 is not among these corners.
            if drawn.upper_end != "C7":
                assert read.angle_deg == pytest.approx(drawn.cobb_deg, abs=0.5)


def test_the_heart_changes_its_side_with_the_direction() -> None:
    """A wrong turn of the beam would leave the heart where it was."""
    sides = {}
    for direction in ("PA", "AP"):
        design = draw_study(6, 3, Options("none", direction=direction))
        through = _integral(design)
        x, y = design.film.project(np.array([0.0, -230.0 * design.build.scale, 0.0]))
        reach = int(70 * design.build.scale / design.film.spacing_mm)
        row = slice(int(y) - 40, int(y) + 40)
        left, right = through[row, int(x) - reach : int(x)], through[row, int(x) : int(x) + reach]
        sides[direction] = left.mean() - right.mean()
    assert sides["PA"] > 0.1
    assert sides["AP"] < -0.1


@pytest.mark.parametrize("direction", ["PA", "AP"])
def test_a_dicom_film_is_read_as_what_it_is(direction: str) -> None:
    kinds = set()
    for index in range(10):
        design = draw_study(12, index, Options(film="dicom", direction=direction))
        film, grey = design.film, np.random.default_rng(index).random((40, 30))
        dataset = read_dicom(dicom_bytes(design, grey))
        pixels = decode_pixels(dataset)
        assert np.array_equal(pixels.bone_bright(), quantised(grey, design.machine.bits))
        taken = describe(dataset, 0)
        assert taken.direction == direction
        assert taken.from_behind is (direction == "PA")
        assert taken.spacing.kind == "calibrated"
        assert taken.spacing.x_mm == pytest.approx(film.spacing_mm / film.magnification, abs=1e-5)
        kinds.add((pixels.bits, pixels.inverted))
    assert len({bits for bits, _ in kinds}) > 1
    assert {inverted for _, inverted in kinds} == {True, False}


def test_nothing_of_the_person_is_left_in_a_dicom_film() -> None:
    design = draw_study(12, 0, Options(film="dicom"))
    content = dicom_bytes(design, np.zeros((8, 8)))
    dataset = read_dicom(content)
    clean, _ = deidentify(dataset, decode_pixels(dataset), Deidentification(30, b"k" * 16, "P-1"))
    found = pydicom.dcmread(io.BytesIO(clean))
    assert "Phantom^0001" in content.decode("latin-1")
    assert "Phantom^0001" not in clean.decode("latin-1")
    assert str(found.PatientName) == "P-1"
    assert found.StudyDate != dataset.StudyDate
    assert found.PixelSpacing == dataset.PixelSpacing


def test_films_have_the_depth_of_their_kind(tmp_path: Path) -> None:
    for kind in ("png16", "dicom"):
        study.write_study(tmp_path / kind, 4, 0, Options(film=kind))
    folder = tmp_path / "png16" / "phantom-0001"
    wide = np.asarray(cv2.imread(str(folder / "radiograph.png"), cv2.IMREAD_UNCHANGED))
    assert wide.dtype == np.uint16
    assert len(np.unique(wide)) > 4096
    thickness = np.asarray(cv2.imread(str(folder / "skin_thickness.png"), cv2.IMREAD_UNCHANGED))
    assert thickness.shape == (512, wide.shape[1] // 2)
    # A child's trunk is some 15 to 30 cm thick.
    assert 1300 < thickness.max() < 4500
    assert not (tmp_path / "dicom" / "phantom-0001" / "radiograph.png").exists()
    read_dicom((tmp_path / "dicom" / "phantom-0001" / "radiograph.dcm").read_bytes())


def test_each_anomaly_shows_on_the_film() -> None:
    plain = _integral(draw_study(8, 1, Options()))
    brace, rods, lung = (_integral(draw_study(8, 1, Options(anomaly=a))) for a in CHOICES["anomaly"][1:4])
    assert (rods - plain).max() > 1.5
    design = draw_study(8, 1, Options(anomaly="rods"))
    first, last = instrumented(design.spine.plan)
    centres = design.film.project(build(design.spine, design.film).centre[[first, last]])
    metal = np.flatnonzero(((rods - plain) > 0.3).sum(1) >= 2 * 4)
    # Every row from the first level to the last shows two rods, and little beyond them does.
    assert metal[0] < centres[0, 1] < centres[1, 1] < metal[-1]
    assert np.diff(metal).max() == 1
    level_px = (centres[1, 1] - centres[0, 1]) / (last - first)
    assert len(metal) < (last - first + 3) * level_px
    # A lung of some 12 cm filled with soft tissue.
    assert np.mean(lung - plain > 1.0) > 0.04
    shell = brace - plain
    assert 0.02 < np.median(shell[shell > 0.01]) < 0.6
    assert shell.min() > -1e-6


def test_bare_skin_reads_too_far_and_cloth_does_not() -> None:
    biased_body, body = (build_body(draw_study(5, 2, Options(skin_bias=b))) for b in (True, False))
    bias_mm = biased_body.design.skin_bias_mm
    assert 8 <= bias_mm <= 15
    scene = furnished(body)
    seen = scene.seen()[0]
    biased, true = (
        one.depth(seen, np.random.default_rng(1)).astype(float) for one in (furnished(biased_body), scene)
    )
    room = np.full(len(scene.mesh.vertices) - len(body.outside.material), 9.0)
    material = seen.nearest(scene.mesh.triangles, np.concatenate([body.outside.material, room]))
    both = (biased > 0) & (true > 0) & (seen.triangle >= 0)
    inner = cv2.erode((material == 0).astype(np.uint8), np.ones((9, 9))) > 0
    assert np.median((biased - true)[both & inner]) == pytest.approx(bias_mm, abs=0.6)
    assert np.median((biased - true)[both & (material == 2)]) == 0


def test_1080p_shows_the_same_landmarks_at_one_and_a_half() -> None:
    marks = {}
    for mode in ("720p", "1080p"):
        body = build_body(draw_study(5, 2, Options(colour=mode)))
        seen = furnished(body).seen()
        points = labels_json(body, *seen)["landmarks"]["colour"]["back6"]["points"]
        marks[mode] = np.array([[p["x"], p["y"]] for p in points])
        assert seen[1].depth.shape == {"720p": (720, 1280), "1080p": (1080, 1920)}[mode]
    assert marks["1080p"] == pytest.approx(1.5 * marks["720p"], abs=1e-2)


@pytest.mark.parametrize("mode", ["720p", "1080p"])
def test_the_device_calibration_reads_back_as_itself(mode: str) -> None:
    calibration = draw_calibration(np.random.default_rng(3), mode)
    text = device_json(calibration, DEPTH_MODES["NFOV_UNBINNED"], COLOUR_MODES[mode.upper()])
    back = parse_calibration(text, "NFOV_UNBINNED", mode.upper())
    for one, other in ((back.depth, calibration.depth), (back.colour, calibration.colour)):
        found, wanted = other.to_dict(), one.to_dict()
        assert found.pop("distortion") == pytest.approx(wanted.pop("distortion"))
        assert found == pytest.approx(wanted)
    assert np.allclose(back.rotation, calibration.rotation)
    assert np.allclose(back.translation_mm, calibration.translation_mm)


def test_the_recording_is_a_burst_of_a_child_that_sways(tmp_path: Path) -> None:
    study.write_study(tmp_path, 4, 0, Options(mkv=True))
    folder = tmp_path / "phantom-0001"
    assert not {"colour.jpg", "depth.png", "camera.json"} & {p.name for p in folder.iterdir()}
    recording = read_recording(folder / "recording.mkv")
    frames = list(recording.frames())
    assert len(frames) == 15
    times = [frame.depth_time_us or 0 for frame in frames]
    assert np.diff(times) == pytest.approx(1e6 / 15, abs=2)
    depths = [frame.depth_mm for frame in frames if frame.depth_mm is not None]
    body = build_body(draw_study(4, 0, Options()))
    still = furnished(body)
    alone = still.depth(still.seen()[0], body.design.stream("depth"))
    back = slice(250, 320), slice(290, 350)
    mean = burst_mean(depths).depth_mm().astype(float)
    assert abs(np.median(mean[back] - alone[back])) < 3.5
    noise = np.std(depths[0][back].astype(float) - alone[back])
    assert 0.7 < noise < 3.0


def test_sway_begins_at_rest_and_stays_small() -> None:
    for seed in range(200):
        away = sway_mm(np.random.default_rng(seed), 15)
        assert (away[0] == 0).all()
        assert np.abs(away).max() < 6.0
        assert np.abs(np.diff(away, axis=0)).max() < 0.6
