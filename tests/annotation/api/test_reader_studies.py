"""Blinded reader studies: drawn, read in each reader's order, closed, and what is never told before."""

import csv
import io
import json
import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import pytest
from django.test import Client

from annotation.actions import cohort, measurements, readerstudies
from annotation.actions.readerresults import results_of
from annotation.models import (
    Acquisition,
    AuditEntry,
    BlindReading,
    Image,
    ImageAccess,
    Project,
    ReaderStudy,
    Subject,
    User,
)
from annotation.models.cohort import Consent
from annotation.models.images import AcquisitionKind, Frame, ImageKind
from tests.factories import Factory

JSON = "application/json"
ROOT = "/api/v1/reader-studies"


@dataclass
class Clinic:
    """Three visits with a real and a synthetic film each, of other sizes and files."""

    project: Project
    admin: User
    doctors: list[User]
    subjects: list[Subject]

    def create(self, client: Client, **more: Any) -> Any:
        client.force_login(self.admin)
        body = {"project": str(self.project.pk), "name": "First", "films_each": 3, **more}
        return client.post(ROOT, body, JSON)


def film(make: Factory, shot: Acquisition, kind: str, pixels: Any, extension: str = ".png") -> Image:
    content = cv2.imencode(extension, pixels)[1].tobytes()
    stored = make.stored(content, "image/png" if extension == ".png" else "image/jpeg")
    height, width = pixels.shape
    return make.image(shot, kind, Frame.RADIOGRAPH, stored=stored, width=width, height=height)


@pytest.fixture
def clinic(make: Factory) -> Clinic:
    project, rng = make.project("Clinic"), np.random.default_rng(1)
    subjects = [make.subject(project) for _ in range(3)]
    for number, subject in enumerate(subjects):
        shot = Acquisition.objects.create(
            study=make.study(subject), kind=AcquisitionKind.RADIOGRAPH, display_flip=number == 0
        )
        noise = rng.integers(0, 256, (240 + number, 100), np.uint8)
        film(make, shot, ImageKind.RADIOGRAPH, noise, ".jpg")
        flat = np.tile(np.linspace(50, 60 + number, 200).astype(np.uint8), (200, 1))
        film(make, shot, ImageKind.SYNTHETIC_RADIOGRAPH, flat)
    doctors = [make.member(project, "doctor") for _ in range(2)]
    return Clinic(project, make.member(project, "admin"), doctors, subjects)


def lines(angle_deg: float) -> dict[str, Any]:
    """Two lines on the film with this angle between them, convex to the right where it is positive."""
    rise = -20 * math.tan(math.radians(angle_deg) / 2)
    return {
        "upper_line": [[20, 40 - rise], [60, 40 + rise]],
        "lower_line": [[20, 150 + rise], [60, 150 - rise]],
        "upper_level": "T5",
        "lower_level": "T12",
    }


def reading(verdict: str = "real", confidence: int = 3, **more: Any) -> dict[str, Any]:
    return {"verdict": verdict, "confidence": confidence, "seconds": 20.5, **more}


def read_all(client: Client, study: str, reader: User, say: Any) -> list[str]:
    """The reader reads to the end, `say(film id)` each; the films in the order they came."""
    client.force_login(reader)
    case, seen = client.get(f"{ROOT}/{study}/next").json(), []
    while case["next"]:
        seen.append(case["next"]["film"])
        answer = client.post(f"{ROOT}/{study}/films/{seen[-1]}/reading", say(seen[-1]), JSON)
        assert answer.status_code == 201, answer.content
        case = answer.json()
    return seen


