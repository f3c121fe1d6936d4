"""Back and film in one frame: the crop's numbers, points and pixels together, nothing aliased."""

import numpy as np
import pytest

from inference.networks import pictures
from inference.networks.alignment import (
    Crop,
    aligned_from_image,
    alignment_crop,
    inside,
    resampled,
    resampled_depth,
)

SIZE = (128, 256)


def test_the_crop_is_that_of_the_browser() -> None:
    """The cases of `core/alignment.test.ts`."""
    assert alignment_crop((100, 50), (140, 450)) == Crop(left=20, top=50, width=200, height=400)
    with pytest.raises(ValueError, match="C7 does not lie above the sacrum"):
        alignment_crop((100, 450), (140, 50))


def test_a_margin_reaches_further_on_every_side_and_keeps_the_shape() -> None:
    crop = alignment_crop((100, 50), (140, 450), margin=0.1)
    assert (crop.top, crop.height, crop.width) == pytest.approx((10, 480, 240))
    assert crop.left + crop.width / 2 == 120


@pytest.mark.parametrize("mirrored", [False, True])
def test_c7_comes_to_the_top_and_the_sacrum_to_the_bottom(mirrored: bool) -> None:
    c7, sacrum = (100.0, 50.0), (140.0, 450.0)
    crop = alignment_crop(c7, sacrum)
    move = aligned_from_image(crop, SIZE, mirrored=mirrored)
    top, bottom = pictures.apply(move, np.array([c7, sacrum]))
    # 40 px apart across, of 200 in 128: 12.8 to either side of the middle.
    assert top == pytest.approx([64 + (12.8 if mirrored else -12.8), 0])
    assert bottom == pytest.approx([64 - (12.8 if mirrored else -12.8), 256])


def disc(shape: tuple[int, int], centre: tuple[float, float], radius: float) -> np.ndarray:
    rows, columns = np.mgrid[0 : shape[0], 0 : shape[1]] + 0.5
    near: np.ndarray = np.hypot(columns - centre[0], rows - centre[1]) < radius
    return near.astype(np.uint8) * 255


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("scale", [0.5, 2.3, 5.7])
def test_pixels_go_where_points_go(scale: float, mirrored: bool) -> None:
    c7, sacrum = (60.0 * scale, 20.0 * scale), (50.0 * scale, 180.0 * scale)
    shape = (round(220 * scale), round(120 * scale))
    spot = (70.0 * scale, 130.0 * scale)
    crop = alignment_crop(c7, sacrum)
    move = aligned_from_image(crop, SIZE, mirrored=mirrored)
    made = resampled(disc(shape, spot, 6 * scale), move, SIZE).astype(float)
    rows, columns = np.mgrid[0 : SIZE[1], 0 : SIZE[0]] + 0.5
    found = np.array([(made * columns).sum(), (made * rows).sum()]) / made.sum()
    assert found == pytest.approx(pictures.apply(move, np.array([spot]))[0], abs=0.2)


def test_shrinking_averages_and_does_not_alias() -> None:
    """A film of lines one pixel wide, five times too fine to be seen, turns grey and not into bands."""
    lines = np.zeros((1280, 640), dtype=np.uint8)
    lines[:, ::2] = 255
    made = resampled(lines, np.array([[0.2, 0, 0], [0, 0.2, 0]]), SIZE)
    assert abs(made.astype(float) - 127.5).max() < 30
    assert made.mean() == pytest.approx(127.5, abs=2)


def test_depth_is_averaged_over_readings_only() -> None:
    depth = np.full((512, 256), 1500, dtype=np.uint16)
    depth[200:, ::4] = 0  # of each four readings one is missing
    depth[:100] = 0
    made = resampled_depth(depth, np.array([[0.5, 0, 0], [0, 0.5, 0]]), SIZE)
    assert made[made > 0] == pytest.approx(1500, abs=0.01)
    assert not made[:50].any()
    assert (made[51:100] > 0).all()
    assert (made[101:, 1::2] > 0).all()


def test_what_lies_beyond_the_film_is_known() -> None:
    crop = alignment_crop((100, 50), (100, 450))  # 200 wide: from 0 to 200
    move = aligned_from_image(crop, SIZE)
    seen = inside((460, 150), move, SIZE)  # the film is only 150 wide: 96 of 128
    assert seen[:, :96].all()
    assert not seen[:, 96:].any()
    film = np.full((460, 150), 200, dtype=np.uint8)
    assert np.array_equal(resampled(film, move, SIZE), np.where(seen, 200, 0))  # no dark fringe
