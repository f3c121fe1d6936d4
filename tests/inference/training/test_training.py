"""Training as a program: it learns, it resumes to the same weights, and it says why it cannot go on."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from inference import program
from inference.networks.registry import build
from inference.rundir import RunDir, sha256_of
from inference.training import engine
from inference.training.start import train
from tests.inference.runs import TINY, make_run


def start(run: RunDir, module: str = "inference.training") -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", module, str(run.path)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


def epochs(run: RunDir) -> list[dict[str, Any]]:
    return [line for line in run.read_progress().lines if line["kind"] == "epoch"]


def test_two_processes_train_one_network(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", TINY.with_changes({"epochs": 2, "least_samples": 12}))
    spec = run.spec()
    run.write_spec({**spec, "devices": 2}, run.cases())
    assert start(run).wait(timeout=300) == 0
    assert [line["epoch"] for line in epochs(run)] == [1, 2]
    # Half of every batch each: as many steps, and the same validation, as one process would make of it.
    assert run.result()["metrics"]["validation"]["images"] == 2
    assert run.result()["weights_sha256"] == sha256_of(run.path / "weights.safetensors")


def test_it_stops_early_and_stays_stopped(tmp_path: Path) -> None:
    # At this rate it overshoots from the first step on.
    recipe = TINY.with_changes({"epochs": 9, "patience": 2, "learning_rate": 0.3})
    run = make_run(tmp_path / "run", recipe)
    train(run)
    best = run.result()["best_epoch"]
    last = epochs(run)[-1]["epoch"]
    assert last < 9
    assert last == best + 2
    (run.path / "result.json").unlink()
    train(run)
    assert epochs(run)[-1]["epoch"] == last
    assert run.result()["best_epoch"] == best


def test_kill_9_in_the_middle_ends_in_the_same_weights(tmp_path: Path) -> None:
    recipe = TINY.with_changes({"epochs": 6})
    whole, killed = (make_run(tmp_path / name, recipe) for name in ("whole", "killed"))
    first = start(whole)

    trainer = start(killed)
    deadline = time.monotonic() + 120
    while len(epochs(killed)) < 2 and trainer.poll() is None and time.monotonic() < deadline:
        time.sleep(0.002)
    trainer.send_signal(signal.SIGKILL)
    assert trainer.wait() == -signal.SIGKILL
    done = len(epochs(killed))
    assert 2 <= done < 6
    # Half a line and half a checkpoint, as a kill may leave them.
    with (killed.path / "progress.jsonl").open("ab") as out:
        out.write(b'{"kind": "st')
    (killed.checkpoints / ".epoch-00009.safetensors.1.partial").write_bytes(b"half")
    assert start(killed).wait() == 0
    assert first.wait() == 0

    assert sha256_of(killed.path / "weights.safetensors") == sha256_of(whole.path / "weights.safetensors")
    assert not list(killed.path.rglob(".*.partial"))
    numbers = [line["epoch"] for line in epochs(killed)]
    assert sorted(set(numbers)) == [1, 2, 3, 4, 5, 6]
    assert len(numbers) <= 7  # at most one epoch was done twice
    assert killed.result()["metrics"] == whole.result()["metrics"]


def test_a_kill_between_a_checkpoint_and_its_line_loses_no_entry(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", TINY.with_changes({"epochs": 2}))
    assert start(run).wait() == 0
    first, second = epochs(run)
    progress = run.path / "progress.jsonl"
    progress.write_text(
        "".join(f"{json.dumps(line)}\n" for line in run.read_progress().lines if line != second)
    )
    assert [line["epoch"] for line in epochs(run)] == [1]
    assert start(run).wait() == 0
    assert epochs(run) == [first, second]


def test_a_full_disk_is_no_crash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In this process: the first checkpoint finds the disk full, and a status says so, as no file can."""
    run = make_run(tmp_path / "run", TINY.with_changes({"epochs": 1}))

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    monkeypatch.setattr(sys, "argv", ["training", str(run.path)])
    assert program.main(train) == program.DISK_FAILED
    assert run.failure() is None


