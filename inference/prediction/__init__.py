"""Prediction on a run folder: `python -m inference.prediction RUN_DIR`.

The folder holds the weights, the recipe they were trained by and the images; result.json holds the points of
each image, in its stored pixels, with the height of the heatmap's peak as the network's own confidence and a
covariance, [xx, xy, yy] in px^2 of the stored image, as its doubt about the place (null where it has none),
made true on the training's validation cases. A synthesis leaves films/, each with its C7 and sacrum and the
way from the back to it. A picture unlike those of the training is `flagged` with the reason, not answered.
"""
