"""Training on a run folder: `python -m inference.training RUN_DIR`. Torch knows files, never rows.

`loop` is the whole training, read from top to bottom; `dataset` feeds it with cases, moved by
`augmentation`; `losses` is what it lowers and `metrics` what it reports. A killed training goes on from its
last checkpoint to the same weights (on a CPU, bit for bit): every random number is drawn from the recipe's
seed, the epoch and the case, and none from a generator that would have to be remembered.
"""
