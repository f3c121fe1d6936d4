"""When a reading is not to be trusted, and why, in words for the person who will look."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from annotation.spine.cobb import Curve
from annotation.spine.shape import Oddity, oddities, told
from inference.vertebrae.angles import MOST_DOUBT_DEG, Angle
from inference.vertebrae.chain import SpineLine
from inference.vertebrae.films import LEVELS, VERTEBRAE, Floats

FAINT_BELOW: Final = 0.6
"""Of the finder's line. Over 481 films that the networks had not seen: 0.95 in the middle, 0.68 for the
faintest in a hundred."""
ROUGH_ABOVE: Final = 0.6
UNSEEN_ABOVE: Final = 1.0
APART_ROWS: Final = 20.0
HEIGHT_BELOW: Final = 0.1
MEAN_HEIGHT_BELOW: Final = 0.45
"""Of the seventeen centres. Over the same films 0.75 in the middle and 0.45 for the faintest in a hundred;
0.35 to 0.43 on three films of other parts of the body."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """A sentence, and the vertebrae that it is about; none where it is about all of them."""

    levels: tuple[str, ...]
    text: str

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)


def spine_doubts(line: SpineLine, heights: Floats) -> list[str]:
    """What speaks against there being a whole spine; empty when nothing does. Such a film is not read."""
    found = []
    if line.confidence < FAINT_BELOW or line.rough > ROUGH_ABOVE or heights.mean() < MEAN_HEIGHT_BELOW:
        found.append(
            "No clear spine from T1 to L5 was found; is this a frontal film of the whole spine? "
            f"(certainty of its line {line.confidence:.2f}, of its vertebrae {heights.mean():.2f})"
        )
    if line.unseen > UNSEEN_ABOVE:
        found.append(
            f"About {line.unseen:.0f} of the {VERTEBRAE} vertebrae T1 to L5 lie outside the picture."
        )
    return found


def body_doubts(corners_px: Floats, heights: Floats, apart_rows: float) -> list[Doubt]:
    """What is unusual about the vertebrae found."""
    found = []
    if apart_rows > APART_ROWS:
        text = (
            "The film and its mirror image were read as different vertebrae; check the levels, and whether "
            "the number of vertebrae is unusual."
        )
        found.append(Doubt((), text))
    faint = tuple(LEVELS[row] for row in range(len(heights)) if heights[row] < HEIGHT_BELOW)
    if faint:
        found.append(Doubt(faint, f"Hardly to be seen: {', '.join(faint)}."))
    if len(corners_px) == VERTEBRAE:
        found += [Doubt(levels, text) for levels, text in told(odd_bodies(corners_px), LEVELS)]
    return found


def odd_bodies(corners_px: Floats) -> list[Oddity]:
    """The shape model's oddities; none where the column cannot be judged."""
    try:
        return oddities(corners_px)
    except ValueError:
        return []


def angle_doubt(major: Angle, curves: Sequence[tuple[Curve, float]]) -> str | None:
    """Why no angle is given; None when one is.

    `major`: the challenge's largest angle; `curves`: the clinical ones with their doubts. Of these the
    largest counts, because it is acted on.
    """
    doubt_deg = major.doubt_deg
    if curves:
        _, of_largest_deg = max(curves, key=lambda each: abs(each[0].angle_deg))
        doubt_deg = max(doubt_deg, of_largest_deg)
    if doubt_deg <= MOST_DOUBT_DEG:
        return None
    return (
        f"The largest angle may be off by {doubt_deg:.0f} degrees, more than {MOST_DOUBT_DEG:.0f}: "
        "check its vertebrae."
    )