def test_a_study_is_drawn_balanced_and_the_same_seed_draws_the_same_films(
    clinic: Clinic, client: Client
) -> None:
    drawn = []
    for number, seed in enumerate((11, *range(11, 21))):
        made = clinic.create(client, name=f"Study {number}", films_each=2, seed=seed)
        assert made.status_code == 201, made.content
        items = ReaderStudy.objects.get(pk=made.json()["id"]).items.select_related("image")
        kinds = [item.image.kind for item in items]
        assert kinds.count(ImageKind.RADIOGRAPH) == kinds.count(ImageKind.SYNTHETIC_RADIOGRAPH) == 2
        drawn.append({item.image_id for item in items})
    assert drawn[0] == drawn[1]
    assert len({frozenset(each) for each in drawn}) > 1
    assert clinic.create(client, name="Study 1").status_code == 409
    too_many = clinic.create(client, name="Many", films_each=4)
    assert too_many.status_code == 400
    assert "3 visits" in too_many.json()["fields"]["films_each"][0]
    acts = AuditEntry.objects.filter(action="readerstudy.create")
    assert acts.count() == 11


def test_films_are_cut_from_c7_to_the_sacrum_where_all_have_both(
    make: Factory, clinic: Clinic, client: Client
) -> None:
    """A film that alone is cut, or alone is not, would be told apart by that."""
    images = Image.objects.filter(project=clinic.project).select_related("project", "study")
    for number, image in enumerate(images):
        made = clinic.create(client, name=f"Study {number}").json()
        row = ReaderStudy.objects.get(pk=made["id"])
        # As tall as the shortest film and no wider than the narrowest: not cut yet.
        assert (row.frame_width, row.frame_height) == (83, 200)
        ends = [("C7", image.width / 2, 20.0), ("sacrum", image.width / 2 + 4, 20.0 + image.height / 2)]
        points = [{"name": name, "x": x, "y": y, "state": "placed"} for name, x, y in ends]
        make.landmarks(clinic.doctors[0], image, "xray2", points)
    made = clinic.create(client, name="Cut").json()
    row = ReaderStudy.objects.get(pk=made["id"])
    assert (row.frame_width, row.frame_height) == (50, 100)


def test_nothing_that_a_reader_is_sent_tells_kind_or_subject(clinic: Clinic, client: Client) -> None:
    study = clinic.create(client).json()["id"]
    secrets = {str(pk) for pk in Image.objects.values_list("pk", flat=True)}
    secrets |= {subject.pseudonym for subject in clinic.subjects}
    secrets |= set(Image.objects.values_list("pixels_id", flat=True)) | {"synthetic_radiograph"}
    told, headers, bodies = [], set(), set()

    def say(film_id: str) -> dict[str, Any]:
        answer = client.get(f"{ROOT}/{study}/films/{film_id}")
        headers.add(tuple(sorted((k, v) for k, v in answer.headers.items() if k != "Date")))
        bodies.add(len(answer.content))
        picture = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_UNCHANGED)
        assert picture is not None
        assert picture.dtype == np.uint8
        assert picture.ndim == 2
        told.append(client.get(f"{ROOT}/{study}/next").content.decode())
        return reading()

    read_all(client, study, clinic.doctors[0], say)
    told.append(client.get(ROOT).content.decode())
    told.append(client.get(f"{ROOT}/{study}").content.decode())
    told.append(client.get("/reader-studies/").content.decode())
    assert len(headers) == 1
    assert len(bodies) == 1
    assert not [secret for secret in secrets for text in told if secret in text]
    ledger = ImageAccess.objects.filter(user=clinic.doctors[0], variant="blinded")
    assert ledger.count() == 6


def test_each_reader_has_an_order_of_their_own_that_a_reload_keeps(
    clinic: Clinic, client: Client, make: Factory
) -> None:
    study = clinic.create(client, seed=5).json()["id"]
    client.force_login(clinic.doctors[0])
    first = client.get(f"{ROOT}/{study}/next").json()
    assert first == client.get(f"{ROOT}/{study}/next").json()
    assert first["next"]["number"] == 1
    orders = [read_all(client, study, doctor, lambda _: reading()) for doctor in clinic.doctors]
    assert set(orders[0]) == set(orders[1])
    assert len(orders[0]) == 6
    row, readers = ReaderStudy.objects.get(), [make.user() for _ in range(6)]
    assert len({tuple(item.pk for item in readerstudies.order_for(each, row)) for each in readers}) > 1


