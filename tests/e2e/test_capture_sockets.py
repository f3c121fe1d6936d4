"""The agent's socket of a running server: what no test without a network can show."""

import asyncio
import time
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from capture_agent.protocol import messages
from capture_agent.protocol.messages import FROM_AGENT, TO_AGENT, Welcome
from tests.annotation.consumers.sockets import hello
from tests.e2e.apart import run_apart
from tests.e2e.backstage import Backstage
from tests.e2e.installation import Installation


@pytest.fixture
def token(backstage: Backstage, project: dict[str, str]) -> dict[str, Any]:
    made: dict[str, Any] = backstage("agent_token", project=project["id"], name="Socket")
    return made


def opening(installation: Installation, query: str = "", **headers: str) -> connect:
    address = installation.address.replace("http", "ws", 1) + messages.AGENT_SOCKET + query
    return connect(
        address,
        subprotocols=[Subprotocol(messages.AGENT_SUBPROTOCOL)],
        additional_headers=headers,
        compression=None,
    )


async def closed(socket: ClientConnection) -> int:
    try:
        async with asyncio.timeout(20):
            while True:
                await socket.recv()
    except ConnectionClosed as gone:
        return gone.rcvd.code if gone.rcvd else 1006


def test_a_frame_of_64_mb_is_refused_and_not_kept(installation: Installation, token: dict[str, Any]) -> None:
    async def flood() -> int:
        async with opening(installation, Authorization=f"Bearer {token['secret']}") as socket:
            await socket.send(FROM_AGENT.pack(hello()))
            assert isinstance(TO_AGENT.unpack(await socket.recv()), Welcome)
            try:
                await socket.send(bytes(64 << 20))
            except ConnectionClosed as gone:
                return gone.rcvd.code if gone.rcvd else 1006
            return await closed(socket)

    before = installation.web_memory_mb()
    for _ in range(3):
        assert run_apart(flood()) in {1009, 1006}
    time.sleep(0.5)
    assert installation.web_memory_mb() < before + 30


def test_a_token_counts_in_the_header_only(installation: Installation, token: dict[str, Any]) -> None:
    async def code(query: str = "", **headers: str) -> int:
        async with opening(installation, query, **headers) as socket:
            return await closed(socket)

    secret = token["secret"]
    assert run_apart(code(f"?token={secret}")) == 4401
    assert run_apart(code(Cookie=f"token={secret}")) == 4401
    origin = {"Authorization": f"Bearer {secret}", "Origin": installation.address}
    assert run_apart(code(**origin)) == 4403
