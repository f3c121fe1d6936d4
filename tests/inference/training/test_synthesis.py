"""The synthesis of films as a program: it learns, resumes to the same weights, predicts, and says why not."""

import signal
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from inference import program
from inference.networks import weights
from inference.networks.column import PLANES, drawn
from inference.networks.registry import GENERATORS, build, build_discriminator, build_generator
from inference.recipes.synthesis import RECIPES, SynthesisRecipe
from inference.rundir import FILM_LANDMARKS, RunDir, sha256_of
from inference.training.pairs import Pairs
from inference.training.start import train
from tests.inference.runs import BACK, TINY_PAIR, make_pairs
from tests.inference.training.test_training import epochs, start

TINY_COLUMN = replace(
    TINY_PAIR, film_width_px=128, film_height_px=160, column_passes=2, column_width=2, average=0.5
)


def pixels(path: Path) -> Any:
    return cv2.imread(str(path), cv2.IMREAD_UNCHANGED)


def test_recipes_and_registry_name_the_same_generators() -> None:
    assert set(GENERATORS) == set(SynthesisRecipe.architectures)


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_every_recipe_builds_its_networks(recipe: SynthesisRecipe) -> None:
    small = recipe.with_changes({"width": 2, "discriminator_width": 2})
    generator, critic = build_generator(small, 6), build_discriminator(small, 6)
    seen = torch.zeros(1, 10, small.film_height_px, small.film_width_px)
    film = generator(seen)
    assert film.shape == (1, 1, small.film_height_px, small.film_width_px)
    planes = torch.zeros(1, PLANES if recipe.column_passes else 0, *film.shape[2:])
    assert critic(torch.cat([seen, planes, film], dim=1)).shape[1] == 1


@pytest.mark.parametrize("chosen", [TINY_PAIR, TINY_COLUMN], ids=["film", "column"])
def test_kill_9_in_the_middle_ends_in_the_same_weights(tmp_path: Path, chosen: SynthesisRecipe) -> None:
    recipe = replace(chosen, epochs=5, dropout=True, depth_offset_mm=100.0)
    whole, killed = (make_pairs(tmp_path / name, recipe) for name in ("whole", "killed"))
    first = start(whole)
    trainer = start(killed)
    deadline = time.monotonic() + 120
    while len(epochs(killed)) < 2 and trainer.poll() is None and time.monotonic() < deadline:
        time.sleep(0.002)
    trainer.send_signal(signal.SIGKILL)
    assert trainer.wait() == -signal.SIGKILL
    assert 2 <= len(epochs(killed)) < 5
    assert start(killed).wait() == 0
    assert first.wait() == 0

    assert sha256_of(killed.path / "weights.safetensors") == sha256_of(whole.path / "weights.safetensors")
    assert killed.result()["metrics"] == whole.result()["metrics"]
    for number in range(1, 6):
        name = f"samples/epoch-{number:05d}.png"
        assert (killed.path / name).read_bytes() == (whole.path / name).read_bytes()
    # One validation case: colour, depth, real film, synthetic film.
    assert pixels(whole.path / "samples/epoch-00005.png").shape == (
        recipe.film_height_px,
        4 * recipe.film_width_px,
        3,
    )
    line = epochs(whole)[-1]
    assert {"train_loss", "critic_loss", "train_l1", "ms_ssim", "histogram_intersection"} <= line.keys()
    assert ("column_loss" in line) == (chosen is TINY_COLUMN)
    assert line["eta_s"] == 0


def test_two_processes_train_one_generator(tmp_path: Path) -> None:
    run = make_pairs(tmp_path / "run", replace(TINY_PAIR, epochs=2))
    run.write_spec({**run.spec(), "devices": 2}, run.cases())
    assert start(run).wait(timeout=300) == 0
    assert [line["epoch"] for line in epochs(run)] == [1, 2]
    assert run.result()["weights_sha256"] == sha256_of(run.path / "weights.safetensors")
    assert len(list((run.path / "samples").iterdir())) == 2


