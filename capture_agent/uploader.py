"""Brings the shots of the spool to the server: in pieces, from where it stopped, until it has them."""

import asyncio
import hashlib
import logging
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

import httpx

from capture_agent.backoff import Backoff
from capture_agent.protocol import uploads
from capture_agent.protocol.messages import Upload, Uploads
from capture_agent.protocol.uploads import CHUNK_BYTES, CHUNK_TYPE, MOST_JSON_BYTES, OFFSET, ShotState
from capture_agent.protocol.wire import ProtocolError, checked, load_json, read
from capture_agent.pulse import Pulse
from capture_agent.seal import SealError
from capture_agent.server import Server
from capture_agent.spool import Spool, Waiting

logger = logging.getLogger(__name__)

LONGEST_PAUSE_S = 300.0
"""A Retry-After is obeyed up to this."""
WRONG_HASHES = 3
TELL_EVERY_S = 0.5
TOLD_SHOTS = 50
STORED_TOLD = 10
FOR_GOOD = {400, 403, 410, 413, 415}
"""Answers that another try would not change; 409 and 422 depend on their code."""
TIMEOUT = httpx.Timeout(60.0, connect=10.0)
Kind = TypeVar("Kind")


class TryAgain(Exception):
    """It did not work now. `pause_s`: what the server asked for. `unreachable`: no shot will fare better."""

    def __init__(self, says: str, *, pause_s: float = 0.0, unreachable: bool = False) -> None:
        super().__init__(says)
        self.pause_s, self.unreachable = pause_s, unreachable


class Parked(Exception):
    """The server will not take this shot, whatever is done; the text says why."""


@dataclass(frozen=True)
class Failure:
    """An answer that is no success: the API's `{detail, code}`."""

    status: int
    code: str
    detail: str