def test_a_reading_is_final_in_its_turn_and_its_angle_is_the_servers(clinic: Clinic, client: Client) -> None:
    study = clinic.create(client).json()["id"]
    client.force_login(clinic.doctors[0])
    case = client.get(f"{ROOT}/{study}/next").json()
    url = f"{ROOT}/{study}/films/{case['next']['film']}/reading"
    later = f"{ROOT}{case['next']['following_url'].removeprefix(ROOT)}/reading"
    assert client.post(later, reading(), JSON).status_code == 409
    assert client.post(url, reading(**lines(34) | {"angle_deg": 1}), JSON).status_code == 400
    assert client.post(url, reading(verdict="synthetic", **lines(34)), JSON).status_code == 201
    row = BlindReading.objects.get()
    assert row.signed_angle_deg == pytest.approx(34)
    assert (row.verdict, row.confidence, row.seconds, row.upper_level) == ("synthetic", 3, 20.5, "T5")
    assert client.post(url, reading(), JSON).status_code == 409
    assert client.get(f"{ROOT}/{study}/next").json()["done"] == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"confidence": 0},
        {"confidence": 6},
        {"verdict": "perhaps"},
        {"seconds": -1},
        {"seconds": 1e9},
        {"upper_line": [[1, 1], [9, 9]]},
        {**lines(20), "upper_level": "L1"},
        {**lines(20), "upper_line": [[1, 1], [1, 1]]},
        {**lines(20), "upper_line": [[1, 1], [5000, 1]]},
    ],
)
def test_a_reading_that_is_none_is_refused_in_words(
    clinic: Clinic, client: Client, wrong: dict[str, Any]
) -> None:
    study = clinic.create(client).json()["id"]
    client.force_login(clinic.doctors[0])
    film_id = client.get(f"{ROOT}/{study}/next").json()["next"]["film"]
    answer = client.post(f"{ROOT}/{study}/films/{film_id}/reading", {**reading(), **wrong}, JSON)
    assert answer.status_code == 400
    assert answer.json()["detail"]
    assert not BlindReading.objects.exists()


def test_results_are_the_managers_until_the_study_is_closed(clinic: Clinic, client: Client) -> None:
    study = clinic.create(client).json()["id"]
    read_all(client, study, clinic.doctors[0], lambda _: reading())
    for part in ("results", "readings.csv"):
        assert client.get(f"{ROOT}/{study}/{part}").status_code == 403
    assert client.get(f"{ROOT}/{study}").json()["progress"] == []
    client.force_login(clinic.admin)
    assert client.get(f"{ROOT}/{study}").json()["progress"][0]["done"] == 6
    assert client.get(f"{ROOT}/{study}/results").status_code == 200
    assert client.get(f"{ROOT}/{study}/next").status_code == 403
    closed = client.post(f"{ROOT}/{study}/close").json()["closed_at"]
    assert closed
    assert client.post(f"{ROOT}/{study}/close").json()["closed_at"] == closed
    client.force_login(clinic.doctors[1])
    assert client.get(f"{ROOT}/{study}/results").status_code == 200
    case = client.get(f"{ROOT}/{study}/next").json()
    assert (case["closed"], case["next"]) == (True, None)
    item = ReaderStudy.objects.get().items.all()[0]
    assert client.post(f"{ROOT}/{study}/films/{item.pk}/reading", reading(), JSON).status_code == 409


