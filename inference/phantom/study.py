"""One study on disk: pictures, calibration, labels and truth, written as a whole or not at all."""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.phantom.body import Body, build_body
from inference.phantom.design import StudyDesign, draw_study
from inference.phantom.dx import dicom_bytes
from inference.phantom.labels import labels_json, truth_json
from inference.phantom.morphometry import Floats
from inference.phantom.options import Options
from inference.phantom.radiograph import develop, exposure, quantised
from inference.phantom.recording import write_burst
from inference.phantom.shoot import Scene, furnished
from inference.phantom.thickness import skin_maps

JPEG_QUALITY: Final = 92
PNG_EFFORT: Final = 3
MAP_STEP_MM: Final = 0.1


@dataclass(frozen=True)
class Pictures:
    """colour (h, w, 3) BGR; depth (576, 640) uint16 mm; radiograph (h, w) grey 0..1; skin_thickness_mm and
    skin_distance_mm (h / 2, w / 2) on the film's grid, see `thickness.skin_maps`; labels and truth."""

    colour: NDArray[np.uint8]
    depth: NDArray[np.uint16]
    radiograph: Floats
    skin_thickness_mm: Floats
    skin_distance_mm: Floats
    labels: dict[str, Any]
    truth: dict[str, Any]


def folder_name(index: int) -> str:
    """phantom-0001 for the first study."""
    return f"phantom-{index + 1:04d}"


def take_pictures(body: Body, options: Options) -> Pictures:
    """Let every sensor look at one body."""
    return _pictures(body, furnished(body), options)


def write_study(out: Path, seed: int, index: int, options: Options) -> bool:
    """Write study ``index`` under ``out``; False when it is there already. OSError when the disk refuses."""
    final = out / folder_name(index)
    if final.exists():
        return False
    body = build_body(draw_study(seed, index, options))
    scene = furnished(body)
    pictures = _pictures(body, scene, options)
    partial = out / f".{final.name}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.mkdir(parents=True)
        _write_back(partial, body, scene, pictures, options)
        _write_film(partial, body.design, pictures, options)
        _json(partial / "labels.json", pictures.labels)
        _json(partial / "truth.json", pictures.truth)
        partial.rename(final)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return True


def _pictures(body: Body, scene: Scene, options: Options) -> Pictures:
    design = body.design
    by_depth, by_colour = scene.seen()
    soft, gas = body.soft_parts()
    integral = exposure(soft, gas, body.bones(), design.film, design.stream("bone"))
    thickness, distance = skin_maps(body.coarse_skin(), design.film)
    return Pictures(
        colour=scene.colour(by_colour, design.stream("colour")),
        depth=scene.depth(by_depth, design.stream("depth")),
        radiograph=develop(integral, design.film, design.machine, design.stream("exposure").spawn(1)[0]),
        skin_thickness_mm=thickness,
        skin_distance_mm=distance,
        labels=labels_json(body, by_depth, by_colour),
        truth=truth_json(body, options),
    )


def _write_back(folder: Path, body: Body, scene: Scene, pictures: Pictures, options: Options) -> None:
    """Colour, depth and cameras: as two pictures, or as the recording of a burst."""
    if options.mkv:
        with (folder / "recording.mkv").open("xb") as file:
            pictures.truth["burst"] = write_burst(file, body.design, scene, JPEG_QUALITY)
            file.flush()
            os.fsync(file.fileno())
        return
    _encode(folder / "colour.jpg", pictures.colour, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    _encode(folder / "depth.png", pictures.depth, [cv2.IMWRITE_PNG_COMPRESSION, PNG_EFFORT])
    _json(folder / "camera.json", body.design.calibration.to_dict())


def _write_film(folder: Path, design: StudyDesign, pictures: Pictures, options: Options) -> None:
    if options.film == "dicom":
        _store(folder / "radiograph.dcm", dicom_bytes(design, pictures.radiograph))
    else:
        wide = options.film == "png16"
        image = quantised(pictures.radiograph, 16) if wide else quantised(pictures.radiograph, 8)
        picture = image if wide else image.astype(np.uint8)
        _encode(folder / "radiograph.png", picture, [cv2.IMWRITE_PNG_COMPRESSION, PNG_EFFORT])
    for name, mm in (
        ("skin_thickness", pictures.skin_thickness_mm),
        ("skin_distance", pictures.skin_distance_mm),
    ):
        tenths = np.rint(mm / MAP_STEP_MM).astype(np.uint16)
        _encode(folder / f"{name}.png", tenths, [cv2.IMWRITE_PNG_COMPRESSION, PNG_EFFORT])


def _encode(path: Path, image: NDArray[Any], options: list[int]) -> None:
    good, data = cv2.imencode(path.suffix, image, options)
    if not good:
        raise OSError(f"OpenCV could not encode {path.name}")
    _store(path, data.tobytes())


def _json(path: Path, content: dict[str, Any]) -> None:
    _store(path, json.dumps(content, indent=1).encode() + b"\n")


def _store(path: Path, content: bytes) -> None:
    """Write a file to the disk itself: a folder under its final name holds whole files even after a crash."""
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
