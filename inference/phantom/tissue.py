"""Linear attenuation per mm at about 60 keV, the effective energy of a filtered 80-90 kV spine film.

NIST XCOM mass coefficients times ICRU-44 densities; cancellous bone is a child's (about 1.15 g/cm3).
"""

from typing import Final

SOFT: Final = 0.0205
FAT: Final = 0.0188
MUSCLE: Final = 0.0213
LUNG: Final = 0.0056
CORTICAL: Final = 0.0560
CANCELLOUS: Final = 0.0290
CARTILAGE: Final = 0.0225
GAS: Final = 0.0

# What a part adds to the ray inside soft tissue.
CORTEX_OVER_SOFT: Final = CORTICAL - SOFT
MARROW_OVER_CORTEX: Final = CANCELLOUS - CORTICAL
LUNG_OVER_SOFT: Final = LUNG - SOFT
GAS_OVER_SOFT: Final = GAS - SOFT
