"""The spine as arithmetic: arrays in, frozen dataclasses out.

Owns the vertebral levels, the landmark schemas, the Cobb angle and the curves found with it, posture and
surface indices, plane geometry, and the statistics of agreement between readers. Knows no Django, no files
and no drawing. `frontend/src/core/spine` is the twin of `levels`, `cobb` and `balance` in TypeScript;
`tests/golden/cobb.json` holds both to the same answers.

Pixels are x right, y down, continuous, (0, 0) at the outer corner of the first pixel. Tilts are positive
when the image-right end lies lower.
"""
