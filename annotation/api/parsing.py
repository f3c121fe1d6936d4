"""How a JSON body is read: bounded, strict, and free of what a database refuses."""

import json
import re
from typing import IO, Any, NoReturn

from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from annotation.actions.errors import TooLarge

# An import of 5,000 files is confirmed in 1.3 MB; nothing a page sends is larger.
MOST_BYTES = 2 * 2**20
# What Python's reader goes down to without trouble, and far more than anything here is nested.
_MOST_LEVELS = 64
_SUSPECT = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class JSONParser(BaseParser):
    """UTF-8 JSON of at most 2 MiB. NaN, Infinity, NUL characters and halves of characters are refused."""

    media_type = "application/json"

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None) -> Any:
        content = stream.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise TooLarge("The body is larger than 2 MiB; send less at once.")
        try:
            text = content.decode()
            data = json.loads(text, parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
            raise ParseError(f"The body is not JSON in UTF-8: {reason}.") from error
        if _SUSPECT.search(text):
            _check_texts(data, 0)
        return data


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number of JSON")


def _check_texts(value: Any, level: int) -> None:
    """Raise ParseError for a text, in any place, that no database stores."""
    if level > _MOST_LEVELS:
        raise ParseError("The body is not JSON in UTF-8: it is nested too deeply.")
    if isinstance(value, str) and _UNSTORABLE.search(value):
        raise ParseError("A text in the body holds a NUL character or half a character; remove it.")
    if isinstance(value, dict):
        for key, child in value.items():
            _check_texts(key, level + 1)
            _check_texts(child, level + 1)
    elif isinstance(value, list):
        for child in value:
            _check_texts(child, level + 1)
