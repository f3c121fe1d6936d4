"""What an inspection writes: derived files in a folder and `result.json` that names them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from annotation.imaging.radiograph import EncodedImage

RESULT_NAME = "result.json"
SUFFIXES = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "application/dicom": ".dcm",
    "application/json": ".json",
    "application/x-npy+gzip": ".npy.gz",
}


class Output:
    """Collects the derived files of one inspected file in `folder`, and what was found out about it."""

    def __init__(self, folder: Path, kind: str) -> None:
        self.folder = folder
        self.kind = kind
        self.found: dict[str, Any] = {"warnings": []}
        self._files: list[dict[str, Any]] = []

    def warn(self, *sentences: str) -> None:
        """Sentences for the person who imports."""
        self.found["warnings"].extend(sentences)

    def add(self, role: str, content: bytes, media_type: str, **described: Any) -> None:
        """Write a derived file; `described` goes into the result as it is."""
        name = role + SUFFIXES[media_type]
        (self.folder / name).write_bytes(content)
        self._files.append(
            {"role": role, "path": name, "media_type": media_type, "bytes": len(content), **described}
        )

    def add_image(self, role: str, image: EncodedImage) -> None:
        """Write a derived picture."""
        described = {name: getattr(image, name) for name in ("width", "height", "bit_depth", "channels")}
        self.add(role, image.content, image.media_type, **described)

    def write(self) -> None:
        """Write `result.json`: {kind, files, found}."""
        write_result(self.folder, {"kind": self.kind, "files": self._files, "found": self.found})


def write_result(folder: Path, result: dict[str, Any]) -> None:
    """Write `result.json`, through a second name, so that a half-written one is never read."""
    partial = folder / f"{RESULT_NAME}.part"
    partial.write_text(json.dumps(result, allow_nan=False), encoding="utf-8")
    partial.replace(folder / RESULT_NAME)