def test_it_learns_where_the_points_are_and_predicts_them(tmp_path: Path) -> None:
    recipe = TINY.with_changes({"epochs": 30, "width": 6, "learning_rate": 0.005})
    run = make_run(tmp_path / "run", recipe, images=20)
    assert start(run).wait() == 0
    result = run.result()
    validation = result["metrics"]["validation"]
    # The picture is 120 x 160, the points wander by 12 and 16: a guess at their middle is about 5 px off.
    assert validation["error_px_median"] < 2.5
    assert validation["heatmap_mse"] < validation["heatmap_mse_of_empty_map"]
    losses = [line["validation_loss"] for line in epochs(run)]
    assert losses[-1] < 0.3 * losses[0]

    spec = {**run.spec(), "kind": "prediction", "weights_sha256": result["weights_sha256"]}
    cases = [case for case in run.cases() if case.split == "validation"]
    run.write_spec(spec, cases)
    assert start(run, "inference.prediction").wait() == 0
    found = run.result()["cases"]
    assert [answer["image"] for answer in found] == [case.image for case in cases]
    errors = [
        np.hypot(point["x"] - truth[0], point["y"] - truth[1])
        for answer, case in zip(found, cases, strict=True)
        for point, truth in zip(answer["points"], case.points_px, strict=True)
        if truth is not None
    ]
    # Seen four ways they are found no worse than seen once, as the training measured.
    assert np.median(errors) <= validation["error_px_median"] + 0.1

    (run.path / "weights.safetensors").write_bytes(b"other bytes")
    assert start(run, "inference.prediction").wait() == 3
    assert "not the bytes" in str(run.failure())


def spoil_nothing_to_validate(run: RunDir) -> None:
    run.write_spec(run.spec(), [case for case in run.cases() if case.split == "train"])


def spoil_picture(run: RunDir) -> None:
    (run.path / run.cases()[0].colour).write_bytes(b"\x89PNG broken")


def spoil_depth(run: RunDir) -> None:
    np.save(run.path / str(run.cases()[0].depth), np.array([{"an": "object"}], dtype=object))


def spoil_recipe(run: RunDir) -> None:
    spec = run.spec()
    spec["recipe"]["epochs"] = -1
    (run.path / "spec.json").write_text(json.dumps(spec))


def spoil_checkpoint(run: RunDir) -> None:
    """A checkpoint of another architecture."""
    tensors = {"network.other": np.zeros(3, dtype=np.float32)}
    card = {"spineweb": json.dumps({"epoch": 1, "best": {}})}
    run.save_checkpoint(1, lambda path: save_file(tensors, path, metadata=card))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (spoil_nothing_to_validate, "one to validate on"),
        (spoil_picture, "not a readable picture"),
        (spoil_depth, "not a readable depth map"),
        (spoil_recipe, "epochs: must lie between"),
        (spoil_checkpoint, "for another network"),
    ],
)
def test_what_cannot_be_mended_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spoil: Any, said: str
) -> None:
    """In this process, to be quick: the same entry as the program's."""
    run = make_run(tmp_path / "run")
    spoil(run)
    monkeypatch.setattr(sys, "argv", ["training", str(run.path)])
    assert program.main(train) == program.FAILED
    assert said in str(run.failure())
    assert not (run.path / "result.json").exists()


def test_the_time_of_earlier_tries_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(engine, "time", SimpleNamespace(monotonic=lambda: now[0]))
    run = make_run(tmp_path / "run", images=1)

    def begun_at(seconds: float) -> engine.Engine:
        now[0] = seconds
        one = engine.Engine(run, TINY)
        one.add("heatmaps", build(TINY, 4))
        return one

    first = begun_at(0)
    now[0] = 50
    first.save_checkpoint(1, engine.Best(1, 0.5), {"kind": "epoch", "epoch": 1})
    second = begun_at(1000)
    assert second.resume()[0] == 1
    now[0] = 1007
    assert second.facts("heatmaps")["seconds"] == 57


@pytest.mark.parametrize(
    ("instructions", "accelerator", "expected"),
    [
        ({"avx512_bf16": False, "amx_bf16": False}, "cpu", "32-true"),
        ({"avx512_bf16": True, "amx_bf16": False}, "cpu", "32-true"),
        ({"avx512_bf16": True, "amx_bf16": True}, "cpu", "bf16-mixed"),
        ({"avx512_bf16": False, "amx_bf16": False}, "cuda", "bf16-mixed"),
    ],
)
def test_a_processor_without_bfloat16_trains_in_single_precision(
    monkeypatch: pytest.MonkeyPatch, instructions: dict[str, bool], accelerator: str, expected: str
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: instructions)
    assert engine.precision_here("bf16-mixed", accelerator) == expected
    assert engine.precision_here("32-true", accelerator) == "32-true"
