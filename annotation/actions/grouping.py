"""Which files of an import belong together: a pure reading of their names.

A picture and its depth map are told by the words colour (color, rgb) and depth in their names, within one
folder; a camera file with the same prefix, or the folder's own, goes with them. `labels.json` speaks of
every picture of its folder. The AASCE layout is a folder with `filenames.csv` and `landmarks.csv` and the
pictures beside them or in `images/`. Any other file stands alone; what is in it decides what it is.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Literal

COLOUR_WORDS, DEPTH_WORD = ("colour", "color", "rgb"), "depth"
CAMERA_WORDS = ("camera", "calibration", "intrinsics")
TABLES = {"filenames.csv", "landmarks.csv"}
# Made beside the pictures by the phantom and by the AASCE challenge; nothing here needs them.
NOT_NEEDED = {
    "truth.json",
    "skin_thickness.png",
    "skin_distance.png",
    "angles.csv",
    "thumbs.db",
    "desktop.ini",
    ".ds_store",
}
_PICTURE = {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp"}
_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True)
class Unit:
    """One acquisition to be. `missing` is a sentence on what it still waits for."""

    key: str
    lead: str
    kind: Literal["rgbd", "single"]
    depth: str = ""
    camera: str = ""
    labels: str = ""
    tables: tuple[str, str] | None = None
    missing: str = ""

    @property
    def parts(self) -> tuple[str, ...]:
        """The files that come along with the leading one and with no other unit."""
        return tuple(name for name in (self.depth,) if name)


@dataclass
class Grouping:
    """The units of an import, and what its other files are (labels, table, camera, ignored)."""

    units: list[Unit] = field(default_factory=list)
    others: dict[str, str] = field(default_factory=dict)


@dataclass
class _Folder:
    colour: dict[str, str] = field(default_factory=dict)
    depth: dict[str, str] = field(default_factory=dict)
    camera: dict[str, str] = field(default_factory=dict)
    singles: list[str] = field(default_factory=list)
    labels: str = ""
    tables: dict[str, str] = field(default_factory=dict)


def group(names: Iterable[str]) -> Grouping:
    """Sort the files of one import, named relative to what the person dropped, into units."""
    found = Grouping()
    folders: dict[str, _Folder] = defaultdict(_Folder)
    for name in sorted(names):
        _place(name, folders[str(PurePosixPath(name).parent)], found.others)
    for path, folder in sorted(folders.items()):
        tables = _tables_for(path, folders)
        for prefix in sorted({*folder.colour, *folder.depth}):
            found.units.append(_pair(path, prefix, folder))
        found.units += [
            Unit(key=name, lead=name, kind="single", labels=folder.labels, tables=tables)
            for name in folder.singles
        ]
    return found


def _place(name: str, folder: _Folder, others: dict[str, str]) -> None:
    path = PurePosixPath(name)
    stem, suffix = path.stem.lower(), path.suffix.lower()
    words = _WORD.findall(stem)
    if path.name.lower() in NOT_NEEDED or path.name.startswith("."):
        others[name] = "ignored"
    elif path.name.lower() in TABLES:
        folder.tables[path.name.lower()] = name
        others[name] = "table"
    elif path.name.lower() == "labels.json":
        folder.labels = name
        others[name] = "labels"
    elif suffix == ".json" and any(word in words for word in CAMERA_WORDS):
        folder.camera[_prefix(stem, CAMERA_WORDS)] = name
        others[name] = "camera"
    elif suffix in _PICTURE and DEPTH_WORD in words:
        folder.depth[_prefix(stem, (DEPTH_WORD,))] = name
    elif suffix in _PICTURE and any(word in words for word in COLOUR_WORDS):
        folder.colour[_prefix(stem, COLOUR_WORDS)] = name
    else:
        folder.singles.append(name)


def _prefix(stem: str, words: tuple[str, ...]) -> str:
    """What two names of one pair share: the stem without its word and without separators at its ends."""
    return re.sub("|".join(words), "", stem, count=1).strip(" ._-")


def _pair(path: str, prefix: str, folder: _Folder) -> Unit:
    colour, depth = folder.colour.get(prefix, ""), folder.depth.get(prefix, "")
    camera = folder.camera.get(prefix) or folder.camera.get("") or ""
    if not colour:
        missing = "This depth map needs its colour picture; add a file named alike, with colour for depth."
    elif not depth:
        missing = "This colour picture needs its depth map; add a file named alike, with depth for colour."
    elif not camera:
        missing = "This pair needs its camera's calibration; add camera.json to its folder."
    else:
        missing = ""
    return Unit(
        key=f"{path}/{prefix}*",
        lead=colour or depth,
        kind="rgbd",
        depth=depth if colour else "",
        camera=camera,
        labels=folder.labels,
        missing=missing,
    )


def _tables_for(path: str, folders: dict[str, _Folder]) -> tuple[str, str] | None:
    """(filenames.csv, landmarks.csv) that speak of the pictures in the folder `path`."""
    for candidate in (path, str(PurePosixPath(path).parent)):
        tables = folders[candidate].tables if candidate in folders else {}
        if tables.keys() >= TABLES:
            return tables["filenames.csv"], tables["landmarks.csv"]
    return None
