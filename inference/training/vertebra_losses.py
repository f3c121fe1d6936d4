"""What the training of the finder and of the strip network lowers."""

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

from inference.vertebrae.chain import LEVEL_MIDDLE, LEVEL_SCALE
from inference.vertebrae.heads import FINDER_LEVEL, HEATS, LEVEL, LINE, LOG_SPREADS, OFFSETS, TILTS

_TILT_UNIT: Final = 4.0
"""Radians times this are about as large as offsets."""
_HEAT_SHARE: Final = 0.5 / (5 * 17 * 6)
_L1_SHARE: Final = 2.0


@dataclass(frozen=True, slots=True)
class StripWanted:
    """`StripTargets` of a batch as tensors: heats (B, 5, h, w), regressed (B, 10, h, w), near and on_column
    (B, 1, h, w), level (B, 1, h, 1)."""

    heats: Tensor
    regressed: Tensor
    near: Tensor
    level: Tensor
    on_column: Tensor


def strip_loss(answer: Tensor, wanted: StripWanted) -> Tensor:
    """Heats by cross-entropy, a cell at a point counting five times; offsets and tilts by the likelihood of a
    Laplace distribution with the network's own spread, and plainly; the level by its deviation, at most 4.

    `answer` (B, 26, h, w).
    """
    crossed = functional.binary_cross_entropy_with_logits(answer[:, HEATS], wanted.heats, reduction="none")
    heat = (crossed * (1 + 4 * wanted.heats)).sum() * _HEAT_SHARE / len(answer)
    weight = wanted.heats[:, :1] * wanted.near
    units = torch.ones(10, device=answer.device)
    units[8:] = _TILT_UNIT
    found = torch.cat([answer[:, OFFSETS], answer[:, TILTS]], dim=1)
    off = (found - wanted.regressed).abs() * units[:, None, None]
    spread = answer[:, LOG_SPREADS].clamp(-5, 3)
    per_cell = off * torch.exp(-spread) + spread + _L1_SHARE * off
    regression = (per_cell * weight).sum() / weight.sum().clamp(min=1e-6) / 10
    return heat + regression + 0.5 * _level_loss(answer[:, LEVEL], wanted.level, wanted.on_column, 4.0)


def finder_loss(answer: Tensor, line: Tensor, level: Tensor, on_column: Tensor) -> Tensor:
    """Per row the cross-entropy of where the column is, and how far its mean is off; the level's deviation.

    `answer` (B, 2, h, w); `line` (B, h) in cells, NaN where the row has no column; `level` (B, 1, h, 1);
    `on_column` (B, 1, h, w).
    """
    cells = torch.arange(answer.shape[3], device=answer.device) + 0.5
    known = torch.isfinite(line)
    target = torch.exp(-((cells - line.nan_to_num(-99.0)[..., None]) ** 2) / 2)
    target = target / target.sum(dim=-1, keepdim=True).clamp(min=1e-6)
    logs = torch.log_softmax(answer[:, LINE], dim=-1)
    crossed = -(target * logs).sum(dim=-1)[known].mean()
    off = ((logs.exp() * cells).sum(dim=-1) - line)[known].abs().mean()
    levels = _level_loss(answer[:, FINDER_LEVEL : FINDER_LEVEL + 1], level, on_column, 5.0)
    return crossed + 0.5 * off + 0.7 * levels


def _level_loss(answer: Tensor, level: Tensor, asked: Tensor, most: float) -> Tensor:
    off = (answer * LEVEL_SCALE + LEVEL_MIDDLE - level).abs().clamp(max=most)
    total: Tensor = (off * asked).sum() / asked.sum().clamp(min=1)
    return total
