"""One child, built: the spine, what surrounds it, and the landmarks on the skin."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from inference.phantom import anomaly, organs, skeleton, skin, warp
from inference.phantom.design import StudyDesign
from inference.phantom.mesh import Mesh, merged
from inference.phantom.morphometry import FIRST_LABELLED, LEVELS, Floats
from inference.phantom.spine import Spine, build, straight
from inference.phantom.tissue import FAT, SOFT_OVER_FAT
from inference.phantom.vertebrae import discs, vertebra

FILM_MARGIN_PX: Final = 6.0
LEAN_MM: Final = -3.0
"""Padding of the flesh itself; what the skin has over it is fat, also on the slimmest."""


@dataclass(frozen=True)
class Body:
    """All geometry of one study in the body frame."""

    design: StudyDesign
    straight: Spine
    spine: Spine
    warp: warp.Warp
    outside: skin.Outside
    height: skin.BackHeight
    back_landmarks: dict[str, Floats]

    def bones(self) -> list[Mesh]:
        """Skeleton: vertebrae, ribs, pelvis, shoulder girdle, skull base."""
        shape = self.design.build
        chest_z = float(self.warp.column_z(np.array(-400.0 * shape.scale)))
        return [
            *(vertebra(self.spine, i) for i in range(len(LEVELS))),
            skeleton.ribs(self.straight, self.spine, shape, self.warp),
            skeleton.sacrum_and_pelvis(self.spine, shape),
            skeleton.shoulder_girdle(shape, self.warp, chest_z),
            skeleton.skull_base(self.spine),
        ]

    def coarse_skin(self) -> Mesh:
        """Trunk and arms inside the skin, 1 per mm."""
        trunk = skin.coarse_trunk(self.design.build, self.warp, self.spine, self.design.relief)
        limbs = skin.arms(self.design.build, self.warp, self.design.relief)
        return merged([part.weighted(1.0) for part in (trunk, *limbs)])

    def soft_parts(self) -> tuple[Sequence[Mesh], Sequence[Mesh]]:
        """Trunk inside the skin, lungs, airway and muscle, and beside them bowel gas; each adds to what it
        lies in."""
        shape, design = self.design.build, self.design
        grown = np.clip((design.age_years - 11) / 5.0, 0.0, 1.0) if design.sex == "F" else 0.0
        only = anomaly.only_lung(design.anomaly, design.stream("anomaly"))
        lean = replace(shape, padding_mm=LEAN_MM)
        soft = [
            skin.coarse_trunk(shape, self.warp, self.spine, design.relief).weighted(FAT),
            skin.coarse_trunk(lean, self.warp, self.spine, design.relief).weighted(SOFT_OVER_FAT),
            *(arm.scaled(0.75) for arm in skin.arms(shape, self.warp, design.relief)),
            organs.breasts(shape, self.warp, float(grown)),
            organs.vessels(shape, self.warp, design.stream("vessels"), only),
            organs.lungs(shape, self.warp, only),
            organs.airway(self.spine),
            organs.psoas(self.spine),
            organs.liver(shape, self.warp),
            discs(self.spine),
            *self._foreign(),
        ]
        return soft, organs.gas(shape, self.warp, design.stream("gas"))

    def _foreign(self) -> list[Mesh]:
        """What does not belong to the child."""
        design = self.design
        if design.anomaly == "brace":
            return [anomaly.brace(design.build, self.warp, design.stream("anomaly"))]
        if design.anomaly == "rods":
            return [anomaly.rods(self.spine, design.spine.plan, design.stream("anomaly"))]
        return []


def build_body(design: StudyDesign) -> Body:
    """Build everything but the pictures."""
    before, bent = straight(design.spine), build(design.spine, design.film)
    carry = warp.between(before, bent, design.posture)
    outer = skin.outside(design.build, carry, bent, design.relief)
    height = skin.back_height(outer.trunk)
    marks = skin.back_landmarks(design.build, carry, bent, height)
    # A radiographer centres the film on the child.
    film = design.film.holding(bent.corners[FIRST_LABELLED:].reshape(-1, 3), FILM_MARGIN_PX)
    return Body(replace(design, film=film), before, bent, carry, outer, height, marks)
