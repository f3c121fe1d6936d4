"""Where captures come from: a camera, or a recording that stands for one. What all have in common
is in `source`.
"""
