"""What the ASGI application does with a websocket that has no route."""

import pytest
from channels.testing import WebsocketCommunicator

from spineweb.asgi import application


@pytest.mark.parametrize("path", ["/ws/v1/nothing/", "/api/v1/studies", "/"])
async def test_a_socket_without_a_route_is_refused_without_an_error(path: str) -> None:
    headers = [(b"origin", b"http://localhost"), (b"host", b"localhost")]
    communicator = WebsocketCommunicator(application, path, headers)
    accepted, _ = await communicator.connect()
    assert not accepted
