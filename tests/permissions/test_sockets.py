"""Every websocket route x actor x whose project it is, against `sockets.csv`. A route it lacks fails."""

import asyncio
import csv
from pathlib import Path

import pytest
from asgiref.sync import sync_to_async

from spineweb.urls import websocket_urlpatterns
from tests.factories import Factory
from tests.inference.test_consumers import socket
from tests.permissions.world import World, build

ACTORS = ("anonymous", "assistant", "doctor", "admin", "site_admin")
TABLE = Path(__file__).with_name("sockets.csv")


def expected() -> list[dict[str, str]]:
    with TABLE.open(newline="") as handle:
        return list(csv.DictReader(handle))


def test_the_table_names_every_websocket_route() -> None:
    here = {str(route.pattern) for route in websocket_urlpatterns}
    assert {row["route"] for row in expected()} == here


async def outcome(world: World, actor: str, scope: str) -> str:
    """`open`, or the code that the server closes with."""
    query = f"project={world.ids[scope]['project_id']}"
    browser = await sync_to_async(socket)(world.people.get(actor), query)
    assert await browser.connect()
    try:
        return str(await asyncio.wait_for(browser.close_code(), 0.5))
    except TimeoutError:
        return "open"
    finally:
        browser.wire.stop()


@pytest.mark.django_db(transaction=True)
async def test_every_socket_opens_as_the_table_says(make: Factory) -> None:
    world = await sync_to_async(build)(make)
    wrong = []
    for row in expected():
        for actor in ACTORS:
            got = await outcome(world, actor, row["scope"])
            if got != row[actor]:
                wrong.append(f"{row['route']} {row['scope']} {actor}: {row[actor]} expected, {got} found")
    assert not wrong, "\n".join(wrong)
