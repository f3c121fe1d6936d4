"""Inspection of text tables: landmark coordinates, angles or file names in comma-separated lines."""

from __future__ import annotations

import csv
import io
import math

from annotation.imaging.errors import ImagingError
from annotation.imaging.results import Output

MAX_BYTES = 64 << 20


def inspect_table(content: bytes, output: Output) -> None:
    """Check that the file is a table of equally long rows; found: rows, columns, numeric. No file is
    derived.
    """
    if len(content) > MAX_BYTES:
        raise ImagingError("The table is too long to be one of landmarks.")
    count, columns, last = 0, set[int](), list[str]()
    try:
        for row in csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")):
            if row:
                count, last = count + 1, row
                columns.add(len(row))
    except (UnicodeDecodeError, csv.Error) as error:
        raise ImagingError("The text file is not a table in UTF-8.") from error
    if len(columns) != 1:
        raise ImagingError(
            "This text is not a table of landmarks: its rows do not all have the same number of columns."
        )
    output.found |= {"rows": count, "columns": columns.pop(), "numeric": all(map(_is_number, last))}


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
