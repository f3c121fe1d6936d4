"""What a look at one acquisition found: its derived files, what they say, and how the page shows it."""

from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from annotation.actions import labelfiles
from annotation.actions.errors import Unreadable
from annotation.actions.grouping import Unit
from annotation.actions.inspector import Inspector
from annotation.actions.labelfiles import Labels
from annotation.imaging.sandbox import InspectionResult
from annotation.models import ImportItem
from annotation.models.images import Calibration
from annotation.models.imports import ItemState

IMAGE_LEFT, IMAGE_RIGHT = "image_left", "image_right"
AASCE_SIDE_NOTE = (
    "In this data set the heart lies at image right, so the patient's right is taken to be at image left; "
    "look at the picture and confirm it."
)


@dataclass(frozen=True)
class Derived:
    """One file an inspection made, by its place in the import's folder."""

    path: str
    media_type: str
    width: int = 0
    height: int = 0
    bit_depth: int = 8


@dataclass
class Found:
    """Derived files by role; `says`: the child's report. `side`: where the patient's right is, if known."""

    kind: str
    title: str
    files: dict[str, Derived]
    says: dict[str, Any]
    side: str = ""
    side_certain: bool = False
    direction: str = ""
    spacing_mm: tuple[float, float] | None = None
    calibration: str = Calibration.NONE
    dated: bool = False
    notes: list[str] = field(default_factory=list)
    labels: Labels = field(default_factory=Labels)
    points: list[dict[str, Any]] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether the files themselves answer all that has to be asked."""
        named = bool(self.labels.pseudonym) and (self.dated or self.labels.visit_date is not None)
        return named and (self.side_certain or self.kind in {"kinect", "rgbd"})

    @property
    def picture(self) -> Derived:
        """The picture a person labels: the film, or the colour picture."""
        return self.files["colour" if "colour" in self.files else "pixels"]

    def to_json(self) -> dict[str, Any]:
        """What is kept on the item: for the page (`wire`), and for storing once confirmed."""
        return {
            "wire": self._wire(),
            "thumbnail": self.files["thumbnail"].path,
            "files": {role: asdict(file) for role, file in self.files.items()},
            "says": self.says,
            "side": self.side,
            "side_certain": self.side_certain,
            "direction": self.direction,
            "spacing_mm": self.spacing_mm,
            "calibration": self.calibration,
            "notes": self.notes,
        }

    def _wire(self) -> dict[str, Any]:
        removed = [
            word
            for line in self.says.get("deidentified", [])
            for word in line.get("keywords", [line["action"]])
        ]
        return {
            "title": self.title,
            "width": self.picture.width,
            "height": self.picture.height,
            "bit_depth": self.picture.bit_depth,
            "spacing_mm": list(self.spacing_mm) if self.spacing_mm else None,
            "calibration": self.calibration,
            "direction": self.direction,
            "side": self.side,
            "side_certain": self.side_certain,
            "side_marker": side_marker(self.says),
            "subject": self.labels.pseudonym,
            "sex": self.labels.sex,
            "visit_date": self.labels.visit_date.isoformat() if self.labels.visit_date else None,
            "dated": self.dated,
            "device": str(self.says.get("device") or ""),
            "removed": removed,
            "notes": self.notes,
            "points": self.points,
        }


def side_marker(says: dict[str, Any]) -> str:
    """L or R where the file names the side of what it shows."""
    marker = says.get("laterality")
    return marker if marker in {"L", "R"} else ""


def describe(unit: Unit, items: dict[str, ImportItem], inspector: Inspector, uid_key: str) -> Found:
    """Inspect one unit. Raises Unreadable with one sentence."""
    lead = items[unit.lead]
    found = _pair(unit, items, inspector) if unit.kind == "rgbd" else _single(lead, inspector, uid_key)
    found.labels = labels_for(unit, items, found.notes)
    _apply_labels(found, unit)
    return found


def labels_for(unit: Unit, items: dict[str, ImportItem], notes: list[str]) -> Labels:
    """What the files beside a unit say of it; a file that cannot be used is a note, not a refusal."""
    if unit.tables is not None:
        return labelfiles.read_aasce_name(PurePosixPath(unit.lead).name)
    if not unit.labels:
        return Labels()
    try:
        return labelfiles.read_labels(items[unit.labels].path)
    except Unreadable as error:
        notes.append(f"labels.json was left out: {error.detail}")
        return Labels()


def tables_of(unit: Unit, items: dict[str, ImportItem]) -> dict[str, list[float]]:
    """The AASCE tables beside a unit. Raises Unreadable."""
    if unit.tables is None:
        return {}
    return labelfiles.read_tables(items[unit.tables[0]].path, items[unit.tables[1]].path)


def _single(lead: ImportItem, inspector: Inspector, uid_key: str) -> Found:
    folder = lead.inspection_folder
    # This look moves no dates and is not kept: the stored copy is made once the subject is known.
    asked: dict[str, Any] = {"date_shift_days": 0, "uid_key": uid_key}
    result = inspector.inspect(lead.path, folder / "look", asked)
    if result.kind == "depth16":
        raise Unreadable(
            "This looks like a depth map: put depth into its name and add its colour picture and camera.json."
        )
    if result.kind in {"camera_json", "landmarks_csv"}:
        raise Unreadable("This file holds no picture, and no picture in its folder goes with it.")
    if result.kind == "raster":
        result = inspector.inspect(lead.path, folder / "film", {"as": "radiograph"})
    files = derived(result, lead, {})
    if result.kind == "k4a_mkv":
        return Found("kinect", "Azure Kinect recording", files, result.found, notes=_notes(result))
    if result.kind == "dicom_radiograph":
        return _dicom(result, files)
    return Found("radiograph", f"X-ray, {result.found['format']}", files, result.found, notes=_notes(result))


def _dicom(result: InspectionResult, files: dict[str, Derived]) -> Found:
    says, notes = dict(result.found), _notes(result)
    dated = bool(says.pop("captured_on", None))
    spacing = says.get("spacing_mm")
    if says.get("direction") == "lateral":
        notes.append("The file says that this is a lateral film; Cobb angles are read on frontal ones.")
    behind = says.get("from_behind")
    return Found(
        "dicom",
        "X-ray, DICOM",
        files,
        says,
        side="" if behind is None else IMAGE_RIGHT if behind else IMAGE_LEFT,
        side_certain=behind is not None,
        direction=says["direction"] if says.get("direction") in {"AP", "PA"} else "",
        spacing_mm=(spacing["y"], spacing["x"]) if spacing else None,
        calibration=says["calibration"],
        dated=dated,
        notes=notes,
    )


def _pair(unit: Unit, items: dict[str, ImportItem], inspector: Inspector) -> Found:
    lead, depth, camera = items[unit.lead], items[unit.depth], items[unit.camera]
    if ItemState.REFUSED in {depth.state, camera.state}:
        raise Unreadable(f"A file that goes with this one was refused: {depth.problem or camera.problem}")
    folder = lead.inspection_folder
    colour = inspector.inspect(lead.path, folder / "colour", {"as": "colour"})
    pixels = colour.file("pixels")
    if pixels is None or pixels.width is None or pixels.height is None:
        raise Unreadable("The colour picture could not be read.")
    size = [pixels.width, pixels.height]
    result = inspector.inspect(depth.path, folder / "depth", {"colour_size": size}, camera.path)
    files = derived(result, lead, {}) | derived(colour, lead, {"pixels": "colour"})
    notes = [*_notes(colour), *_notes(result)]
    return Found("rgbd", "Colour and depth", files, colour.found | result.found, notes=notes)


def derived(result: InspectionResult, lead: ImportItem, names: dict[str, str]) -> dict[str, Derived]:
    """The derived files of a result by role, `names` giving roles another name."""
    return {
        names.get(file.role, file.role): Derived(
            path=_inside(file.path, lead.batch.folder),
            media_type=file.media_type,
            width=file.width or 0,
            height=file.height or 0,
            bit_depth=file.bit_depth or 8,
        )
        for file in result.files
    }


def _inside(path: Path, folder: Path) -> str:
    return path.resolve().relative_to(folder.resolve()).as_posix()


def _notes(result: InspectionResult) -> list[str]:
    return [str(note) for note in result.found.get("warnings", [])]


def _apply_labels(found: Found, unit: Unit) -> None:
    """What the file itself does not say is taken from the labels beside it."""
    labels = found.labels
    film = found.kind in {"radiograph", "dicom"}
    for kind, sets in labels.landmarks.items():
        if (kind == "radiograph") == film and kind != "depth":
            found.points += [
                {"image": kind, "schema": schema, "count": len(points)} for schema, points in sets.items()
            ]
    if not film:
        return
    if unit.tables is not None:
        found.points.append({"image": "radiograph", "schema": "vertebrae68", "count": 68})
        found.side, found.direction = IMAGE_LEFT, labels.direction
        found.notes.append(AASCE_SIDE_NOTE)
    found.direction = found.direction or labels.direction
    if found.spacing_mm is None and labels.spacing_mm is not None:
        found.spacing_mm, found.calibration = labels.spacing_mm, labels.calibration
    if not found.side and labels.patient_right_at_image_right is not None:
        found.side = IMAGE_RIGHT if labels.patient_right_at_image_right else IMAGE_LEFT
        found.side_certain = True
