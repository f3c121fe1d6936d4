"""Cobb angles over HTTP: computed by the server, tied to what they stand on, retracted rather than edited."""

import datetime
import json
import math
import uuid
from typing import Any

import pytest
from django.test import Client

from annotation.actions.landmarks import save, save_prediction
from annotation.actions.reviews import review
from annotation.models import Image, LandmarkRevision, Study, User
from annotation.spine.levels import spine_levels
from tests.factories import Factory, bent_column

Reading = tuple[Client, Image, User]


@pytest.fixture
def reading(make: Factory, client: Client) -> Reading:
    film = make.radiograph(spacing_mm=0.2, width=1000, height=2400)
    doctor = make.member(film.project, "doctor")
    client.force_login(doctor)
    return client, film, doctor


def post(client: Client, film: Image, body: dict[str, Any]) -> Any:
    path = f"/api/v1/studies/{film.study_id}/measurements"
    return client.post(path, json.dumps({"image": str(film.pk), **body}), content_type="application/json")


LINES = {
    "method": "lines",
    "upper_line": [[400, 500], [500, 500 + 100 * math.tan(math.radians(-15))]],
    "lower_line": [[420, 1500], [520, 1500 + 100 * math.tan(math.radians(20))]],
    "upper_level": "T5",
    "lower_level": "T12",
}


def test_two_lines_give_a_signed_angle_with_its_error(reading: Reading) -> None:
    client, film, doctor = reading
    answer = post(client, film, LINES)
    assert answer.status_code == 201
    (made,) = answer.json()
    assert made["angle_deg"] == pytest.approx(35.0, abs=1e-6)
    assert made["side"] == "right"
    assert (made["upper_level"], made["lower_level"]) == ("T5", "T12")
    assert made["reading_error_deg"] == 4.9
    assert made["calibration"] == "imager"
    assert made["reader"]["id"] == str(doctor.pk)
    film.study.refresh_from_db()
    assert film.study.cobb_deg == pytest.approx(35.0)


def test_vertebrae_give_every_curve_of_their_revision(make: Factory, reading: Reading) -> None:
    client, film, doctor = reading
    landmark_set = make.landmarks(doctor, film, "vertebrae68", bent_column(40))
    body = {"method": "vertebrae", "landmark_set": str(landmark_set.pk), "revision": 1}
    (made,) = post(client, film, body).json()
    assert made["angle_deg"] == pytest.approx(40, abs=0.5)
    assert (made["upper_level"], made["lower_level"]) == ("T1", "L5")
    assert made["side"] == "right"
    assert made["landmark_set"] == str(landmark_set.pk)
    assert made["landmark_revision"] == 1
    assert post(client, film, {**body, "revision": 2}).status_code == 400


def test_points_of_which_their_model_gives_no_angle_are_measured_once_a_doctor_accepts_them(
    reading: Reading,
) -> None:
    client, film, doctor = reading
    placed = save_prediction(
        image=film, schema="vertebrae68", points=bent_column(40), model_label="Net #1", abstains="Too unsure."
    )
    body = {"method": "vertebrae", "landmark_set": str(placed.pk), "revision": 1}
    refused = post(client, film, body)
    assert refused.status_code == 409
    assert "gives no angle with these points: Too unsure. Accept or correct" in refused.json()["detail"]
    review(reviewer=doctor, landmark_set=placed, revision=1, verdict="accepted", note="")
    measured = post(client, film, body)
    assert measured.status_code == 201
    # The error is a person's; that the points are a model's stands beside it wherever it is told.
    assert measured.json()[0]["reading_error_source"].endswith("own levels; points by model Net #1")


def test_to_accept_a_models_points_as_they_are_gives_no_angle_that_it_withholds(
    make: Factory, reading: Reading
) -> None:
    client, film, _ = reading
    points = bent_column(40)
    placed = save_prediction(
        image=film, schema="vertebrae68", points=points, model_label="Net #1", abstains="Too unsure."
    )
    assistant = make.member(film.project, "assistant")

    def saved(points: list[dict[str, Any]], base: int, began_from: LandmarkRevision | None) -> dict[str, Any]:
        own = save(
            user=assistant,
            image=film,
            schema="vertebrae68",
            points=points,
            base_revision=base,
            idempotency_key=uuid.uuid4(),
            began_from=began_from,
        )
        return {"method": "vertebrae", "landmark_set": str(own.pk), "revision": own.revision}

    accepted = saved(points, 0, placed.revisions.get())
    unsure = [{**points[0], "state": "uncertain"}, *points[1:]]
    for body in (accepted, saved(unsure, 1, None)):
        refused = post(client, film, body)
        assert refused.status_code == 409
        assert "Too unsure. Accept or correct" in refused.json()["detail"]
    read = client.get(f"/api/v1/read-cases/{film.study_id}").json()
    author = {"kind": "model", "id": None, "name": "Net #1"}
    assert read["taken_over"] == {accepted["landmark_set"]: [{"author": author, "points": 68}]}
    assert read["abstains"] == {accepted["landmark_set"]: "Too unsure."}
    corrected = saved([{**points[0], "x": points[0]["x"] + 1}, *points[1:]], 2, None)
    measured = post(client, film, corrected)
    assert measured.status_code == 201
    assert measured.json()[0]["reading_error_source"].endswith("own levels; points by model Net #1")
    # Moved back, in whatever way, it is the model's word again.
    for base, back in enumerate((points, unsure), start=3):
        assert post(client, film, saved(back, base, None)).status_code == 409
    # Every point off its place: no longer the model's column.
    moved = saved([{**point, "x": point["x"] + 1} for point in points], 5, None)
    assert post(client, film, moved).json()[0]["reading_error_source"].endswith("own levels")
    read = client.get(f"/api/v1/read-cases/{film.study_id}").json()
    assert (read["taken_over"], read["abstains"]) == ({}, {})


