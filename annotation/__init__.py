"""Projects, subjects, studies, images, landmarks, measurements and reports.

`spine` and `imaging` are pure: arrays in, dataclasses out. `models` holds the rows and the rule of each row,
`actions` every write across rows, `permissions` who may do what, `api` and `pages` the thin edge to the
browser. Nothing here knows of torch, nor of the `inference` app above it.
"""
