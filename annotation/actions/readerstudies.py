"""Blinded reader studies: drawing the films, handing them out in each reader's order, taking readings.

What a reader gets says nothing of a film's kind: its address is made for the study, and every film has one
shape, one encoding and one length (`annotation.imaging.blinding`). Whoever manages the project sees kinds and
results, and so never reads.
"""

import hashlib
import secrets
import tempfile
from collections import defaultdict
from pathlib import Path

from django.db import IntegrityError, transaction
from django.utils import timezone

from annotation.actions.audit import record
from annotation.actions.errors import ActionError, Conflict, Unreadable
from annotation.actions.files import intake, name_file, open_stored
from annotation.actions.measurements import TOOL, angle_of_lines
from annotation.imaging.blinding import BlindFrame, Region, blinded_film, frame_of, spine_region
from annotation.imaging.raster import RasterError
from annotation.models import (
    BlindReading,
    Image,
    LandmarkSet,
    Project,
    ReaderStudy,
    ReaderStudyItem,
    StoredFile,
    User,
)
from annotation.models.images import ImageKind
from annotation.spine import schemas

MOST_SEED = 2**31 - 1
Line = list[list[float]]


def create(
    *, actor: User, project: Project, name: str, films_each: int, seed: int | None = None
) -> ReaderStudy:
    """Draw `films_each` real and as many synthetic films of the project, and freeze them as readers get them.

    At most one of each kind from a visit; visits that have both come first, so that angles can be compared.
    The same seed draws the same films from the same images. Where C7 and the sacrum are placed on every film
    drawn, each is cut to what lies between them; where one lacks them none is, for that would tell it apart.
    """
    seed = secrets.randbelow(MOST_SEED) if seed is None else seed
    images = _draw(project, films_each, seed)
    regions = _regions(images)
    frame = frame_of(_size(image, regions.get(image.pk)) for image in images)
    # Rendered before anything is written, so that no database lock is held meanwhile.
    with intake() as taken, tempfile.TemporaryDirectory() as folder:
        films = []
        for image in images:
            path = Path(folder) / f"{image.pk}.png"
            path.write_bytes(_rendered(image, frame, regions.get(image.pk)))
            films.append(taken.put(path, "image/png"))
        return _freeze(actor, project, name, seed, frame, list(zip(images, films, strict=True)))


@transaction.atomic
def _freeze(
    actor: User,
    project: Project,
    name: str,
    seed: int,
    frame: BlindFrame,
    drawn: list[tuple[Image, StoredFile]],
) -> ReaderStudy:
    try:
        with transaction.atomic():
            study = ReaderStudy.objects.create(
                project=project,
                name=name,
                seed=seed,
                frame_width=frame.width,
                frame_height=frame.height,
                created_by=actor,
            )
    except IntegrityError as error:
        raise Conflict("This project has a reader study of that name already.", field="name") from error
    ReaderStudyItem.objects.bulk_create(
        ReaderStudyItem(reader_study=study, image=image, film=name_file(film)) for image, film in drawn
    )
    summary = f"{name}: {len(drawn)} films, seed {seed}"
    record(actor=actor, action="readerstudy.create", target=study, summary=summary, project=project)
    return study


def _draw(project: Project, films_each: int, seed: int) -> list[Image]:
    visits: dict[object, dict[str, list[Image]]] = defaultdict(lambda: defaultdict(list))
    kinds = (ImageKind.RADIOGRAPH, ImageKind.SYNTHETIC_RADIOGRAPH)
    found = Image.objects.live().filter(project=project, kind__in=kinds).select_related("acquisition", "view")
    for image in found.order_by("pk"):
        visits[image.study_id][image.kind].append(image)
    order = sorted(visits, key=lambda visit: (-len(visits[visit]), _lot(seed, visit)))
    drawn: list[Image] = []
    for kind in kinds:
        having = [visits[visit][kind] for visit in order if kind in visits[visit]]
        if len(having) < films_each:
            word = "real" if kind == ImageKind.RADIOGRAPH else "synthetic"
            raise ActionError(
                f"Only {len(having)} visits of this project have a {word} film; ask for at most as many.",
                field="films_each",
            )
        drawn += [min(films, key=lambda image: _lot(seed, image.pk)) for films in having[:films_each]]
    return drawn


def _lot(seed: int, *names: object) -> str:
    """A place in a shuffle, the same each time, that tells nothing of what is named."""
    return hashlib.sha256(":".join(map(str, (seed, *names))).encode()).hexdigest()


