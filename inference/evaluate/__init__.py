"""How well vertebrae are read: `python -m inference.evaluate --weights W --data DIR --json OUT`.

`readers` turn weights, or a simple rule as the floor, into something that reads a film; `measure` asks it
about every film of a folder in the AASCE layout and compares; `disturb` moves the films first; `page` writes
the figures, plots and worst films for a person. The films' pixels go into the page and nowhere else.
"""
