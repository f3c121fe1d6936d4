"""The cache on Redis keeps its connections from one request's context to the next."""

import os
from contextvars import Context

import pytest

from spineweb.cache import SharedRedisCache


@pytest.mark.redis
def test_another_context_uses_the_same_connections() -> None:
    def connection_of() -> int:
        cache = SharedRedisCache(os.environ["SPINEWEB_TEST_REDIS"], {})
        cache.set("spineweb-test", "kept", 10)
        assert cache.get("spineweb-test") == "kept"
        return id(cache._cache.get_client(None, write=True).connection_pool)

    assert Context().run(connection_of) == Context().run(connection_of)
