"""Weights that come with the program: taken into a project once, with their whole origin."""

import hashlib
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from inference.actions import shipping
from inference.actions.versions import promote
from inference.models import ModelVersion
from inference.models.versions import digest_of_origin
from inference.recipes.catalogue import RECIPES
from inference.shipped import FOLDER, Shipped, all_shipped, shipped
from tests.factories import Factory
from tests.inference.rows import SCORES, model_version


def ship(folder: Path, name: str = "backs", content: bytes = b"weights") -> Path:
    """A card and its weights, as they lie in the program's folder."""
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.safetensors").write_bytes(content)
    card = {
        "title": "Backs",
        "summary": "Six points of the back.",
        "schema": "back6",
        "target": "back",
        "recipe": RECIPES["back-trial"].to_dict(),
        "commit": "0" * 40,
        "seed": 1,
        "weights_sha256": hashlib.sha256(content).hexdigest(),
        "data": {"what": "200 phantoms", "images": 200, "subjects": 200, "digest": "1" * 64},
        "result": {
            "metrics": {"test": SCORES},
            "parameters": 10,
            "best_epoch": 2,
            "seconds": 3.0,
            "device": "cpu",
        },
        "limits": ["Has seen phantoms only."],
    }
    path = folder / f"{name}.json"
    path.write_text(json.dumps(card))
    return path


def only(folder: Path) -> Shipped:
    (found,) = all_shipped(folder)
    return found


def test_what_ships_with_the_program_is_whole() -> None:
    for each in all_shipped():
        assert shipped(each.name).card == each.card
    total = sum(path.stat().st_size for path in FOLDER.glob("*.safetensors"))
    assert total <= 45 * 2**20


def test_a_card_that_names_other_bytes_is_refused(tmp_path: Path) -> None:
    ship(tmp_path)
    (tmp_path / "backs.safetensors").write_bytes(b"others")
    with pytest.raises(ValueError, match="is not what the card names"):
        only(tmp_path)
    path = ship(tmp_path)
    card = json.loads(path.read_text())
    del card["limits"]
    path.write_text(json.dumps(card))
    with pytest.raises(ValueError, match=r"backs\.json: lacks limits"):
        only(tmp_path)
    with pytest.raises(KeyError):
        shipped("../backs", tmp_path)


@pytest.mark.django_db
def test_taken_in_once_and_promoted_where_nothing_is(make: Factory, tmp_path: Path) -> None:
    ship(tmp_path)
    project, admin = make.project(), make.user()
    version = shipping.install(actor=admin, project=project, shipped=only(tmp_path))
    assert (version.shipped, version.state, version.label) == ("backs", "promoted", "Backs #1")
    assert (version.job, version.snapshot, version.card["limits"]) == (
        None,
        None,
        ["Has seen phantoms only."],
    )
    assert shipping.install(actor=admin, project=project, shipped=only(tmp_path)).pk == version.pk
    assert ModelVersion.objects.count() == 1
    # The origin of shipped weights is its card: a changed one is not promoted.
    version.card = {**version.card, "limits": []}
    assert digest_of_origin(version) != version.digest


@pytest.mark.django_db
def test_it_does_not_push_aside_what_the_project_promoted(make: Factory, tmp_path: Path) -> None:
    ship(tmp_path)
    project, admin = make.project(), make.user()
    own = promote(actor=admin, version=model_version(make, project))
    version = shipping.install(actor=None, project=project, shipped=only(tmp_path))
    own.refresh_from_db()
    assert (own.state, version.state) == ("promoted", "candidate")


@pytest.mark.django_db
def test_the_command_says_what_it_did(
    make: Factory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ship(tmp_path)
    found = list(all_shipped(tmp_path))
    monkeypatch.setattr("inference.management.commands.install_models.all_shipped", lambda: found)
    project = make.project("Spines")
    call_command("install_models", "Spines")
    assert capsys.readouterr().out == "backs: Backs #1, promoted\n"
    assert ModelVersion.objects.get().project == project
    with pytest.raises(CommandError, match="No model comes as 'films'; there are: backs"):
        call_command("install_models", "Spines", "films")
    with pytest.raises(CommandError, match="There is no project 'Spine'"):
        call_command("install_models", "Spine")
