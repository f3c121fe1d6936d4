"""Films drawn around vertebrae: one network finds from the back where they lie, another draws the film there.

A generator that is only asked for the right grey levels puts a body that may lie in two places halfway
between them, and every curve comes out flatter than it is. Here the places are numbers of their own, learnt
against the corners that people set on the real film, and the film is drawn around them: what a reader
measures on it is what was found. The two parts learn apart: the drawing one is told the true places, so that
it draws sharply.
"""

from typing import ClassVar, Final

import torch
from torch import Tensor, nn
from torch.nn import functional

SCHEMA: Final = "vertebrae68"
VERTEBRAE: Final = 17
"""T1 to L5."""
CORNERS: Final = 4 * VERTEBRAE
PLANES: Final = 2
_RELIEF = 8.0
"""What is left of the depth without the coarse shape of the back is small; times this it is as the rest."""
_SHARES_OF_SIDE = 16  # the blur reaches a sixteenth of the height either way, twice
_STAGES = 5
_FINEST = 1  # the stage at whose size the maps are: a cell is 4 px
_MOST_WIDTHS = 8
_NEAR = (0.2, 0.1)
"""Spread of the places where a network that knows nothing yet looks, in shares of the frame."""
_SOFT_PX = 0.7  # over which the edge of a body fades


