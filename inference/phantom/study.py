"""One study on disk: pictures, calibration, labels and truth, written as a whole or not at all."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.phantom.body import Body, build_body
from inference.phantom.design import StudyDesign, draw_study
from inference.phantom.kinect import depth_frame, see
from inference.phantom.labels import labels_json, truth_json
from inference.phantom.mesh import merged
from inference.phantom.photograph import photograph, room
from inference.phantom.radiograph import develop, exposure

JPEG_QUALITY: Final = 92
PNG_EFFORT: Final = 3


@dataclass(frozen=True)
class Pictures:
    """colour (720, 1280, 3) BGR, depth (576, 640) uint16 mm, radiograph (h, w) uint8; labels and truth."""

    colour: NDArray[np.uint8]
    depth: NDArray[np.uint16]
    radiograph: NDArray[np.uint8]
    labels: dict[str, Any]
    truth: dict[str, Any]


def folder_name(index: int) -> str:
    """phantom-0001 for the first study."""
    return f"phantom-{index + 1:04d}"


def take_pictures(body: Body) -> Pictures:
    """Let every sensor look at one body."""
    design = body.design
    room_rng = design.stream("room")
    scene = merged(
        [body.outside.whole, room(float(room_rng.uniform(900, 1600)), 0.57 * design.stature_mm, room_rng)]
    )
    points = design.stand.camera_from_body(scene.vertices)
    by_depth = see(design.calibration.depth, points, scene)
    by_colour = see(design.calibration.colour, design.calibration.colour_from_depth(points), scene)
    integral = exposure(body.soft_parts(), body.bones(), design.film, design.stream("bone"))
    return Pictures(
        colour=photograph(by_colour, body.outside, scene, design.look, design.stream("colour")),
        depth=depth_frame(by_depth, body.outside, scene, design.stream("depth")),
        radiograph=develop(integral, design.film, design.machine, design.stream("exposure").spawn(1)[0]),
        labels=labels_json(body, by_depth, by_colour),
        truth=truth_json(body),
    )


def write_study(out: Path, seed: int, index: int, severity: str) -> bool:
    """Write study ``index`` under ``out``; False when it is there already. OSError when the disk refuses."""
    final = out / folder_name(index)
    if final.exists():
        return False
    design = draw_study(seed, index, severity)
    pictures = take_pictures(build_body(design))
    partial = out / f".{final.name}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.mkdir(parents=True)
        _fill(partial, design, pictures)
        partial.rename(final)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return True


def _fill(folder: Path, design: StudyDesign, pictures: Pictures) -> None:
    _encode(folder / "colour.jpg", pictures.colour, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    _encode(folder / "depth.png", pictures.depth, [cv2.IMWRITE_PNG_COMPRESSION, PNG_EFFORT])
    _encode(folder / "radiograph.png", pictures.radiograph, [cv2.IMWRITE_PNG_COMPRESSION, PNG_EFFORT])
    _json(folder / "camera.json", design.calibration.to_dict())
    _json(folder / "labels.json", pictures.labels)
    _json(folder / "truth.json", pictures.truth)


def _encode(path: Path, image: NDArray[Any], options: list[int]) -> None:
    good, data = cv2.imencode(path.suffix, image, options)
    if not good:
        raise OSError(f"OpenCV could not encode {path.name}")
    path.write_bytes(data.tobytes())


def _json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
