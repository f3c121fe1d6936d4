"""Seed 002: a plain convolutional network from a film to landmark coordinates, and its bipartite distance.

Imran, Huang, Tang, Fan, Cheung, To, Qian, Terzopoulos: Bipartite Distance for Shape-Aware Landmark Detection
in Spinal X-Ray Images (arXiv:2005.14330). Five blocks of two 3 x 3 convolutions with 16 to 256 features, each
convolution followed by leaky ReLU, batch normalisation and dropout of 0.25, each block by 2 x 2 max pooling;
two dense layers of 512 and one of 2n coordinates. The paper does not say the slope of the leaky ReLU (Keras's
0.3 here, as it used Keras's TensorFlow) nor the unit of the coordinates (shares of width and height here).
"""

import torch
from torch import Tensor, nn

FEATURES = (16, 32, 64, 128, 256)
_DROPOUT = 0.25
_SLOPE = 0.3
_DENSE = 512


class BpdCnn(nn.Module):
    """(B, 1, height, width) in [0, 1] -> (B, points, 2), shares of width and height.

    `height` and `width`, multiples of 32, belong to the weights: the first dense layer sees every place.
    """

    def __init__(self, *, points: int, height: int, width: int) -> None:
        super().__init__()
        self.points = points
        layers: list[nn.Module] = []
        inside = 1
        for features in FEATURES:
            for channels in (inside, features):
                layers += [
                    nn.Conv2d(channels, features, 3, padding=1),
                    nn.LeakyReLU(_SLOPE, inplace=True),
                    nn.BatchNorm2d(features),
                    nn.Dropout(_DROPOUT),
                ]
            layers.append(nn.MaxPool2d(2))
            inside = features
        self.convolutions = nn.Sequential(*layers)
        cells = (height // 2 ** len(FEATURES)) * (width // 2 ** len(FEATURES))
        self.dense = nn.Sequential(
            nn.Flatten(),
            nn.Linear(FEATURES[-1] * cells, _DENSE),
            nn.LeakyReLU(_SLOPE, inplace=True),
            nn.Linear(_DENSE, _DENSE),
            nn.LeakyReLU(_SLOPE, inplace=True),
            nn.Linear(_DENSE, 2 * points),
        )

    def forward(self, x: Tensor) -> Tensor:
        coordinates: Tensor = self.dense(self.convolutions(x))
        return coordinates.view(-1, self.points, 2)


def bipartite_distance(found: Tensor, true: Tensor, left: list[int], right: list[int]) -> Tensor:
    """Equation 2: the mean over images of the sum over all edges between a left and a right landmark of how
    much the edge's length differs. `found`, `true` (B, points, 2); `left`, `right`: indices of points.
    """
    lengths = [torch.cdist(points[:, left], points[:, right]) for points in (found, true)]
    total: Tensor = (lengths[0] - lengths[1]).abs().sum(dim=(1, 2)).mean()
    return total


def bpd_loss(found: Tensor, true: Tensor, left: list[int], right: list[int], alpha: float) -> Tensor:
    """Equation 3: mean squared error (over images and coordinates) + alpha x bipartite distance."""
    squared = nn.functional.mse_loss(found, true)
    return squared + alpha * bipartite_distance(found, true, left, right) if alpha else squared
