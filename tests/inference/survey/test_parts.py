"""The numbers of a survey, against numpy on the same pixels and against cases worked by hand."""

import numpy as np
import pytest

from inference.survey.angles import angles_of
from inference.survey.histogram import Histogram
from inference.survey.pixels import Pixels
from inference.survey.places import MOST_DOTS, places_of, sizes_of


def test_a_histogram_knows_mean_and_deviation_exactly() -> None:
    values = np.random.default_rng(1).integers(0, 256, (40, 50), dtype=np.uint8)
    counted = Histogram(256)
    counted.add(values[:13])
    counted.add(values[13:])
    found = counted.summary()
    assert found is not None
    assert found["pixels"] == 2000
    assert (found["min"], found["max"]) == (values.min(), values.max())
    assert found["mean"] == pytest.approx(values.mean(), abs=1e-12)
    assert found["sd"] == pytest.approx(values.std(), abs=1e-12)
    assert len(found["bins"]) == 32
    assert sum(found["bins"]) == pytest.approx(1, abs=1e-4)
    with pytest.raises(ValueError, match="above 255"):
        counted.add(np.array([256]))


def test_a_part_of_a_range_is_measured_by_itself() -> None:
    counted = Histogram(2000)
    counted.add(np.array([0, 0, 1199, 1200, 1300, 1800, 1801]))
    found = counted.summary(1200, 1800)
    assert found is not None
    assert (found["pixels"], found["min"], found["max"]) == (3, 1200, 1800)
    # Drawn from the least to the largest value there is, so that few of a long range are seen.
    assert [round(found["bins"][part], 3) for part in (0, 5, 31)] == [0.333, 0.333, 0.333]
    assert found["mean"] == pytest.approx(4300 / 3)
    assert counted.summary(2, 1000) is None
    assert counted.share(0, 0) == pytest.approx(2 / 7)


def test_depth_is_told_apart_as_in_table_3() -> None:
    pixels = Pixels()
    pixels.add_depth(np.array([[0, 1250], [1350, 4000]], dtype=np.uint16))
    found = pixels.summary()["depth_mm"]
    assert found["whole"]["mean"] == pytest.approx((1250 + 1350 + 4000) / 4)
    assert (found["whole"]["min"], found["whole"]["max"]) == (0, 4000)
    assert (found["back"]["mean"], found["back"]["sd"]) == (pytest.approx(1300), pytest.approx(50))
    assert (found["beyond"]["pixels"], found["beyond"]["mean"]) == (1, 4000)
    assert (found["holes"], found["back_share"]) == (0.25, 0.5)


def test_channels_are_not_mixed_up_and_splits_add_up() -> None:
    first, second = Pixels(), Pixels()
    first.add_colour(np.full((2, 2, 3), (10, 20, 30), dtype=np.uint8))
    second.add_colour(np.full((2, 2, 3), (30, 20, 10), dtype=np.uint8))
    second.add_film(np.full((3, 3, 3), 200, dtype=np.uint8))
    levels = {entry["name"]: entry for entry in (first + second).summary()["levels"]}
    assert [*levels] == ["red", "green", "blue", "grey"]
    assert (levels["red"]["mean"], levels["red"]["sd"]) == (20, 10)
    assert (levels["green"]["mean"], levels["green"]["sd"]) == (20, 0)
    assert (levels["grey"]["pixels"], levels["grey"]["mean"]) == (9, 200)
    assert first.summary()["depth_mm"] is None


def test_the_scatter_is_in_shares_of_each_picture() -> None:
    pictures = [(((10.0, 20.0), None), 100, 200), (((60.0, 40.0), (20.0, 10.0)), 200, 100)]
    found = places_of(["C7", "sacrum"], pictures)
    assert found["points"][0] == {
        "name": "C7",
        "images": 2,
        "mean": pytest.approx([0.2, 0.25]),
        "covariance": pytest.approx([0.01, 0.015, 0.0225]),
    }
    assert found["points"][1]["images"] == 1
    assert found["dots"] == [[0, 0.1, 0.1], [0, 0.3, 0.4], [1, 0.1, 0.1]]
    assert found["aspect"] == 1.25
    assert places_of(["C7"], [((None,), 10, 10)])["points"][0]["mean"] is None


def test_many_dots_are_thinned_out_but_all_are_counted() -> None:
    pictures = [(((float(x), 5.0),), 10_000, 10) for x in range(2 * MOST_DOTS + 1)]
    found = places_of(["C7"], pictures)
    assert found["points"][0]["images"] == 2 * MOST_DOTS + 1
    assert MOST_DOTS / 2 < len(found["dots"]) <= MOST_DOTS


def test_angles_are_binned_by_five_and_by_severity() -> None:
    found = angles_of([0.0, 4.9, 5.0, 10.0, 24.9, 25.0, 45.0, 71.0], images=10)
    assert found["bins"] == [2, 1, 1, 0, 1, 1, 0, 0, 0, 1, 0, 0, 0, 0, 1]
    assert found["severity"] == [3, 2, 1, 2]
    assert (found["images"], found["without"], found["max"]) == (8, 2, 71.0)
    assert angles_of([], images=3) == {"images": 0, "without": 3, "bins": [], "severity": [0, 0, 0, 0]}


def test_sizes_are_counted_the_commonest_first() -> None:
    assert sizes_of([(4, 3), (8, 6), (8, 6)]) == [
        {"width": 8, "height": 6, "images": 2},
        {"width": 4, "height": 3, "images": 1},
    ]