class Uploader:
    """Works as long as `run` runs. `tell` hears how the spool goes."""

    def __init__(self, spool: Spool, server: Server, tell: Callable[[Uploads], None]) -> None:
        self._spool, self._server, self._tell = spool, server, tell
        self._wake = Pulse()
        self._shots: dict[uuid.UUID, Upload] = {}
        self._told_s = 0.0
        self._dirty = False

    def wake(self) -> None:
        """There is a new shot, or the server is back."""
        self._wake.beat()
        self._dirty = True

    @property
    def waiting(self) -> list[Upload]:
        """What is not stored yet, oldest first."""
        return [upload for upload in self._shots.values() if upload.state != "stored"]

    def tell(self) -> None:
        """Say how things stand, now."""
        self._told_s = time.monotonic()
        stored = [upload for upload in self._shots.values() if upload.state == "stored"][-STORED_TOLD:]
        self._tell(Uploads(shots=tuple([*stored, *self.waiting][:TOLD_SHOTS])))

    async def run(self) -> None:
        backoff = Backoff()
        async with httpx.AsyncClient(
            base_url=self._server.url, headers=self._server.headers, timeout=TIMEOUT, follow_redirects=False
        ) as client:
            while True:
                self._dirty = False
                pause_s = await self._round(client)
                if pause_s is None:
                    backoff.reset()
                if not self._dirty:
                    await self._wake.wait(None if pause_s is None else backoff.next_s(pause_s))

    async def _round(self, client: httpx.AsyncClient) -> float | None:
        """Try each shot once. None where nothing is left to do; else how long to pause at least."""
        shots = await asyncio.to_thread(self._spool.waiting)
        self._forget_old({waiting.shot for waiting in shots})
        for waiting in shots:
            self._shots.setdefault(waiting.shot, _upload(waiting, "waiting"))
        if shots:
            self.tell()
        pause_s: float | None = None
        for waiting in shots:
            if self._shots[waiting.shot].state == "parked":
                continue
            try:
                state = await self._send(client, waiting)
                await asyncio.to_thread(self._spool.forget, waiting.shot)
                self._set(waiting, "stored", sent=state.size, study=state.study)
                logger.info("upload: shot %s is stored", waiting.shot)
            except Parked as parked:
                logger.error("upload: the server will not take shot %s: %s", waiting.shot, parked)
                self._set(waiting, "parked", says=str(parked))
            except TryAgain as failed:
                logger.info("upload: shot %s waits: %s", waiting.shot, failed)
                self._set(waiting, "waiting", says=str(failed))
                pause_s = max(pause_s or 0.0, failed.pause_s)
                if failed.unreachable:
                    break
            except (OSError, SealError) as error:
                logger.error("upload: shot %s cannot be read from the spool: %s", waiting.shot, error)
                self._set(waiting, "parked", says="The agent cannot read this shot from its disk any more.")
        return pause_s

    def _forget_old(self, on_disk: set[uuid.UUID]) -> None:
        """Of what is on the disk no more, only the newest that were stored are of interest."""
        gone = [shot for shot in self._shots if shot not in on_disk]
        stored = [shot for shot in gone if self._shots[shot].state == "stored"]
        for shot in set(gone) - set(stored[-STORED_TOLD:]):
            del self._shots[shot]

    async def _send(self, client: httpx.AsyncClient, waiting: Waiting) -> ShotState:
        """One shot, to the end. Raises TryAgain or Parked."""
        wrong = 0
        # A server that loses what it was sent must not keep the agent sending without a pause.
        tries = 3 * (waiting.offer.size // CHUNK_BYTES + 4)
        state = _state(await self._offer(client, waiting), waiting)
        sent = state.received
        while state.state != "stored":
            tries -= 1
            if not tries:
                raise TryAgain("The server loses what it is sent.")
            self._set(waiting, "sending", sent=sent)
            if sent < waiting.offer.size:
                sent = await self._chunk(client, waiting, sent)
                continue
            answer = await _request(client, "POST", uploads.finish_path(waiting.shot))
            failure = _failure(answer)
            if failure is None:
                state = _state(answer, waiting)
                continue
            if failure.code == "wrong_hash":
                wrong += 1
                self._check_own_hash(waiting)
                if wrong == WRONG_HASHES:
                    raise Parked(failure.detail)
                sent = 0
            elif failure.code == "wrong_offset":
                sent = _offset(answer, waiting, after=sent)
            else:
                raise _judged(answer, failure)
        return state

    async def _offer(self, client: httpx.AsyncClient, waiting: Waiting) -> httpx.Response:
        answer = await _request(client, "PUT", uploads.shot_path(waiting.shot), json=checked(waiting.offer))
        failure = _failure(answer)
        if failure is not None:
            raise _judged(answer, failure)
        return answer

    async def _chunk(self, client: httpx.AsyncClient, waiting: Waiting, sent: int) -> int:
        """Send the piece from `sent`; how much the server has then."""
        content = await asyncio.to_thread(self._read, waiting, sent)
        answer = await _request(
            client,
            "PATCH",
            uploads.content_path(waiting.shot),
            content=content,
            headers={OFFSET: str(sent), "Content-Type": CHUNK_TYPE},
        )
        failure = _failure(answer)
        if failure is not None and failure.code != "wrong_offset":
            raise _judged(answer, failure)
        return _offset(answer, waiting, after=sent)

    def _read(self, waiting: Waiting, offset: int) -> bytes:
        with self._spool.content(waiting) as read_part:
            return read_part(offset, CHUNK_BYTES)

    def _check_own_hash(self, waiting: Waiting) -> None:
        """A wrong hash may be the fault of this disk: then no further try helps."""
        own = hashlib.sha256()
        with self._spool.content(waiting) as read_part:
            for offset in range(0, waiting.offer.size, CHUNK_BYTES):
                own.update(read_part(offset, CHUNK_BYTES))
        if own.hexdigest() != waiting.offer.sha256:
            raise Parked("The shot has changed on the agent's disk.")

    def _set(
        self,
        waiting: Waiting,
        state: Literal["waiting", "sending", "stored", "parked"],
        *,
        sent: int | None = None,
        study: uuid.UUID | None = None,
        says: str = "",
    ) -> None:
        before = self._shots[waiting.shot]
        known = before.sent if sent is None else sent
        self._shots[waiting.shot] = replace(before, state=state, sent=known, study=study, says=says[:400])
        if state == "stored":
            # The newest stored ones come last.
            self._shots[waiting.shot] = self._shots.pop(waiting.shot)
        if before.state != state or time.monotonic() - self._told_s >= TELL_EVERY_S:
            self.tell()


async def _request(client: httpx.AsyncClient, method: str, path: str, **options: object) -> httpx.Response:
    try:
        return await client.request(method, path, **options)  # type: ignore[arg-type]
    except httpx.HTTPError as error:
        says = f"The server cannot be reached ({type(error).__name__})."
        raise TryAgain(says, unreachable=True) from error


def _failure(answer: httpx.Response) -> Failure | None:
    if answer.is_success:
        return None
    try:
        data = answer.json() if len(answer.content) <= MOST_JSON_BYTES else {}
    except ValueError:
        data = {}
    fields = data if isinstance(data, dict) else {}
    detail = str(fields.get("detail") or f"The server answered {answer.status_code}.")
    return Failure(answer.status_code, str(fields.get("code", "")), detail)


def _judged(answer: httpx.Response, failure: Failure) -> TryAgain | Parked:
    """Whether a failure is for good; see the page of the protocol."""
    final = failure.status in FOR_GOOD and failure.code != "revoked"
    if final or failure.code in ("other_bytes", "unreadable"):
        return Parked(failure.detail)
    asked = answer.headers.get("Retry-After", "")
    pause_s = float(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 9 else 0.0
    turned_away = failure.status == 401 or failure.code == "revoked"
    return TryAgain(failure.detail, pause_s=min(pause_s, LONGEST_PAUSE_S), unreachable=turned_away)


def _offset(answer: httpx.Response, waiting: Waiting, *, after: int) -> int:
    """How much the server says it has."""
    text = answer.headers.get(OFFSET, "")
    if not (text.isascii() and text.isdecimal() and len(text) < 16) or int(text) > waiting.offer.size:
        raise TryAgain("The server did not say how much of the shot it has.")
    offset = int(text)
    if offset == after:
        raise TryAgain("The server took nothing of the shot.")
    return offset


def _state(answer: httpx.Response, waiting: Waiting) -> ShotState:
    try:
        state = read(ShotState, load_json(answer.content, MOST_JSON_BYTES))
    except ProtocolError as error:
        raise TryAgain(f"The server's answer makes no sense ({error}).") from error
    if (state.shot, state.size) != (waiting.shot, waiting.offer.size) or state.received > state.size:
        raise TryAgain("The server's answer is about another shot.")
    return state


def _upload(waiting: Waiting, state: Literal["waiting"]) -> Upload:
    return Upload(shot=waiting.shot, state=state, sent=0, size=waiting.offer.size)
