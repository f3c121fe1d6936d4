"""From what was found and what the person answered to what will be stored: one shot and its pictures."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from annotation.actions import labelfiles
from annotation.actions.errors import Unreadable
from annotation.actions.found import IMAGE_LEFT, Derived, side_marker
from annotation.actions.labelfiles import Labels, Points
from annotation.models import ImportItem
from annotation.models.images import AcquisitionKind, Calibration, Frame, ImageKind

RECORDING = "video/x-matroska"


@dataclass(frozen=True)
class LocalFile:
    """A file that waits in an import's folder."""

    path: Path
    media_type: str


@dataclass
class Picture:
    """One image to be. `registered`: its pixel grid is the colour picture's."""

    kind: str
    frame: str
    width: int
    height: int
    bit_depth: int
    pixels: LocalFile
    view: LocalFile
    thumbnail: LocalFile
    depth_npy: LocalFile | None = None
    registered: bool = False
    spacing_mm: tuple[float, float] | None = None
    calibration: str = Calibration.NONE
    camera: dict[str, Any] | None = None
    landmarks: dict[str, Points] = field(default_factory=dict)


@dataclass
class Shot:
    """One acquisition to be."""

    kind: str
    pictures: list[Picture]
    direction: str = ""
    display_flip: bool = False
    side_marker: str = ""
    side_confirmed: bool = False
    device: str = ""
    source: LocalFile | None = None
    source_name: str = ""
    noise: LocalFile | None = None
    details: dict[str, Any] = field(default_factory=dict)


def shot_of(
    item: ImportItem, *, direction: str, side: str, labels: Labels, shares: list[float] | None
) -> Shot:
    """The shot an inspected item makes with the person's answers.

    side: where the person sees the patient's right ("image_left", "image_right", "unknown"; "" leaves it to
    the file). shares: AASCE landmarks of the film, if there are any.
    """
    files = {role: Derived(**file) for role, file in item.found["files"].items()}
    shot = _radiograph(item, files) if item.kind in {"dicom", "radiograph"} else _rgbd(item, files)
    shot.device = str(item.found["says"].get("device") or "")[:160]
    shot.details = _details(item)
    if shot.kind == AcquisitionKind.RADIOGRAPH:
        shot.direction = direction or item.found["direction"]
        _set_side(shot, item, side)
        film = shot.pictures[0]
        film.landmarks = dict(labels.landmarks.get("radiograph", {}))
        if shares is not None:
            film.landmarks["vertebrae68"] = labelfiles.aasce_points(shares, film.width, film.height)
    else:
        shot.pictures[0].landmarks = dict(labels.landmarks.get("colour", {}))
    return shot


def _radiograph(item: ImportItem, files: dict[str, Derived]) -> Shot:
    pixels = files["pixels"]
    spacing = item.found["spacing_mm"]
    film = Picture(
        kind=ImageKind.RADIOGRAPH,
        frame=Frame.RADIOGRAPH,
        width=pixels.width,
        height=pixels.height,
        bit_depth=pixels.bit_depth,
        pixels=_local(item.batch.folder, pixels),
        view=_local(item.batch.folder, files.get("view", pixels)),
        thumbnail=_local(item.batch.folder, files["thumbnail"]),
        spacing_mm=(spacing[0], spacing[1]) if spacing else None,
        calibration=item.found["calibration"] if spacing else Calibration.NONE,
    )
    dicom = item.kind == "dicom"
    return Shot(
        kind=AcquisitionKind.RADIOGRAPH,
        pictures=[film],
        side_marker=side_marker(item.found["says"]),
        source=_local(item.batch.folder, files["source"]) if dicom else None,
        # The name of a DICOM file often holds the patient's.
        source_name=f"{item.sha256[:12]}.dcm" if dicom else item.name[-255:],
    )


def _rgbd(item: ImportItem, files: dict[str, Derived]) -> Shot:
    source = LocalFile(item.path, RECORDING) if item.kind == "kinect" else None
    return rgbd_shot(item.batch.folder, files, source=source, source_name=item.name[-255:])


def rgbd_shot(folder: Path, files: dict[str, Derived], *, source: LocalFile | None, source_name: str) -> Shot:
    """The shot of a colour picture and its depth. files: by role, below `folder`. source: the recording."""
    calibration = labelfiles.read_json(_local(folder, files["calibration"]).path, "calibration")
    # A depth map that came registered has only the colour camera.
    both = "colour" in calibration and "depth" in calibration
    colour, camera = files["colour"], calibration["colour"] if both else calibration
    pictures = [
        Picture(
            kind=ImageKind.COLOUR,
            frame=Frame.COLOUR,
            width=colour.width,
            height=colour.height,
            bit_depth=8,
            pixels=_local(folder, colour),
            view=_local(folder, colour),
            thumbnail=_local(folder, files["thumbnail"]),
            camera=camera,
        ),
        _depth(folder, files, "depth_in_colour", Frame.COLOUR, camera),
    ]
    if both:
        raw = {**calibration["depth"], "colour_from_depth": calibration["colour_from_depth"]}
        pictures.append(_depth(folder, files, "depth", Frame.DEPTH, raw))
    return Shot(
        kind=AcquisitionKind.RGBD,
        pictures=pictures,
        # A camera does not mirror: the back's right is at image right.
        side_confirmed=True,
        source=source,
        source_name=source_name,
        noise=_local(folder, files["noise"]) if "noise" in files else None,
    )


def _depth(folder: Path, files: dict[str, Derived], role: str, frame: str, camera: dict[str, Any]) -> Picture:
    pixels = files[role]
    return Picture(
        kind=ImageKind.DEPTH,
        frame=frame,
        width=pixels.width,
        height=pixels.height,
        bit_depth=16,
        pixels=_local(folder, pixels),
        view=_local(folder, files[f"{role}_view"]),
        thumbnail=_local(folder, files[f"{role}_thumbnail"]),
        depth_npy=_local(folder, files[f"{role}_npy_gz"]),
        registered=frame == Frame.COLOUR,
        camera=camera,
    )


def _set_side(shot: Shot, item: ImportItem, side: str) -> None:
    """The person's word before the file's; an unknown side is shown as stored, and stays to be confirmed."""
    if side == "unknown":
        shot.display_flip, shot.side_confirmed = False, False
        return
    shot.display_flip = (side or item.found["side"]) == IMAGE_LEFT
    shot.side_confirmed = bool(side) or bool(item.found["side_certain"])


def _details(item: ImportItem) -> dict[str, Any]:
    """What is worth keeping of the file's own words; the child has taken the person out of them."""
    says = {name: value for name, value in item.found["says"].items() if name not in {"warnings", "device"}}
    return {**says, "notes": item.found["notes"], "original_sha256": item.sha256}


def _local(folder: Path, file: Derived) -> LocalFile:
    path = folder / file.path
    if not path.is_file():
        raise Unreadable("The looked-at copy of this file is gone; remove it and send it again.")
    return LocalFile(path, file.media_type)
