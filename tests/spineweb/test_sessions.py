"""Strange session keys reach no database."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from spineweb.sessions import SessionStore


@pytest.mark.parametrize("key", ["", "x" * 31, "x" * 33, "\x00" * 32, "X" * 32, "é" * 32, "../" * 11])
def test_a_key_that_we_never_made_is_not_looked_up(db: None, key: str) -> None:
    with CaptureQueriesContext(connection) as queries:
        session = SessionStore(key)
        assert session.session_key is None
        assert session.get("_auth_user_id") is None
    assert len(queries) == 0
