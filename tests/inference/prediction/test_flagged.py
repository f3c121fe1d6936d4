"""A picture unlike those of the training is flagged with a reason, and the others are answered."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from inference.networks import weights
from inference.networks.registry import build, build_generator
from inference.prediction.start import predict
from inference.rundir import RunDir, sha256_of
from tests.inference.runs import TINY, TINY_PAIR, make_pairs, make_run

RANGES = {
    "contrast": [8.0, 60.0],
    "brightness": [100.0, 220.0],
    "chroma": [0.1, 40.0],
    "depth_share": [0.5, 1.0],
}


def to_predict(run: RunDir, recipe: Any, network: Any, ranges: dict[str, Any]) -> None:
    """Untrained weights, as if taught with pictures of these ranges."""
    card = {"recipe": recipe.to_dict(), "schema": run.spec()["schema"], "ranges": ranges}
    path = run.path / "weights.safetensors"
    weights.save_tensors(path, network.state_dict(), card)
    cases = [replace(case, film=None, split="predict") for case in run.cases()]
    run.write_spec({**run.spec(), "weights_sha256": sha256_of(path)}, cases)


def blank(run: RunDir, index: int) -> None:
    case = run.cases()[index]
    grey = np.full((case.height, case.width, 3), 150, dtype=np.uint8)
    cv2.imwrite(str(run.path / case.colour), grey)


@pytest.mark.parametrize("ranges", [RANGES, {}], ids=["known", "older weights"])
@pytest.mark.parametrize("kind", ["landmarks", "films"])
def test_a_blank_picture_is_not_answered(tmp_path: Path, kind: str, ranges: dict[str, Any]) -> None:
    if kind == "landmarks":
        run = make_run(tmp_path / "run", images=4)
        to_predict(run, TINY, build(TINY, 4), ranges)
    else:
        run = make_pairs(tmp_path / "run")
        to_predict(run, TINY_PAIR, build_generator(TINY_PAIR, 4), ranges)
    blank(run, 1)
    predict(run)
    for index, answer in enumerate(run.result()["cases"]):
        if index == 1 and ranges:
            assert answer["flagged"] == (
                "Unlike what this network was trained on: the picture is blank; the picture has no colours, "
                "as an X-ray has none."
            )
            assert "points" not in answer
            assert not (run.path / "films" / f"{answer['image']}.png").exists()
        else:
            assert "flagged" not in answer
            assert len(answer["points"]) == (4 if kind == "landmarks" else 2)
