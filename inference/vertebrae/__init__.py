"""Vertebrae on films, without a network: what the trainers, the predictor and the evaluator all stand on.

`films` reads folders in the AASCE layout and splits them by patient; `shape` is a model of how columns look,
for starting shapes, for repair and to find labels that are off; `strip` straightens a film along its column;
`chain` puts what a network saw into an ordered column; `angles` pushes the corners' covariance through Cobb's
rule. numpy, scipy and cv2 only: no torch, no Django, and no files but those that `films` reads.
"""
