"""What a landmark network makes of a few validation cases, drawn after every epoch for whoever watches."""

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from inference.networks import heatmaps, planes
from inference.networks.pictures import Picture
from inference.rundir import RunDir, write_bytes, write_json
from inference.training.dataset import Cases

_CASES = 6
_TILE_PX = 256
_TEXT = "White ring: where a person placed the point. Violet dot: where the network does."
# BGR. Violet is a model's colour wherever its points appear.
_PERSON, _MODEL, _EDGE = (255, 255, 255), (246, 92, 139), (0, 0, 0)
# OpenCV draws between pixels in sixteenths.
_SHIFT = 4


@torch.no_grad()
def draw_landmarks(run: RunDir, epoch: int, network: nn.Module, cases: Cases) -> None:
    """samples/epoch-00012.png, its caption beside it: the first cases as they are, side by side."""
    recipe, shown = cases.recipe, cases.pictures[:_CASES]
    inputs = np.stack([planes.tensor(picture, recipe, cases.statistics) for picture in shown])
    device = next(network.parameters()).device
    maps = network.eval()(torch.from_numpy(inputs).to(device)).float().cpu().numpy()
    tiles = [
        _tile(picture, truth, heatmaps.read(one, recipe.heatmap_stride)[0])
        for picture, truth, one in zip(shown, cases.points_px, maps, strict=False)
    ]
    content = cv2.imencode(".png", np.hstack(tiles))[1].tobytes()
    path = run.file("samples", f"epoch-{epoch:05d}.png")
    # The caption first: whoever finds the picture finds it, too.
    write_json(path.with_suffix(".json"), {"text": _TEXT})
    write_bytes(path, content)


def _tile(picture: Picture, truth: NDArray[np.float64], found: NDArray[np.float64]) -> NDArray[np.uint8]:
    """(_TILE_PX, _TILE_PX, 3), BGR. Points are in px of the picture's square, NaN where there is none."""
    square = _visible(picture)
    scale = _TILE_PX / len(square)
    resized = cv2.resize(square, (_TILE_PX, _TILE_PX), interpolation=cv2.INTER_AREA)
    tile: NDArray[np.uint8] = np.ascontiguousarray(resized, dtype=np.uint8)
    radius = 4 if len(truth) <= 12 else 2
    for person, model in zip(truth * scale, found * scale, strict=True):
        if np.isfinite(person).all():
            cv2.line(tile, _at(person), _at(model), _MODEL, 1, cv2.LINE_AA, _SHIFT)
            _ring(tile, person, radius + 1)
        cv2.circle(tile, _at(model), (radius - 1) << _SHIFT, _MODEL, -1, cv2.LINE_AA, _SHIFT)
    return tile


def _ring(tile: NDArray[np.uint8], point: NDArray[np.float64], radius: int) -> None:
    for colour, width in ((_EDGE, 3), (_PERSON, 1)):
        cv2.circle(tile, _at(point), radius << _SHIFT, colour, width, cv2.LINE_AA, _SHIFT)


def _at(point: NDArray[np.float64]) -> tuple[int, int]:
    # OpenCV counts from the centre of the first pixel, we from its corner.
    x, y = np.round((point - 0.5) * (1 << _SHIFT)).astype(int)
    return int(x), int(y)


def _visible(picture: Picture) -> NDArray[np.uint8]:
    """The colours or, of a recipe without them, the depth between its nearest and farthest readings; BGR."""
    if picture.grey is not None:
        return np.asarray(picture.grey[:, :, ::-1])
    if picture.depth_mm is None:
        raise ValueError("a picture has colours or depth")
    valid = picture.depth_mm > 0
    near, far = np.percentile(picture.depth_mm[valid], (2, 98)) if valid.any() else (0.0, 1.0)
    share = np.clip((far - picture.depth_mm) / max(far - near, 1.0), 0, 1)
    level = (np.where(valid, 40 + 215 * share, 0)).astype(np.uint8)
    return np.repeat(level[:, :, None], 3, axis=2)
