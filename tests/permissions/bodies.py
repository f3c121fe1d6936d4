"""A body that each write accepts, so that what refuses it is the permission and not the form."""

import uuid
from typing import Any

Body = dict[str, Any]

_NOTHING: Body = {}


def body_of(route: str, method: str, ids: dict[str, Any]) -> tuple[Body, dict[str, str]]:
    """The JSON body and the headers of one request."""
    headers = {}
    if route.endswith("/landmarks/<slug:schema>") and method == "PUT":
        headers = {"If-Match": "0", "Idempotency-Key": str(uuid.uuid4())}
    return _bodies(ids).get((route.removeprefix("api/v1/"), method), _NOTHING), headers


def _bodies(ids: dict[str, Any]) -> dict[tuple[str, str], Body]:
    schema = {
        "name": "mine",
        "title": "Mine",
        "target": "back",
        "points": [{"name": "A", "title": "A", "hint": ""}],
    }
    project, subject = str(ids["project_id"]), str(ids["subject_id"])
    return {
        ("session", "POST"): {"username": "nobody", "password": "wrong"},
        ("users", "POST"): {"username": "new"},
        ("projects", "POST"): {"name": "New"},
        ("projects/<uuid:project_id>/members", "POST"): {"username": "site_admin", "role": "doctor"},
        ("members/<uuid:member_id>", "PATCH"): {"role": "assistant"},
        ("projects/<uuid:project_id>/tokens", "POST"): {"name": "agent"},
        ("schemas", "POST"): {"project": project, "definition": schema},
        ("subjects", "POST"): {"project": project, "pseudonym": "NEW1"},
        ("subjects/<uuid:subject_id>/consent", "POST"): {"state": "withdrawn"},
        ("studies", "POST"): {"subject": subject, "visit_date": "2026-05-01"},
        ("snapshots", "POST"): {"project": project, "name": "frozen", "schema": "back6"},
        ("snapshots/preview", "POST"): {"project": project, "schema": "back6"},
        ("training-jobs", "POST"): {
            "snapshot": str(ids["snapshot_id"]),
            "recipe": "back-trial",
            "name": "Backs",
        },
        ("shipped-models", "POST"): {"project": project, "name": "none-of-them"},
        ("inference-jobs", "POST"): {"model_version": str(ids["version_id"])},
        ("studies/<uuid:study_id>/measurements", "POST"): {
            "method": "lines",
            "image": str(ids["film_id"]),
            "upper_line": [[0, 0], [10, 1]],
            "lower_line": [[0, 9], [10, 5]],
            "upper_level": "T5",
            "lower_level": "T12",
        },
        ("studies/<uuid:study_id>/film-notes", "POST"): {
            "image": str(ids["film_id"]),
            "text": "A cervical rib.",
            "x": 30,
            "y": 40,
        },
        ("images/<uuid:image_id>/landmarks/<slug:schema>", "PUT"): {"points": []},
        ("images/<uuid:image_id>/remarks", "POST"): {"kind": "comment", "text": "The hair covers C7."},
        ("landmark-sets/<uuid:set_id>/reviews", "POST"): {"verdict": "accepted", "revision": 1},
        ("reader-studies", "POST"): {"project": project, "name": "Blind", "films_each": 2},
        ("reader-studies/<uuid:reader_study_id>/films/<uuid:blinded_id>/reading", "POST"): {
            "verdict": "real",
            "confidence": 3,
            "seconds": 12.5,
            "upper_line": [[10, 20], [50, 24]],
            "lower_line": [[10, 90], [50, 70]],
            "upper_level": "T5",
            "lower_level": "T12",
        },
        ("imports/<uuid:import_id>/items", "POST"): {"name": "film.png", "size": 3},
        ("imports/<uuid:import_id>/confirm", "POST"): {
            "items": [{"id": str(ids["item_id"]), "subject": "S1", "visit_date": "2026-05-01"}]
        },
    }
