"""Taking in an X-ray that a network made from a back."""

from pathlib import Path

from PIL import Image as Pillow
from PIL import UnidentifiedImageError

from annotation.actions import files, summaries
from annotation.actions.audit import record
from annotation.actions.errors import Unreadable
from annotation.imaging.radiograph import thumbnail
from annotation.models import Image, StoredFile
from annotation.models.images import Frame, ImageKind

# What a network of ours writes is far smaller; anything else is not believed.
_MOST_PX = 4096


def store_film(path: Path) -> tuple[StoredFile, StoredFile, tuple[int, int]]:
    """An 8-bit grey PNG into the file store, with a thumbnail: pixels, thumbnail, (width, height).

    Raises Unreadable where it is none, StorageFull and Unavailable as `files.store` does.
    """
    try:
        with Pillow.open(path, formats=["PNG"]) as film:
            if film.mode != "L" or max(film.size) > _MOST_PX:
                raise Unreadable(f"{path.name} is not an 8-bit grey PNG of at most {_MOST_PX} pixels a side.")
            small = thumbnail(film)
            size = film.size
    except (OSError, UnidentifiedImageError) as error:
        raise Unreadable(f"{path.name} is not a readable PNG: {error}") from error
    beside = path.with_suffix(".thumbnail.jpg")
    beside.write_bytes(small.content)
    pixels = files.store(path=path, media_type="image/png")
    return pixels, files.store(path=beside, media_type=small.media_type), size


def add_film(
    *, back: Image, pixels: StoredFile, thumbnail: StoredFile, size: tuple[int, int], model_label: str
) -> Image:
    """A synthetic radiograph of the shot a back belongs to. Must run inside a transaction.

    It lies as the back does, seen from behind, so the shot's side holds for it; nothing calibrates it.
    """
    image = Image.objects.create(
        project_id=back.project_id,
        study_id=back.study_id,
        acquisition_id=back.acquisition_id,
        kind=ImageKind.SYNTHETIC_RADIOGRAPH,
        frame=Frame.RADIOGRAPH,
        width=size[0],
        height=size[1],
        bit_depth=8,
        pixels=pixels,
        view=pixels,
        thumbnail=thumbnail,
    )
    summaries.refresh(back.study)
    record(
        actor=None,
        action="image.synthesise",
        target=image,
        summary=f"{model_label}, from the back of this visit",
        project=back.project,
    )
    return image
