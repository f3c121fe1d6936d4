"""Sessions in the database, with the cache before it. A key that we never made is not looked up anywhere."""

import logging
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends import cached_db
from django.contrib.sessions.backends.base import VALID_KEY_CHARS
from django.core.cache import caches
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)
_KEY_LENGTH = 32
# A session that ended while the cache was away lives in it for no longer than this.
_CACHED_S = 60


class _ForgivingCache:
    """A cache that has nothing and takes nothing while its server is away: the database has it all."""

    def __init__(self, cache: Any) -> None:
        self._cache = cache

    def get(self, key: str) -> Any:
        return self._try("get", key)

    def set(self, key: str, value: Any, timeout_s: float) -> None:
        self._try("set", key, value, min(timeout_s, _CACHED_S))

    def delete(self, key: str) -> None:
        self._try("delete", key)

    def __contains__(self, key: str) -> bool:
        return bool(self._try("has_key", key))

    def _try(self, method: str, *arguments: Any) -> Any:
        try:
            return getattr(self._cache, method)(*arguments)
        except RedisError as error:
            logger.warning("The cache does not answer: %s", error)
            return None


class SessionStore(cached_db.SessionStore):
    """Django's, but for two things. A cookie may hold anything, a NUL too, which PostgreSQL refuses with an
    error: such a key is none. And a cache server that is away must sign nobody out and lose nobody's work."""

    def __init__(self, session_key: str | None = None) -> None:
        super().__init__(session_key)
        self._cache = _ForgivingCache(caches[settings.SESSION_CACHE_ALIAS])

    def _validate_session_key(self, key: str | None) -> bool:
        return key is not None and len(key) == _KEY_LENGTH and set(key) <= set(VALID_KEY_CHARS)