def test_it_learns_where_the_spine_is_and_predicts_it(tmp_path: Path) -> None:
    recipe = replace(
        TINY_PAIR,
        epochs=25,
        width=8,
        learning_rate=2e-3,
        schedule="constant",
        average=0.9,
        flip_probability=0.5,
    )
    run = make_pairs(tmp_path / "run", recipe, images=12)
    assert start(run).wait() == 0
    result = run.result()
    assert result["metrics"]["validation"]["ms_ssim"] > epochs(run)[0]["ms_ssim"] + 0.1

    cases = [replace(case, film=None, split="predict") for case in run.cases() if case.split == "test"]
    real = Pairs(
        run,
        [c for c in run.cases() if c.split == "test"],
        recipe,
        run.spec()["schema"],
        run.spec()["film_schema"],
    )
    run.write_spec({**run.spec(), "weights_sha256": result["weights_sha256"]}, cases)
    assert start(run, "inference.prediction").wait() == 0
    answers = run.result()["cases"]
    assert [answer["image"] for answer in answers] == [case.image for case in cases]
    films = torch.cat([batch.films for batch in real.in_order()])
    l1 = []
    for answer, case, truth in zip(answers, cases, films, strict=True):
        film = pixels(run.path / answer["film"])
        assert film.shape == (200, 100)
        assert film.dtype == np.uint8
        l1.append(np.abs(film / 127.5 - 1 - truth[0].numpy()).mean() / 2)
        # The film's own ends are those of the back through its own transform: at the top and the bottom.
        named = {point["name"]: (point["x"], point["y"]) for point in answer["points"]}
        back_c7 = np.array([*(case.points_px[0] or ()), 1.0])
        assert np.array(answer["film_from_back"]) @ back_c7 == pytest.approx(named["C7"], abs=0.01)
        assert (named["C7"][1], named["sacrum"][1]) == pytest.approx((0, 200), abs=0.01)
    # As good as the training found it: the same network sees the same.
    assert np.mean(l1) == pytest.approx(result["metrics"]["test"]["l1"], abs=1e-3)


def test_the_column_is_found_and_the_film_drawn_around_it(tmp_path: Path) -> None:
    recipe = replace(TINY_COLUMN, epochs=3, column_width=4, column_passes=8, column_rate=4e-3)
    run = make_pairs(tmp_path / "run", recipe, images=12)
    train(run)
    lines = epochs(run)
    assert lines[-1]["column_loss"] < lines[0]["column_loss"]
    assert lines[-1]["column_error_px_median"] > 0
    tensors, _ = weights.read_tensors(run.path / "weights.safetensors")
    assert {name.partition(".")[0] for name in tensors} == {"column", "film"}
    last = run.last_checkpoint()
    assert last is not None
    carried = {".".join(name.split(".")[:2]) for name in weights.read_tensors(last[1])[0]}
    assert "network.whole" not in carried  # it is there in its parts

    cases = [case for case in run.cases() if case.split == "test"]
    split = Pairs(run, cases, recipe, run.spec()["schema"], run.spec()["film_schema"])
    network = build_generator(recipe, 4)
    weights.load_into(network, tensors, "weights")
    network.eval()
    (batch,) = split.in_order()
    with torch.no_grad():
        found = network.column(batch.inputs)
        made = drawn(network.film, batch.inputs, found)
        elsewhere = drawn(network.film, batch.inputs, found + torch.tensor([20.0, 0.0]))
    # Around the mean column at first, and the film depends on where it is.
    assert (found - network.column.expected).norm(dim=2).mean() < 20
    assert (elsewhere - made).abs().max() > 0.01

    predicted = [replace(case, film=None, split="predict") for case in cases]
    run.write_spec({**run.spec(), "weights_sha256": run.result()["weights_sha256"]}, predicted)
    assert start(run, "inference.prediction").wait() == 0
    for answer, film in zip(run.result()["cases"], made, strict=True):
        assert np.abs(pixels(run.path / answer["film"]) - (film[0].numpy() + 1) * 127.5).max() <= 1


def without_corners(run: RunDir) -> None:
    cases = [replace(case, film=replace(case.film, corners_px=())) for case in run.cases() if case.film]
    run.write_spec({**run.spec(), "recipe": TINY_COLUMN.to_dict()}, cases)


def spoil_film_schema(run: RunDir) -> None:
    run.write_spec({**run.spec(), "film_schema": None}, run.cases())


def spoil_split(run: RunDir) -> None:
    run.write_spec(run.spec(), [case for case in run.cases() if case.split == "train"])