class ColumnNetwork(nn.Module):
    """(B, channels, H, W) -> (B, 68, 2): the corners of T1 to L5 in px of the frame; H and W multiples of 32.

    A U-Net whose maps, one a corner, say how likely the corner is in each cell; its place is the mean over
    them (Nibali, He, Morgan, Prendergast: Numerical Coordinate Regression with CNNs, arXiv:1801.07372).
    `depth`: which channel is the depth in [-1, 1], 1 in holes; None where there is none. Its relief, the
    depth without what a blur leaves of it, is seen as one more channel: the furrow and the hump are
    millimetres on a body of decimetres.

    What is uncertain is found near the mean column, and every curve a little too flat: in evaluation, corners
    are driven from that column by `gain`, which a training measures (`training.columns.unbiased_gain`).
    """

    LATER: ClassVar = frozenset({"gain"})

    def __init__(self, *, channels: int, size: tuple[int, int], depth: int | None, width: int = 16) -> None:
        super().__init__()
        self.depth = depth
        self.places: Tensor
        self.where: Tensor
        self.near: Tensor
        self.expected: Tensor
        self.gain: Tensor
        widths = [width * min(2**stage, _MOST_WIDTHS) for stage in range(_STAGES)]
        first = channels + (depth is not None)
        self.down = nn.ModuleList(
            nn.Sequential(_halving(inside, outside), _Block(outside))
            for inside, outside in zip([first, *widths], widths, strict=False)
        )
        self.up = nn.ModuleList(
            nn.Sequential(
                _joining(widths[stage] + widths[stage - 1], widths[stage - 1]), _Block(widths[stage - 1])
            )
            for stage in range(_STAGES - 1, _FINEST, -1)
        )
        # Two planes say where a cell is: convolutions do not know.
        self.maps = nn.Sequential(
            _joining(widths[_FINEST] + 2, 2 * widths[_FINEST]), nn.Conv2d(2 * widths[_FINEST], CORNERS, 1)
        )
        # Where each cell of a map lies, in px of the frame.
        cell = 2 ** (_FINEST + 1)
        down, across = torch.meshgrid(
            torch.arange(size[1] // cell), torch.arange(size[0] // cell), indexing="ij"
        )
        places = (torch.stack([across, down], dim=2).flatten(0, 1) + 0.5) * cell
        self.register_buffer("places", places, persistent=False)
        where = torch.stack([across / (size[0] // cell), down / (size[1] // cell)]) * 2 - 1
        self.register_buffer("where", where[None], persistent=False)
        self.register_buffer("near", torch.tensor(size) * torch.tensor(_NEAR), persistent=False)
        # Evenly from one end of the frame to the other, until `expect` says better.
        down = torch.linspace(0.06, 0.94, 2 * VERTEBRAE).repeat_interleave(2)
        across = torch.tensor([0.45, 0.55]).repeat(2 * VERTEBRAE)
        self.register_buffer("expected", torch.stack([across, down], dim=1) * torch.tensor(size))
        self.register_buffer("gain", torch.ones(()))

    def expect(self, corners_px: Tensor) -> None:
        """Begin the search at this column (68, 2), such as the mean of those to learn from."""
        self.expected.copy_(corners_px)

    def forward(self, x: Tensor) -> Tensor:
        if self.depth is not None:
            x = torch.cat([x, self._relief(x[:, self.depth : self.depth + 1])], dim=1)
        seen = []
        for layer in self.down:
            x = layer(x)
            seen.append(x)
        for layer, beside in zip(self.up, reversed(seen[_FINEST:-1]), strict=True):
            x = layer(torch.cat([functional.interpolate(x, scale_factor=2.0), beside], dim=1))
        # In half precision a place would be rounded to a pixel.
        with torch.autocast(x.device.type, enabled=False):
            off = ((self.places[None] - self.expected[:, None]) / self.near).square().sum(dim=2)
            where = self.where.expand(len(x), -1, -1, -1)
            shares = (self.maps(torch.cat([x.float(), where], dim=1)).flatten(2) - 0.5 * off).softmax(dim=2)
            corners: Tensor = shares @ self.places
        return corners if self.training else self.expected + self.gain * (corners - self.expected)

    def _relief(self, depth: Tensor) -> Tensor:
        """The depth less its blur over what is no hole."""
        known = (depth < 1).to(depth.dtype)
        side = 2 * (depth.shape[-2] // _SHARES_OF_SIDE) + 1

        def blurred(plane: Tensor) -> Tensor:
            # Each way for itself: a square window costs as much as the whole network.
            for _ in range(2):
                plane = functional.avg_pool2d(plane, (side, 1), stride=1, padding=(side // 2, 0))
                plane = functional.avg_pool2d(plane, (1, side), stride=1, padding=(0, side // 2))
            return plane

        coarse = blurred(depth * known) / blurred(known).clamp(min=1e-3)
        return (_RELIEF * (depth - coarse) * known).clamp(-2, 2)


class ColumnGenerator(nn.Module):
    """(B, channels, H, W) -> (B, 1, H, W): `column` finds the vertebrae, `film` draws around them."""

    def __init__(self, column: nn.Module, film: nn.Module) -> None:
        super().__init__()
        self.column, self.film = column, film

    def forward(self, x: Tensor) -> Tensor:
        return drawn(self.film, x, self.column(x))


def drawn(film: nn.Module, x: Tensor, corners_px: Tensor) -> Tensor:
    """The film around these corners (B, 68, 2)."""
    made: Tensor = film(torch.cat([x, vertebra_planes(corners_px, (x.shape[-2], x.shape[-1]))], dim=1))
    return made


def vertebra_planes(corners_px: Tensor, shape: tuple[int, int]) -> Tensor:
    """Corners (B, 68, 2) as PLANES planes (B, 2, h, w): where a vertebral body is, 0 to 1 with soft edges;
    and which one, from 1/17 for T1 to 1 for L5.
    """
    height, width = shape
    top_left, top_right, bottom_left, bottom_right = corners_px.view(-1, VERTEBRAE, 4, 2).unbind(2)
    across = torch.arange(width, device=corners_px.device, dtype=corners_px.dtype) + 0.5
    down = torch.arange(height, device=corners_px.device, dtype=corners_px.dtype) + 0.5
    distances = []
    ring = (top_left, top_right, bottom_right, bottom_left)
    for start, end in zip(ring, (*ring[1:], ring[0]), strict=True):
        edge = functional.normalize(end - start, dim=2)
        # How far a pixel lies to the right of the edge as one goes: inside, on the way round.
        offset = edge[..., 0] * start[..., 1] - edge[..., 1] * start[..., 0]
        rows = edge[..., 0, None] * down - offset[..., None]
        columns = -edge[..., 1, None] * across
        distances.append(rows[..., :, None] + columns[..., None, :])
    bodies = torch.sigmoid(torch.stack(distances).amin(dim=0) / _SOFT_PX)
    order = torch.arange(1, VERTEBRAE + 1, device=bodies.device) / VERTEBRAE
    which = (bodies * order[:, None, None]).amax(dim=1)
    return torch.stack([bodies.amax(dim=1), which], dim=1)


class _Block(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
        )

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(x + self.layers(x))


def _joining(inside: int, outside: int) -> nn.Module:
    return nn.Sequential(nn.Conv2d(inside, outside, 1, bias=False), nn.BatchNorm2d(outside), nn.ReLU())


def _halving(inside: int, outside: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(inside, outside, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(outside), nn.ReLU()
    )
