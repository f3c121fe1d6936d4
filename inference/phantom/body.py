"""One child, built: the spine, what surrounds it, and the landmarks on the skin."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from inference.phantom import organs, skeleton, skin, warp
from inference.phantom.design import StudyDesign
from inference.phantom.mesh import Mesh
from inference.phantom.morphometry import LEVELS, Floats
from inference.phantom.spine import Spine, build, straight
from inference.phantom.vertebrae import vertebra


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

    def soft_parts(self) -> Sequence[Mesh]:
        """Trunk inside the skin, lungs, airway, muscle and gas; each adds to what it lies in."""
        shape, design = self.design.build, self.design
        grown = np.clip((design.age_years - 11) / 5.0, 0.0, 1.0) if design.sex == "F" else 0.0
        return [
            skin.coarse_trunk(shape, self.warp, self.spine, design.relief),
            *(arm.scaled(0.75) for arm in skin.arms(shape, self.warp)),
            organs.breasts(shape, self.warp, float(grown)),
            organs.vessels(shape, self.warp, design.stream("vessels")),
            organs.lungs(shape, self.warp),
            organs.airway(self.spine),
            organs.psoas(self.spine),
            organs.gas(shape, self.warp, design.stream("gas")),
        ]


def build_body(design: StudyDesign) -> Body:
    """Build everything but the pictures."""
    before, bent = straight(design.spine), build(design.spine, design.film)
    carry = warp.between(before, bent)
    outer = skin.outside(design.build, carry, bent, design.relief)
    height = skin.back_height(outer.trunk)
    marks = skin.back_landmarks(design.build, carry, bent, height)
    return Body(design, before, bent, carry, outer, height, marks)
