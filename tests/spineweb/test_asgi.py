"""What the ASGI application does with a websocket that has no route."""

import pytest
from asgiref.testing import ApplicationCommunicator

from spineweb.asgi import application


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", ["/ws/v1/nothing/", "/api/v1/studies", "/"])
async def test_a_socket_without_a_route_is_refused_without_an_error(path: str) -> None:
    headers = [(b"origin", b"http://localhost"), (b"host", b"localhost")]
    scope = {"type": "websocket", "path": path, "query_string": b"", "headers": headers, "subprotocols": []}
    browser = ApplicationCommunicator(application, scope)
    await browser.send_input({"type": "websocket.connect"})
    assert (await browser.receive_output())["type"] == "websocket.close"