def test_what_a_withdrawn_child_gave_vanishes_from_films_and_results(clinic: Clinic, client: Client) -> None:
    study = clinic.create(client).json()["id"]
    seen = read_all(client, study, clinic.doctors[0], lambda _: reading())
    row = ReaderStudy.objects.get()
    gone = {
        str(pk)
        for pk in row.items.filter(image__study__subject=clinic.subjects[0]).values_list("pk", flat=True)
    }
    cohort.set_consent(actor=clinic.admin, subject=clinic.subjects[0], state=Consent.WITHDRAWN)
    client.force_login(clinic.doctors[1])
    assert client.get(f"{ROOT}/{study}/next").json()["films"] == 4
    for film_id in gone:
        assert client.get(f"{ROOT}/{study}/films/{film_id}").status_code == 404
    assert results_of(row).readers[0].films == 4
    left = [str(item.pk) for item in readerstudies.order_for(clinic.doctors[0], row)]
    assert left == [film_id for film_id in seen if film_id not in gone]


def test_results_of_known_readers(clinic: Clinic, client: Client) -> None:
    """One reader knows every film, the other calls a real one synthetic; angles differ by known amounts."""
    study = clinic.create(client).json()["id"]
    row = ReaderStudy.objects.get()
    visits = [subject.studies.get() for subject in clinic.subjects]
    true = {visit.pk: angle for visit, angle in zip(visits, (20.0, 35.0, -50.0), strict=True)}
    items = {str(item.pk): item for item in row.items.select_related("image")}

    def knows(film_id: str) -> dict[str, Any]:
        image = items[film_id].image
        synthetic = image.kind == ImageKind.SYNTHETIC_RADIOGRAPH
        angle = true[image.study_id] + (4 if synthetic else 0)
        return reading("synthetic" if synthetic else "real", 5, **lines(angle))

    def errs(film_id: str) -> dict[str, Any]:
        image = items[film_id].image
        said = knows(film_id)
        if image.kind == ImageKind.RADIOGRAPH and image.study_id == visits[0].pk:
            said |= {"verdict": "synthetic", "confidence": 1}
        return said | {"seconds": 41.5}

    read_all(client, study, clinic.doctors[0], knows)
    read_all(client, study, clinic.doctors[1], errs)
    real = Image.objects.get(study=visits[0], kind=ImageKind.RADIOGRAPH)
    measurements.measure_lines(reader=clinic.doctors[0], image=real, **lines(18))
    client.force_login(clinic.admin)
    found = client.get(f"{ROOT}/{study}/results").json()
    assert [each["auc"]["value"] for each in found["readers"]] == [1, 1]
    first, second = found["readers"]
    assert (first["sensitivity"]["value"], first["specificity"]["value"]) == (1, 1)
    assert second["specificity"]["value"] == pytest.approx(2 / 3)
    assert second["seconds_real"] == 41.5
    # Six films, agreed on five: observed 5/6, by chance (3/6)(2/6) + (3/6)(4/6) = 1/2.
    assert found["kappas"][0]["kappa"]["value"] == pytest.approx((5 / 6 - 1 / 2) / (1 / 2))
    assert [each["icc"]["value"] for each in found["iccs"]] == [1, 1]
    against_real, against_reference, _ = found["compared"]
    assert (against_real["first"], against_real["second"]) == ("synthetic", "real")
    # Magnitudes: 24 - 20, 39 - 35 and 46 - 50; the mean is 4/3.
    assert against_real["of_readers"][0]["bias_deg"]["value"] == pytest.approx(4 / 3)
    assert against_real["of_readers"][0]["bias_deg"]["lower"] is not None
    assert against_real["together"]["pairs"] == 6
    assert against_real["together"]["bias_deg"]["lower"] is None
    assert [pair["second_deg"] for pair in against_reference["pairs"]] == pytest.approx([18, 18])
    table = list(csv.DictReader(io.StringIO(client.get(f"{ROOT}/{study}/readings.csv").content.decode())))
    assert len(table) == 12
    assert {line["use"] for line in table} == {"research only"}
    assert {line["score"] for line in table} == {"1", "10", "6"}


def test_a_study_that_nobody_has_read_has_no_figures(clinic: Clinic, client: Client) -> None:
    study = clinic.create(client).json()["id"]
    found = client.get(f"{ROOT}/{study}/results").json()
    assert found["readers"] == []
    assert found["iccs"][0]["icc"] is None
    assert json.dumps(found)
