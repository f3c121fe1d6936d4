"""A reader of EBML elements (RFC 8794), the container format under Matroska, made for files nobody vouches
for.

It never reads what it was not asked for, never believes a length beyond the element around it, and counts
elements, so that memory and time stay bounded by the file's real size.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from capture_agent.k4a.errors import UnusableFile

MAX_ELEMENTS = 2_000_000
MAX_VALUE_BYTES = 1 << 20


class EbmlError(UnusableFile):
    """The bytes are not the EBML they claim to be."""


@dataclass(frozen=True)
class Element:
    """One element: its identifier with the length marker kept; where its head and its content begin and where
    it ends in the file, bytes."""

    identifier: int
    head: int
    start: int
    end: int
    unsized: bool = False

    @property
    def size(self) -> int:
        return self.end - self.start


class EbmlReader:
    """Elements of an open file by position; it keeps no content."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self.size = size
        self._elements = 0

    def children(self, start: int, end: int) -> Iterator[Element]:
        """The elements between two positions, in order; EbmlError where they do not fit."""
        position = start
        while position < end:
            element = self._element(position, end)
            yield element
            position = element.end

    def read(self, element: Element, limit: int = MAX_VALUE_BYTES) -> bytes:
        """The content; EbmlError where it is longer than `limit` or the file ends before it does."""
        if element.size > limit:
            raise EbmlError("The recording holds an entry that is longer than it may be.")
        self._file.seek(element.start)
        content = self._file.read(element.size)
        if len(content) != element.size:
            raise EbmlError("The recording ends too early.")
        return content

    def unsigned(self, element: Element) -> int:
        """The content as a whole number of at most 8 bytes."""
        return int.from_bytes(self.read(element, 8), "big")

    def text(self, element: Element, limit: int = 4096) -> str:
        """The content as text without padding; what is no UTF-8 is replaced."""
        return self.read(element, limit).split(b"\0")[0].decode("utf-8", "replace")

    def real(self, element: Element) -> float:
        """The content as a finite float of 4 or 8 bytes."""
        content = self.read(element, 8)
        formats = {4: ">f", 8: ">d"}
        if len(content) not in formats:
            raise EbmlError("The recording holds a broken number.")
        value = float(struct.unpack(formats[len(content)], content)[0])
        if not math.isfinite(value):
            raise EbmlError("The recording holds a broken number.")
        return value

    def _element(self, position: int, end: int) -> Element:
        self._elements += 1
        if self._elements > MAX_ELEMENTS:
            raise EbmlError("The recording holds too many entries.")
        self._file.seek(position)
        head = self._file.read(min(12, end - position))
        identifier_bytes = _vint_length(head, 0, 4)
        size_bytes = _vint_length(head, identifier_bytes, 8)
        start = position + identifier_bytes + size_bytes
        field = int.from_bytes(head[identifier_bytes : identifier_bytes + size_bytes], "big")
        all_ones = (1 << (7 * size_bytes)) - 1
        size = field & all_ones
        unsized = size == all_ones
        if not unsized and start + size > end:
            raise EbmlError("The recording is cut off or damaged: an entry reaches beyond its end.")
        identifier = int.from_bytes(head[:identifier_bytes], "big")
        return Element(identifier, position, start, end if unsized else start + size, unsized)


def _vint_length(head: bytes, at: int, longest: int) -> int:
    if at >= len(head) or head[at] == 0:
        raise EbmlError("The recording is cut off or damaged.")
    length = 9 - head[at].bit_length()
    if length > longest or at + length > len(head):
        raise EbmlError("The recording is cut off or damaged.")
    return length