def test_points_that_went_from_a_model_through_two_people_are_still_the_models(
    make: Factory, reading: Reading
) -> None:
    client, film, _ = reading
    points = bent_column(40)
    begun = save_prediction(
        image=film, schema="vertebrae68", points=points, model_label="Net #1", abstains="Too unsure."
    ).revisions.get()
    for _ in range(2):
        own = save(
            user=make.member(film.project, "assistant"),
            image=film,
            schema="vertebrae68",
            points=points,
            base_revision=0,
            idempotency_key=uuid.uuid4(),
            began_from=begun,
        )
        begun = own.revisions.get()
    body = {"method": "vertebrae", "landmark_set": str(own.pk), "revision": 1}
    assert post(client, film, body).status_code == 409
    author = {"kind": "model", "id": None, "name": "Net #1"}
    read = client.get(f"/api/v1/read-cases/{film.study_id}").json()
    assert read["taken_over"][str(own.pk)] == [{"author": author, "points": 68}]


@pytest.mark.parametrize(
    ("thoracic", "lumbar", "note"),
    [(13, 6, "13 thoracic, 6 lumbar vertebrae"), (11, 5, "11 thoracic vertebrae"), (12, 5, "")],
)
def test_a_spine_of_another_number_of_vertebrae_is_measured_at_its_own_levels(
    make: Factory, reading: Reading, thoracic: int, lumbar: int, note: str
) -> None:
    client, film, doctor = reading
    levels = spine_levels(thoracic, lumbar)
    missing = [
        {"name": f"{level}_{corner}", "x": None, "y": None, "state": "missing"}
        for level in set(spine_levels()) - set(levels)
        for corner in ("TL", "TR", "BL", "BR")
    ]
    landmark_set = make.landmarks(doctor, film, "vertebrae68", [*bent_column(40, levels), *missing])
    assert landmark_set.complete
    placed = [point["name"] for point in landmark_set.points if point["state"] == "placed"]
    assert placed == [f"{level}_{corner}" for level in levels for corner in ("TL", "TR", "BL", "BR")]
    body = {"method": "vertebrae", "landmark_set": str(landmark_set.pk), "revision": 1}
    (made,) = post(client, film, body).json()
    assert made["angle_deg"] == pytest.approx(40, abs=0.5)
    assert (made["upper_level"], made["lower_level"]) == (levels[0], levels[-1])
    assert made["apex_level"] == levels[len(levels) // 2] if len(levels) % 2 else "/" in made["apex_level"]
    report = client.get(f"/api/v1/studies/{film.study_id}/report").json()
    assert [each["vertebrae"] for each in report["posture"]] == [note]


def test_a_thirteenth_vertebra_that_is_begun_is_asked_for(make: Factory, reading: Reading) -> None:
    _, film, doctor = reading
    points = bent_column(40, spine_levels(13, 5))
    assert not make.landmarks(doctor, film, "vertebrae68", [*points[:52][:-1], *points[52:]]).complete
    assert make.landmarks(doctor, film, "vertebrae68", points, base=1).complete


def test_a_reader_chooses_the_end_vertebrae(make: Factory, reading: Reading) -> None:
    client, film, doctor = reading
    landmark_set = make.landmarks(doctor, film, "vertebrae68", bent_column(40))
    body = {"method": "vertebrae", "landmark_set": str(landmark_set.pk), "revision": 1}
    upper, lower = post(client, film, {**body, "ends": [["T1", "T8"], ["T9", "L5"]]}).json()
    assert (upper["upper_level"], upper["lower_level"]) == ("T1", "T8")
    assert (lower["upper_level"], lower["lower_level"]) == ("T9", "L5")
    # The endplates tilt evenly by 40 degrees over 34 plates: T1's upper to T8's lower are 15 steps.
    assert upper["angle_deg"] == pytest.approx(40 * 15 / 33, abs=0.5)
    for ends in ([["T8", "T1"]], [["T1", "S1"]], [["T1", "X9"]], [["T1"]], [], "T1"):
        assert post(client, film, {**body, "ends": ends}).status_code == 400
    assert post(client, film, {**LINES, "ends": [["T1", "T8"]]}).status_code == 400


def test_a_mirrored_display_mirrors_the_side(make: Factory, client: Client) -> None:
    film = make.radiograph(display_flip=True, width=1000, height=2400)
    client.force_login(make.member(film.project, "doctor"))
    (made,) = post(client, film, LINES).json()
    assert made["side"] == "left"


def test_no_side_is_named_before_it_is_confirmed(make: Factory, client: Client) -> None:
    film = make.radiograph(side_confirmed=False, width=1000, height=2400)
    client.force_login(make.member(film.project, "doctor"))
    assert post(client, film, LINES).json()[0]["side"] == ""


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"upper_level": "T12", "lower_level": "T5"}, "above"),
        ({"upper_level": "X9"}, "not a vertebral level"),
        ({"upper_line": [[1, 1], [1, 1]]}, "point"),
        ({"upper_line": [[1, 1], [1, 9]]}, "vertical"),
        ({"upper_line": [[1, 1]]}, "at least 2"),
        ({"landmark_set": "00000000-0000-0000-0000-000000000000"}, "does not belong"),
        ({"method": "guess"}, "not a valid choice"),
    ],
)
def test_what_is_no_cobb_angle_is_refused(reading: Reading, change: dict[str, Any], complaint: str) -> None:
    client, film, _ = reading
    answer = post(client, film, {**LINES, **change})
    assert answer.status_code == 400
    assert complaint in answer.json()["detail"]


