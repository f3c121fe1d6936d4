"""Import of 200 X-rays by the code that the import page and the command share, each decoded in the child."""

import contextlib
import io
import os
import tempfile
import time
from pathlib import Path

import cv2
import django
import numpy as np
import psutil
from django.core.management import call_command
from measure import report

FILMS = 200


def films(folder: Path) -> None:
    """200 gray JPEGs of 1000 x 2400, each its own."""
    rng = np.random.default_rng(1)
    for number in range(FILMS):
        small = rng.integers(0, 255, (150, 62), dtype=np.uint8)
        pixels = cv2.resize(small, (1000, 2400), interpolation=cv2.INTER_CUBIC)
        subject = folder / f"S{number:03d}"
        subject.mkdir()
        cv2.imwrite(str(subject / "film.jpg"), pixels, [cv2.IMWRITE_JPEG_QUALITY, 90])


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "spineweb.settings"
    django.setup()
    from annotation.models import Image, Project, User

    call_command("migrate", verbosity=0)
    Project.objects.create(name="Bench")
    User.objects.create(username="admin", is_superuser=True)
    with tempfile.TemporaryDirectory() as name:
        films(Path(name))
        began = time.perf_counter()
        with contextlib.redirect_stdout(io.StringIO()):
            call_command("import_radiographs", name, project="Bench", layout="folder", date="2026-01-01")
        taken_s = time.perf_counter() - began
    if Image.objects.count() != FILMS:
        raise SystemExit(f"{Image.objects.count()} of {FILMS} films were imported")
    report("import of 200 X-rays", [taken_s], unit="s")
    report("import, per X-ray", [1000 * taken_s / FILMS])
    report("memory of the importing process", [psutil.Process().memory_info().rss / 2**20], unit="MiB")


if __name__ == "__main__":
    main()
