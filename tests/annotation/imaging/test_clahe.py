"""The pictures that the browser's local contrast is held to are what OpenCV makes."""

from tests.golden import make_clahe


def test_the_golden_pictures_are_those_of_opencv() -> None:
    assert make_clahe.FILE.read_text(encoding="utf-8") == make_clahe.text(), (
        "run python -m tests.golden.make_clahe"
    )
