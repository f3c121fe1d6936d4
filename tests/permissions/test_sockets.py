"""Every websocket route x actor x whose project it is, against `sockets.csv`. A route it lacks fails."""

import asyncio
import csv
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from capture_agent.protocol.messages import Watch
from spineweb.urls import agent_websocket_urlpatterns, websocket_urlpatterns
from tests.annotation.consumers.sockets import AgentEnd, End, ViewerEnd, session_of
from tests.factories import Factory
from tests.inference.test_consumers import socket
from tests.permissions.world import World, build

ACTORS = ("anonymous", "assistant", "doctor", "admin", "site_admin")
TABLE = Path(__file__).with_name("sockets.csv")


def expected() -> list[dict[str, str]]:
    with TABLE.open(newline="") as handle:
        return list(csv.DictReader(handle))


def test_the_table_names_every_websocket_route() -> None:
    here = {str(route.pattern) for route in (*websocket_urlpatterns, *agent_websocket_urlpatterns)}
    assert {row["route"] for row in expected()} == here


async def jobs(world: World, actor: str, scope: str) -> Any:
    query = f"project={world.ids[scope]['project_id']}"
    return await sync_to_async(socket)(world.people.get(actor), query)


async def viewer(world: World, actor: str, scope: str) -> Any:
    person = world.people.get(actor)
    return ViewerEnd("" if person is None else await sync_to_async(session_of)(person))


async def agent(world: World, actor: str, scope: str) -> Any:
    """An agent's socket as a browser would open it, its session and all."""
    person = world.people.get(actor)
    cookie = "" if person is None else await sync_to_async(session_of)(person)
    return AgentEnd(headers=[(b"origin", b"http://localhost"), (b"cookie", f"sessionid={cookie}".encode())])


OPENERS = {"ws/v1/jobs/": jobs, "ws/v1/capture/view/": viewer, "ws/v1/capture/agent/": agent}


async def outcome(world: World, route: str, actor: str, scope: str) -> str:
    """`open`, or the code that the server closes with."""
    browser = await OPENERS[route](world, actor, scope)
    assert await (browser.open() if isinstance(browser, End) else browser.connect())
    if isinstance(browser, ViewerEnd):
        await browser.say(Watch(agent=world.ids[scope]["token_id"]))
    try:
        async with asyncio.timeout(0.5):
            return str(
                (await browser.closed())[0] if isinstance(browser, End) else await browser.close_code()
            )
    except (TimeoutError, AssertionError):
        return "open"
    finally:
        browser.wire.stop()


@pytest.mark.django_db(transaction=True)
async def test_every_socket_opens_as_the_table_says(make: Factory) -> None:
    world = await sync_to_async(build)(make)
    wrong = []
    for row in expected():
        for actor in ACTORS:
            got = await outcome(world, row["route"], actor, row["scope"])
            if got != row[actor]:
                wrong.append(f"{row['route']} {row['scope']} {actor}: {row[actor]} expected, {got} found")
    assert not wrong, "\n".join(wrong)
