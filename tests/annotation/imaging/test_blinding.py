"""Blinded films: whatever went in, the same shape, encoding and length come out."""

import io

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from annotation.imaging.blinding import BlindFrame, Region, blinded_film, frame_of, spine_region
from annotation.imaging.raster import RasterError


def png(pixels: NDArray[np.uint8]) -> bytes:
    return bytes(cv2.imencode(".png", pixels)[1].tobytes())


def decoded(content: bytes) -> NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(content)))


def test_the_frame_enlarges_no_film_and_leaves_no_bars() -> None:
    assert frame_of([(1000, 2400), (576, 576)]) == BlindFrame(240, 576)
    assert frame_of([(1000, 2400), (1200, 2400)]) == BlindFrame(427, 1024)
    assert frame_of([(2000, 1000)]) == BlindFrame(1000, 1000)
    assert frame_of([(100, 1000)]) == BlindFrame(400, 1000)
    with pytest.raises(ValueError, match="at least one"):
        frame_of([])


def test_films_of_any_kind_become_files_of_one_length_and_form() -> None:
    rng = np.random.default_rng(3)
    noisy = rng.integers(0, 256, (700, 300), np.uint8)
    smooth = np.tile(np.linspace(40, 90, 576).astype(np.uint8), (576, 1))
    jpeg = bytes(cv2.imencode(".jpg", noisy)[1].tobytes())
    deep = png((noisy.astype(np.uint16) * 16)[:, :250])  # type: ignore[arg-type]
    frame = frame_of([(300, 700), (576, 576), (250, 700)])
    made = [blinded_film(each, frame, flipped=False) for each in (png(noisy), png(smooth), jpeg, deep)]
    assert len({len(each) for each in made}) == 1
    opened = [Image.open(io.BytesIO(each)) for each in made]
    assert {(each.format, each.mode, each.size) for each in opened} == {("PNG", "L", (frame.width, 576))}
    assert all(not each.info for each in opened)
    assert all(np.ptp(decoded(each)) > 150 for each in made)


def test_a_flipped_film_is_mirrored_and_a_wide_one_cut_around_its_middle() -> None:
    left = np.zeros((100, 40), np.uint8)
    left[:, :10] = 200
    shown = decoded(blinded_film(png(left), BlindFrame(40, 100), flipped=True))
    assert shown[:, 30:].min() == 255
    assert shown[:, :30].max() == 0
    wide = np.zeros((100, 100), np.uint8)
    wide[:, 45:55] = 200
    cut = decoded(blinded_film(png(wide), BlindFrame(40, 100), flipped=False))
    assert np.flatnonzero(cut[50]).tolist() == list(range(15, 25))


def test_an_angle_on_a_reduced_film_is_that_of_the_film() -> None:
    """One factor for x and y: a line of slope 1 keeps it."""
    film = np.zeros((800, 400), np.uint8)
    cv2.line(film, (50, 200), (350, 500), 255, 3)
    rows, columns = np.nonzero(decoded(blinded_film(png(film), BlindFrame(160, 320), flipped=False)))
    slope = np.polyfit(columns, rows, 1)[0]
    assert slope == pytest.approx(1, abs=0.01)


def test_a_broken_film_is_refused() -> None:
    with pytest.raises(RasterError):
        blinded_film(b"no film", BlindFrame(40, 100), flipped=False)


def test_a_film_is_cut_to_what_lies_between_c7_and_the_sacrum() -> None:
    region = spine_region((60, 100), (40, 300), (100, 400))
    assert region == Region(left=0.0, top=0.25, width=1.0, height=0.5)
    with pytest.raises(ValueError, match="above"):
        spine_region((60, 300), (40, 100), (100, 400))
    pixels = np.zeros((400, 100), np.uint8)
    pixels[100:110] = 200
    pixels[290:300, :50] = 200
    shown = decoded(blinded_film(png(pixels), BlindFrame(100, 200), flipped=True, region=region))
    assert shown[:10].min() == 255
    assert shown[190:, 50:].min() == 255
    assert shown[190:, :50].max() == 0


def test_a_region_beyond_the_edge_is_black_there() -> None:
    pixels = np.full((200, 40), 90, np.uint8)
    pixels[::2] = 120
    region = spine_region((20, 0), (20, 200), (40, 200))
    shown = decoded(blinded_film(png(pixels), BlindFrame(100, 200), flipped=False, region=region))
    assert shown[:, :29].max() == 0
    assert shown[:, 31:69].mean() > 100
