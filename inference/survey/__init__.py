"""A survey of a snapshot: what its pictures, depths, points and angles are like, in numbers.

    python -m inference.survey RUN_DIR

reads the cases of a run folder and leaves result.json: grey levels per channel and depth as in tables 2 and
3 of seed 000, where each landmark lies, sizes, Cobb angles; for the whole and for each split. A program of
its own, so that no worker or web process decodes a picture. Pure numpy and OpenCV: no torch, no rows.
"""