def spoil_film(run: RunDir) -> None:
    film = run.cases()[0].film
    assert film is not None
    (run.path / film.picture).write_bytes(b"\x89PNG broken")


def hold_to_nothing(run: RunDir) -> None:
    spec = run.spec()
    spec["recipe"]["landmark_weight"] = 10.0
    run.write_spec(spec, run.cases())


def hold_to_a_back_network(run: RunDir) -> None:
    hold_to_nothing(run)
    recipe = BACK["back-trial"]
    card = {"recipe": recipe.to_dict(), "schema": {"points": ["a"]}}
    weights.save_tensors(run.path / FILM_LANDMARKS, build(recipe, 1).state_dict(), card)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (spoil_film_schema, "freeze a snapshot of pairs"),
        (spoil_split, "one to validate on"),
        (spoil_film, "not a readable film"),
        (hold_to_nothing, "put its weights into the run folder as film_landmarks.safetensors"),
        (without_corners, "no film here has all of vertebrae68 set"),
        (hold_to_a_back_network, "not of a landmark network for X-rays"),
    ],
)
def test_what_cannot_be_mended_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spoil: Any, said: str
) -> None:
    run = make_pairs(tmp_path / "run")
    spoil(run)
    monkeypatch.setattr(sys, "argv", ["training", str(run.path)])
    assert program.main(train) == program.FAILED
    assert said in str(run.failure())


def test_a_loss_that_is_no_number_ends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = make_pairs(tmp_path / "run")
    monkeypatch.setattr("inference.training.synthesis.deceit_loss", lambda made: made.mean() * float("nan"))
    monkeypatch.setattr(sys, "argv", ["training", str(run.path)])
    assert program.main(train) == program.FAILED
    assert "The loss became nan in epoch 1, step 1" in str(run.failure())


def test_a_frozen_landmark_network_holds_the_film_and_learns_nothing(tmp_path: Path) -> None:
    torch.manual_seed(9)
    landmark = BACK["radiograph-small"].with_changes({"image_px": 64, "width": 4})
    plain, held = make_pairs(tmp_path / "plain"), make_pairs(tmp_path / "held")
    hold_to_nothing(held)
    card = {"recipe": landmark.to_dict(), "schema": {"points": ["C7", "sacrum"]}}
    network = build(landmark, 2)
    for name, parameter in network.named_parameters():
        if name.startswith("head."):  # as initialised it sees next to nothing
            torch.nn.init.normal_(parameter)
    weights.save_tensors(held.path / FILM_LANDMARKS, network.state_dict(), card)
    before = sha256_of(held.path / FILM_LANDMARKS)
    train(plain)
    train(held)
    assert sha256_of(held.path / FILM_LANDMARKS) == before
    assert sha256_of(held.path / "weights.safetensors") != sha256_of(plain.path / "weights.safetensors")
    assert epochs(held)[0]["train_loss"] > epochs(plain)[0]["train_loss"]


@pytest.mark.parametrize(
    "fault",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:117] DefaultCPUAllocator: can't allocate memory"),
    ],
    ids=["python", "gpu", "cpu"],
)
def test_too_little_memory_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: Exception) -> None:
    def full(_: torch.Tensor) -> torch.Tensor:
        raise fault

    run = make_pairs(tmp_path / "run")
    monkeypatch.setattr("inference.training.synthesis.deceit_loss", full)
    monkeypatch.setattr(sys, "argv", ["training", str(run.path)])
    assert program.main(train) == program.FAILED
    assert "The memory was not enough. Choose a smaller batch" in str(run.failure())
    monkeypatch.setattr("inference.training.synthesis.deceit_loss", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        program.main(train)


@pytest.mark.parametrize("keep", ["last", "likest"])
def test_which_epoch_is_kept(tmp_path: Path, keep: Any) -> None:
    run = make_pairs(tmp_path / "run", replace(TINY_PAIR, epochs=4, learning_rate=0.01, keep=keep))
    train(run)
    losses = [line["validation_loss"] for line in epochs(run)]
    assert min(losses) != losses[-1]  # or both would be the same
    assert run.result()["best_epoch"] == (4 if keep == "last" else losses.index(min(losses)) + 1)
