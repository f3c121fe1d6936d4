"""Imports over the API, as the page does them: shared by the tests of imports."""

import io
import json
import uuid
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from django.core.files.storage import default_storage
from django.test import Client
from PIL import Image as Picture

from annotation.models import Project, User

BACK_CAMERA = {
    "pixel_origin": "corner",
    "depth": {"width": 64, "height": 48, "fx": 60.0, "fy": 60.0, "cx": 32.0, "cy": 24.0},
    "colour": {"width": 96, "height": 72, "fx": 90.0, "fy": 90.0, "cx": 48.0, "cy": 36.0},
    "colour_from_depth": {
        "rotation": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
        "translation_mm": [-32.0, 0.0, 0.0],
    },
}


class Importer:
    """One person's import of one project."""

    def __init__(self, user: User, project: Project) -> None:
        self.client = Client()
        self.client.force_login(user)
        self.project = project
        self.id = self.post(f"projects/{project.pk}/imports")["id"]

    def request(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        content = body if isinstance(body, bytes) else json.dumps(body or {}).encode()
        kind = "application/octet-stream" if isinstance(body, bytes) else "application/json"
        return self.client.generic(method, f"/api/v1/{path}", content, content_type=kind, headers=headers)

    def post(self, path: str, body: Any = None) -> Any:
        response = self.request("POST", path, body)
        assert response.status_code in {200, 201}, response.content
        return response.json()

    def send(self, item: str, offset: int, chunk: bytes) -> Any:
        path = f"imports/{self.id}/items/{item}/content"
        return self.request("PUT", path, chunk, **{"Upload-Offset": str(offset)})

    def bring(self, files: dict[str, bytes]) -> dict[str, Any]:
        """Announce, send and inspect files; the items by name."""
        for name, content in files.items():
            item = self.post(f"imports/{self.id}/items", {"name": name, "size": len(content)})
            if item["state"] == "uploading":
                assert self.send(item["id"], 0, content).status_code == 200
        return self.inspect()

    def inspect(self) -> dict[str, Any]:
        for _ in range(50):
            items = self.post(f"imports/{self.id}/inspect")["items"]
            if not any(item["state"] == "checking" and not item["problem"] for item in items):
                break
        return {item["name"]: item for item in items}

    def confirm(self, *answers: dict[str, Any]) -> Any:
        return self.request("POST", f"imports/{self.id}/confirm", {"items": list(answers)})


def answer(item: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": item["id"], "subject": "S1", "visit_date": "2026-03-31", **more}


def film(seed: int = 1, kind: str = "PNG", size: tuple[int, int] = (60, 150)) -> bytes:
    """A small gray picture that differs by seed."""
    pixels = np.random.default_rng(seed).integers(0, 256, size[::-1], dtype=np.uint8)
    buffer = io.BytesIO()
    Picture.fromarray(pixels).save(buffer, kind)
    return buffer.getvalue()


def back_folder(folder: str = "SW-1") -> dict[str, bytes]:
    """A colour picture of 96 x 72, a depth map of 64 x 48 (a plane at 1.2 m) and their camera file."""
    colour = np.random.default_rng(3).integers(0, 256, (72, 96, 3), dtype=np.uint8)
    depth = np.full((48, 64), 1200, dtype=np.uint16)
    files = {}
    for name, pixels, kind in (("colour.jpg", colour, "JPEG"), ("depth.png", depth, "PNG")):
        buffer = io.BytesIO()
        Picture.fromarray(pixels).save(buffer, kind)
        files[f"{folder}/{name}"] = buffer.getvalue()
    return {**files, f"{folder}/camera.json": json.dumps(BACK_CAMERA).encode()}


def left_behind() -> list[str]:
    """Files in the incoming folder and the store that no test made on purpose."""
    incoming = Path(settings.INCOMING_DIR)
    store = Path(str(default_storage.path("")))
    found = [path for root in (incoming, store) if root.exists() for path in root.rglob("*")]
    return sorted(path.name for path in found if path.is_file() and not path.name.startswith("."))


def new_id() -> str:
    return str(uuid.uuid4())