def _regions(images: list[Image]) -> dict[object, Region]:
    """From C7 to the sacrum by image, for all images or for none."""
    found: dict[object, Region] = {}
    by_image = {image.pk: image for image in images}
    sets = LandmarkSet.objects.filter(image__in=images, schema=schemas.XRAY2.name, complete=True)
    for row in sets.order_by("saved_at"):
        image = by_image[row.image_id]
        c7, sacrum = ((point["x"], point["y"]) for point in row.points)
        if None not in (*c7, *sacrum) and c7[1] < sacrum[1]:
            found[image.pk] = spine_region(c7, sacrum, (image.width, image.height))
    return found if len(found) == len(images) else {}


def _size(image: Image, region: Region | None) -> tuple[int, int]:
    """Width and height in px of what a reader is shown of a film."""
    if region is None:
        return image.width, image.height
    return max(1, round(region.width * image.width)), max(1, round(region.height * image.height))


def _rendered(image: Image, frame: BlindFrame, region: Region | None) -> bytes:
    with open_stored(image.view) as handle:
        content = handle.read()
    try:
        flipped = image.acquisition.display_flip
        return blinded_film(content, frame, flipped=flipped, region=region)
    except RasterError as error:
        raise Unreadable(f"A film of the visit {image.study_id} cannot be shown: {error}") from error


def order_for(reader: User, study: ReaderStudy) -> list[ReaderStudyItem]:
    """The study's films in this reader's own random order. A film that vanishes moves no other."""
    items = ReaderStudyItem.objects.live().filter(reader_study=study)
    return sorted(items, key=lambda item: _lot(study.seed, reader.pk, item.pk))


def read_by(reader: User, study: ReaderStudy) -> set[object]:
    """The films of the study that the reader has read."""
    live = ReaderStudyItem.objects.live().filter(reader_study=study)
    found = BlindReading.objects.filter(reader=reader, item__in=live)
    return set(found.values_list("item_id", flat=True))


@transaction.atomic
def read(
    *,
    reader: User,
    item: ReaderStudyItem,
    verdict: str,
    confidence: int,
    seconds: float,
    upper_line: Line | None = None,
    lower_line: Line | None = None,
    upper_level: str = "",
    lower_level: str = "",
) -> BlindReading:
    """One film read, for good. It must be the reader's next; without lines, no angle could be read on it."""
    study = ReaderStudy.objects.select_for_update(of=("self",)).get(pk=item.reader_study_id)
    if study.closed_at is not None:
        raise Conflict("This reader study is closed; nothing can be read in it any more.")
    done = read_by(reader, study)
    if item.pk in done:
        raise Conflict("You have read this film; a reading is final.")
    following = next((each for each in order_for(reader, study) if each.pk not in done), None)
    if following is None or following.pk != item.pk:
        raise Conflict("Films are read in their order; reload to see the next.")
    angle, upper, lower = None, "", ""
    if upper_line is not None and lower_line is not None:
        angle, upper, lower = _angle(study, upper_line, lower_line, upper_level, lower_level)
    row = BlindReading.objects.create(
        item=item,
        reader=reader,
        verdict=verdict,
        confidence=confidence,
        seconds=seconds,
        signed_angle_deg=angle,
        upper_line=upper_line,
        lower_line=lower_line,
        upper_level=upper,
        lower_level=lower,
        tool=TOOL,
    )
    summary = f"{study.name}: a reader's film {len(done) + 1}"
    record(actor=reader, action="readerstudy.read", target=study, summary=summary, project=study.project)
    return row


def _angle(
    study: ReaderStudy, upper_line: Line, lower_line: Line, upper_level: str, lower_level: str
) -> tuple[float, str, str]:
    """The signed angle and its levels; films are shown from behind, the patient's right on the right."""
    ends = [*upper_line, *lower_line]
    if not all(0 <= x <= study.frame_width and 0 <= y <= study.frame_height for x, y in ends):
        raise ActionError("The lines must lie on the film.")
    return angle_of_lines(upper_line, lower_line, upper_level, lower_level, flipped=False)


@transaction.atomic
def close(*, actor: User, study: ReaderStudy) -> ReaderStudy:
    """End the reading; its readers may see the results from now on. Once is enough."""
    row = ReaderStudy.objects.select_for_update(of=("self",)).get(pk=study.pk)
    if row.closed_at is None:
        study.closed_at = timezone.now()
        study.save(update_fields=["closed_at"])
        record(
            actor=actor, action="readerstudy.close", target=study, summary=study.name, project=study.project
        )
    return study
