"""Recipes: how a network is trained, as frozen dataclasses saved beside the weights.

`base` holds what every training has; `landmarks`, `synthesis` and `vertebrae` are the kinds of training, each
with its recipes; `catalogue` finds a recipe by name and reads one back from JSON. Nothing here knows torch:
the web side lists and checks recipes, the trainers obey them.
"""
