"""`python -m capture_agent --server URL --source kinect|mkv:FILE|phantom:FILE`: beside the camera.

The token comes from SPINEWEB_AGENT_TOKEN or --token-file, never from an argument: everyone on the machine can
read those. Enter, or a foot switch that types it, takes a shot. Exit status: 0 ended by Ctrl-C, 2 wrong
arguments or a spool, key or token that cannot be used. `python -m capture_agent check` measures the camera.
"""

import argparse
import asyncio
import logging
import os
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from capture_agent import devicecheck
from capture_agent.agent import Agent, Keyed
from capture_agent.server import Server, ServerError
from capture_agent.sources.kinect import KinectSource
from capture_agent.sources.replay import Replay
from capture_agent.sources.source import Source
from capture_agent.spool import RESERVE_BYTES, Spool, SpoolError

TOKEN = "SPINEWEB_AGENT_TOKEN"  # noqa: S105 - the variable's name
LONGEST_COUNTDOWN_S = 30.0


class Wrong(Exception):
    """What is wrong with how the program was started, in one sentence."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    # It names each request's address at every piece of a shot.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    if given[:1] == ["check"]:
        return _check(given[1:])
    options = parser().parse_args(given)
    try:
        server = Server.at(
            options.server, read_token(options.token_file), allow_plain=options.allow_plain_http
        )
        source = source_of(options.source, options.colour)
        spool = Spool(options.spool, options.key_file, reserve_bytes=options.reserve_mb << 20)
    except (Wrong, ServerError, SpoolError) as error:
        print(f"capture_agent: {error}", file=sys.stderr)
        return 2
    try:
        asyncio.run(_run(server, source, spool, Keyed(options.countdown)))
    except KeyboardInterrupt:
        pass
    finally:
        spool.close()
    return 0


def parser() -> argparse.ArgumentParser:
    """The command line."""
    found = argparse.ArgumentParser(
        prog="python -m capture_agent",
        description="Brings an Azure Kinect to SpineWeb; `python -m capture_agent check` measures it.",
        # Or --token would be understood as --token-file.
        allow_abbrev=False,
        epilog=f"The token comes from {TOKEN} or --token-file. Enter shoots whom the browser chose.",
    )
    found.add_argument("--server", required=True, help="SpineWeb's address, https://...")
    add_source(found)
    found.add_argument("--token-file", type=Path, help="a file that holds the agent token and nothing else")
    home = _home()
    found.add_argument(
        "--spool", type=Path, default=home / "spool", help="where shots wait, sealed (default %(default)s)"
    )
    found.add_argument(
        "--key-file",
        type=Path,
        default=home / "spool.key",
        help="the key they are sealed with (default %(default)s)",
    )
    found.add_argument(
        "--reserve-mb",
        type=int,
        default=RESERVE_BYTES >> 20,
        help="MB of the disk that shots leave free (default %(default)s)",
    )
    found.add_argument(
        "--countdown",
        type=_countdown,
        default=Keyed().countdown_s,
        help="seconds before a shot by key (default 3)",
    )
    found.add_argument(
        "--allow-plain-http", action="store_true", help="http in a network that is nobody else's"
    )
    return found


def add_source(found: argparse.ArgumentParser) -> None:
    """The arguments that name a camera."""
    found.add_argument("--source", required=True, help="kinect, mkv:FILE or phantom:FILE")
    found.add_argument(
        "--colour",
        choices=["720p", "1080p"],
        default="720p",
        help="a Kinect's colour mode (default %(default)s)",
    )


def source_of(name: str, colour: str) -> Source:
    """The source that --source names. Raises Wrong."""
    if name == "kinect":
        return KinectSource(colour.upper())
    kind, _, path = name.partition(":")
    if kind not in ("mkv", "phantom") or not path:
        raise Wrong(f"--source must be kinect, mkv:FILE or phantom:FILE, not {name!r}.")
    if not Path(path).exists():
        raise Wrong(f"--source names {path}, which is not there.")
    return Replay("mkv" if kind == "mkv" else "phantom", Path(path))


def read_token(file: Path | None) -> str:
    """The agent token, from its file or the environment. Raises Wrong."""
    try:
        token = file.read_text("utf-8") if file else os.environ.get(TOKEN, "")
    except (OSError, UnicodeDecodeError) as error:
        raise Wrong(
            f"The token file {file} cannot be read: {getattr(error, 'strerror', None) or error}."
        ) from error
    token = token.strip()
    if not token:
        raise Wrong(f"There is no token: set {TOKEN}, or name a file with --token-file.")
    if not token.isascii() or not token.isprintable() or " " in token or len(token) > 200:
        raise Wrong("The token must be one word, as it was shown on the project's page.")
    return token


def _check(given: list[str]) -> int:
    options = devicecheck.parser(add_source).parse_args(given)
    try:
        source = source_of(options.source, options.colour)
        server = None
        if options.server:
            token = read_token(options.token_file)
            server = Server.at(options.server, token, allow_plain=options.allow_plain_http)
    except (Wrong, ServerError) as error:
        print(f"capture_agent: {error}", file=sys.stderr)
        return 2
    return devicecheck.run(
        source, options.what, distance_mm=options.distance_mm, pattern=options.corners, server=server
    )


async def _run(server: Server, source: Source, spool: Spool, keyed: Keyed) -> None:
    agent = Agent(server, source, spool, keyed)
    loop = asyncio.get_running_loop()
    presses: set[asyncio.Task[object]] = set()

    def press() -> None:
        task = asyncio.create_task(agent.press())
        presses.add(task)
        task.add_done_callback(presses.discard)

    listener = threading.Thread(target=_listen, args=(lambda: loop.call_soon_threadsafe(press),), daemon=True)
    listener.start()
    await agent.run()


def _listen(press: Callable[[], object]) -> None:
    """Each Enter on the keyboard, until there is none."""
    for _ in sys.stdin or ():
        try:
            press()
        except RuntimeError:
            # The loop has ended.
            return


def _countdown(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds <= LONGEST_COUNTDOWN_S:
        raise argparse.ArgumentTypeError(f"must be from 0 to {LONGEST_COUNTDOWN_S:g}")
    return seconds


def _home() -> Path:
    """Where this person's programs keep their data."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "SpineWeb agent"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "spineweb-agent"


if __name__ == "__main__":
    sys.exit(main())
