"""The cache on Redis, with one pool of connections for the whole process."""

from functools import lru_cache
from typing import Any

from django.core.cache.backends.redis import RedisCache, RedisCacheClient

# A server that is gone without a word costs a request this long, not for ever.
_TIMEOUTS: dict[str, Any] = {"socket_connect_timeout": 2, "socket_timeout": 5}


@lru_cache
def _client(server: str) -> RedisCacheClient:
    return RedisCacheClient([server], **_TIMEOUTS)


class SharedRedisCache(RedisCache):
    """Django makes a cache object per context, and every request runs in a context of its own: with a pool
    in each, every request would connect anew (3 ms). The client and its pools are safe between threads."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._cache = _client(server)
