"""Training on a run folder: `python -m inference.training RUN_DIR`. Torch knows files, never rows.

Each kind of training is one loop, read from top to bottom: `landmarks` on the cases of `dataset`, moved by
`augmentation` and judged by `metrics`; `synthesis` on the `pairs` of back and film, judged by `film_metrics`.
`engine` is what they stand on, `losses` what they lower. A killed training goes on from its
last checkpoint to the same weights (on a CPU, bit for bit): every random number is drawn from the recipe's
seed, the epoch and the case, and none from a generator that would have to be remembered.
"""
