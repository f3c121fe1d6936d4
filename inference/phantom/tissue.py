"""Linear attenuation per mm at about 60 keV, the effective energy of a filtered 80-90 kV spine film.

NIST XCOM mass coefficients times ICRU-44 densities; cancellous bone is a child's (about 1.1 g/cm3).
"""

from typing import Final

SOFT: Final = 0.0205
FAT: Final = 0.0188
MUSCLE: Final = 0.0213
LUNG: Final = 0.0056
CORTICAL: Final = 0.0560
CANCELLOUS: Final = 0.0260
CARTILAGE: Final = 0.0227
GAS: Final = 0.0
TITANIUM: Final = 0.345
POLYMER: Final = 0.0185
"""Polyethylene, of which braces are made; it lies in air."""

# What a part adds to the ray inside soft tissue.
CORTEX_OVER_SOFT: Final = CORTICAL - SOFT
MARROW_OVER_CORTEX: Final = CANCELLOUS - CORTICAL
DISC_OVER_SOFT: Final = CARTILAGE - SOFT
LUNG_OVER_SOFT: Final = LUNG - SOFT
GAS_OVER_SOFT: Final = GAS - SOFT
METAL_OVER_SOFT: Final = TITANIUM - SOFT
