"""Sessions in the database. A key that we never made is not looked up."""

from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import VALID_KEY_CHARS

_KEY_LENGTH = 32


class SessionStore(db.SessionStore):
    """Django's, but a cookie may hold anything, a NUL too, which PostgreSQL refuses with an error."""

    def _validate_session_key(self, key: str | None) -> bool:
        return key is not None and len(key) == _KEY_LENGTH and set(key) <= set(VALID_KEY_CHARS)