def test_a_straight_spine_says_there_is_no_curve(make: Factory, reading: Reading) -> None:
    client, film, doctor = reading
    landmark_set = make.landmarks(doctor, film, "vertebrae68", bent_column(4))
    body = {"method": "vertebrae", "landmark_set": str(landmark_set.pk), "revision": 1}
    answer = post(client, film, body)
    assert answer.status_code == 409
    assert "10 degrees" in answer.json()["detail"]


def test_a_vertebra_left_out_is_said_not_bridged(make: Factory, reading: Reading) -> None:
    client, film, doctor = reading
    points = [point for point in bent_column(40) if not point["name"].startswith("T7_")]
    landmark_set = make.landmarks(doctor, film, "vertebrae68", points)
    body = {"method": "vertebrae", "landmark_set": str(landmark_set.pk), "revision": 1}
    answer = post(client, film, body)
    assert answer.status_code == 400
    assert "T8 cannot come directly below T6" in answer.json()["detail"]


def test_retracting_keeps_the_row_and_only_its_reader_does_it(make: Factory, reading: Reading) -> None:
    client, film, doctor = reading
    (made,) = post(client, film, LINES).json()
    other = make.member(film.project, "doctor")
    client.force_login(other)
    assert client.delete(f"/api/v1/measurements/{made['id']}").status_code == 409
    client.force_login(doctor)
    assert client.delete(f"/api/v1/measurements/{made['id']}").json()["retracted_at"]
    assert Study.objects.get().cobb_deg is None
    assert client.get(f"/api/v1/studies/{film.study_id}/measurements").json()[0]["retracted_at"]
    assert client.post(f"/api/v1/measurements/{made['id']}").json()["retracted_at"] is None
    assert Study.objects.get().cobb_deg == pytest.approx(35.0)


def test_a_side_is_not_turned_under_standing_measurements(reading: Reading) -> None:
    client, film, _ = reading
    (made,) = post(client, film, LINES).json()
    path = f"/api/v1/acquisitions/{film.acquisition_id}"
    flip = json.dumps({"display_flip": True})
    assert client.patch(path, flip, "application/json").status_code == 409
    client.delete(f"/api/v1/measurements/{made['id']}")
    assert client.patch(path, flip, "application/json").json()["side_confirmed"] is True


def test_a_visit_says_between_which_vertebrae_it_was_read_and_shows_its_film(
    make: Factory, reading: Reading
) -> None:
    client, film, _ = reading
    post(client, film, {**LINES, "upper_level": "T11", "lower_level": "L3"})
    post(client, film, LINES)
    retracted = post(client, film, {**LINES, "upper_level": "T1", "lower_level": "T4"}).json()[0]
    client.delete(f"/api/v1/measurements/{retracted['id']}")
    later = make.study(film.study.subject, visit_date=datetime.date(2026, 9, 1))
    make.back(later)
    visits = client.get(f"/api/v1/studies/{later.pk}").json()["visits"]
    assert [visit["ends"] for visit in visits] == [[["T5", "T12"], ["T11", "L3"]], []]
    assert [visit["thumbnail"]["kind"] for visit in visits] == ["radiograph", "colour"]


def test_the_report_tells_a_quantity_of_an_image_once(make: Factory, client: Client) -> None:
    colour, _ = make.back()
    reader = make.member(colour.project, "doctor")
    client.force_login(reader)
    for schema in ("back6", "back10"):
        make.landmarks(reader, colour, schema)
    told = client.get(f"/api/v1/studies/{colour.study_id}/report").json()["posture"]
    by_schema = {each["schema"]: [quantity["name"] for quantity in each["quantities"]] for each in told}
    assert by_schema["back10"]
    assert not set(by_schema["back6"]) & set(by_schema["back10"])
