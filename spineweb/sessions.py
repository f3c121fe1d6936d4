"""Sessions in the database, with the cache before it. A key that we never made is not looked up anywhere."""

from django.contrib.sessions.backends import cached_db
from django.contrib.sessions.backends.base import VALID_KEY_CHARS

_KEY_LENGTH = 32


class SessionStore(cached_db.SessionStore):
    """Django's, but a cookie may hold anything, a NUL too, which PostgreSQL refuses with an error."""

    def _validate_session_key(self, key: str | None) -> bool:
        return key is not None and len(key) == _KEY_LENGTH and set(key) <= set(VALID_KEY_CHARS)
