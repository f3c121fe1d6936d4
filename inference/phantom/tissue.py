"""Linear attenuation per mm at 60 keV, the effective energy of a filtered 80-90 kV spine film.

Mass coefficients of the ICRU-44 tissues, of titanium and of polyethylene from NIST (Hubbell & Seltzer, tables
3 and 4, https://physics.nist.gov/PhysRefData/XrayMassCoef/tab4.html) times the density in g/cm3, over ten.
What lies between these (flesh with its fat, a child's cancellous bone, discs) is mixed from them.
"""

from typing import Final

TISSUE: Final = 0.2048 * 1.06 / 10
FAT: Final = 0.1974 * 0.95 / 10
MUSCLE: Final = 0.2048 * 1.05 / 10
LUNG: Final = 0.2053 * 0.26 / 10
CORTICAL: Final = 0.3148 * 1.92 / 10
TITANIUM: Final = 0.7661 * 4.54 / 10
POLYMER: Final = 0.1970 * 0.93 / 10
"""Of which braces are made; it lies in air."""
GAS: Final = 0.0

SOFT: Final = 0.8 * TISSUE + 0.2 * FAT
"""Flesh and organs with the fat between them."""
CANCELLOUS: Final = SOFT + 0.14 * (CORTICAL - SOFT)
"""A child's: bone in one seventh of its volume."""
DISC: Final = 1.04 * TISSUE
LIVER: Final = TISSUE

# What a part adds to the ray inside soft tissue.
CORTEX_OVER_SOFT: Final = CORTICAL - SOFT
MARROW_OVER_CORTEX: Final = CANCELLOUS - CORTICAL
DISC_OVER_SOFT: Final = DISC - SOFT
LUNG_OVER_SOFT: Final = LUNG - SOFT
GAS_OVER_SOFT: Final = GAS - SOFT
METAL_OVER_SOFT: Final = TITANIUM - SOFT
LIVER_OVER_SOFT: Final = LIVER - SOFT
SOFT_OVER_FAT: Final = SOFT - FAT
