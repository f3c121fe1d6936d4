"""Snapshots, jobs, model versions, networks, and the phantom.

Django knows rows, torch knows files: the rows and their actions live in `models` and `actions`, and never
import torch; `networks`, `training`, `prediction` and `phantom` never import Django. Between them lies a
run folder (`rundir`), which `runner` fills and starts as a separate program.
"""
