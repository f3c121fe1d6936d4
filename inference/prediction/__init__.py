"""Prediction on a run folder: `python -m inference.prediction RUN_DIR`.

The folder holds the weights, the recipe they were trained by and the images; result.json holds the points of
each image, in its stored pixels, with the height of the heatmap's peak as the network's own confidence.
"""
