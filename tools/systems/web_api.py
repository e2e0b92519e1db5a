"""Web API: a vendor's HTTP interface, asked in JSON; what it refuses in our errors."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar, cast
from urllib.parse import urlencode, urlsplit

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from orchestrate.errors import (
    AccessDenied,
    AnswerLost,
    ChangedMeanwhile,
    NoRoom,
    OrchestrateError,
    OutsideFailed,
    RateLimited,
    Unreachable,
)
from tools.fetch import Answer, Ask, fetch, json_of
from tools.reach import is_address
from tools.retry_after import retry_after
from tools.systems.room import is_spent

Json = dict[str, object]
Query = Sequence[tuple[str, str | int]]
Headers = Callable[[bool], Awaitable[Mapping[str, str]]]
"""What proves who asks; True: what was given before is not taken any more."""

SECONDS = 10.0
LISTENS = 3.0  # seconds, to what perhaps never ends
MOST = 8 * 1024 * 1024  # bytes of one answer
TIMES = 3  # that one question is asked, at most
MAY_BE_SPENT = (400, 403, 409, 422, 429)
"""Statuses under which vendors say that a quota is used up; their words tell it from all else."""


def bearer(secrets: Callable[[str], str], name: str) -> Headers:
    """A token out of the vault, which who gave it renews: it does not change by itself."""

    async def headers(is_stale: bool) -> Mapping[str, str]:  # noqa: ARG001
        return {"authorization": f"Bearer {secrets(name)}"}

    return headers


class Answered(BaseModel):
    """A part of an answer; what is not named here is not read."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True)


class Nothing(Answered):
    """An answer in which nobody is interested."""


class Absent(OutsideFailed):
    """The vendor shows nothing there: it is not there, or our account may not see it."""

    cure = "see that it is called as in orchestrate.yaml, and that the account may see it"


T = TypeVar("T", bound=BaseModel)


@dataclass(frozen=True)
class WebApi:
    """Asks one vendor; `patience`: seconds that it may ask us to wait, before that is a failure."""

    name: str  # of the vendor's product, as people call it
    url: str
    headers: Headers
    renew: str  # what helps when it does not take our credentials
    patience: float = 30.0
    pause: float = 2.0  # seconds where nobody says how long

    async def read(self, form: type[T], path: str, what: str, query: Query = (), *, body: object = None) -> T:
        """What stands at `path`; with a body, what is answered to a question. `what` it is, in words.

        Raises Unreachable, RateLimited, AccessDenied, Absent, NoRoom, OutsideFailed.
        """
        verb = "GET" if body is None else "POST"
        for turn in range(TIMES):
            try:
                answer = await self._asked(verb, path, what, query, body)
                return self._read(form, answer, what)
            except (RateLimited, AnswerLost):
                raise
            except Unreachable:
                if turn == TIMES - 1:
                    raise
                await asyncio.sleep(self.pause)
        raise AssertionError

    async def write(  # noqa: PLR0913  the parts of a request
        self, form: type[T], verb: str, path: str, what: str, body: object = None, query: Query = ()
    ) -> T:
        """Change something, once. Raises AnswerLost: nobody can say whether it happened, read it back.

        Else as `read`, and ChangedMeanwhile; then it did not happen.
        """
        with _losing():
            return self._read(form, await self._asked(verb, path, what, query, body), what)

    async def begin(
        self, verb: str, path: str, what: str, body: object = None, query: Query = ()
    ) -> Mapping[str, str]:
        """Change something, once, which may go on after it is answered; the answer's headers say where.

        Their names are in small letters. Raises as `write`.
        """
        with _losing():
            return (await self._asked(verb, path, what, query, body)).headers

    async def elsewhere(self, url: str, what: str, headers: Mapping[str, str] | None = None) -> str:
        """The text at an address that an answer named; of one without an end, what came in the first seconds.

        It is asked over TLS by its name, or at the API's own host, and never as ourselves: `headers` are
        all that is sent. Raises Unreachable, and what `read` raises.
        """
        place, own = urlsplit(url), urlsplit(self.url)
        is_own = (place.scheme, place.hostname) == (own.scheme, own.hostname)
        if not is_own and (place.scheme != "https" or is_address(place.hostname or "")):
            raise Unreachable(f"{self.name} named an address of {what} that is not asked: {place.hostname}")
        ask = Ask(url=url, headers=headers or {}, seconds=SECONDS, listens=LISTENS, cap=MOST)
        answer = await fetch(ask)
        if answer.status != 200:
            raise self._refusal(answer, what)
        return answer.text

    async def _asked(self, verb: str, path: str, what: str, query: Query, body: object) -> Answer:
        """One good answer; what was turned away at the door (401, 429) is asked again."""
        is_stale, turn = False, 1
        while True:
            answer = await self._sent(verb, path, query, body, await self.headers(is_stale))
            if answer.status // 100 == 2:
                return answer
            is_renewable = answer.status == 401 and not is_stale
            is_too_often = answer.status == 429 and not is_spent(said_in(answer))
            if turn == TIMES or not (is_renewable or is_too_often):
                raise self._refusal(answer, what)
            if is_too_often:
                await self._wait(answer, what)
            is_stale, turn = is_stale or is_renewable, turn + 1

    async def _sent(
        self, verb: str, path: str, query: Query, body: object, headers: Mapping[str, str]
    ) -> Answer:
        ask = Ask(
            url=f"{self.url.rstrip('/')}{path}{'?' if query else ''}{urlencode(query)}",
            method=verb,
            headers={"content-type": "application/json", "accept": "application/json", **headers},
            body=None if body is None else json.dumps(body),
            seconds=SECONDS,
            cap=MOST,
        )
        return await fetch(ask)

    async def _wait(self, answer: Answer, what: str) -> None:
        """As long as it asks for. Raises RateLimited when that is longer than anybody waits here."""
        told = retry_after(answer.headers, time.time())
        seconds = self.pause if told is None else told
        if seconds > self.patience:
            said = f"{self.name} was asked too often, and takes no request for {seconds:.0f} s ({what})"
            raise RateLimited(said, retry_after=seconds)
        await asyncio.sleep(seconds)

    def _read(self, form: type[T], answer: Answer, what: str) -> T:
        if not answer.body.strip():
            return form.model_validate({})
        try:
            return form.model_validate(json_of(answer))
        except ValidationError as problem:
            fault = problem.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in fault["loc"])
            said = f"{self.name} answered something else about {what}: {where}: {fault['msg']}"
            raise Unreachable(said) from None
        except Unreachable as problem:
            raise Unreachable(f"{self.name}, about {what}: {problem}") from None

    def _refusal(self, answer: Answer, what: str) -> OrchestrateError:
        said = said_in(answer)
        match answer.status:
            case status if status == 402 or (status in MAY_BE_SPENT and is_spent(said)):
                return NoRoom(f"{self.name} has no room for {what}: {said}")
            case 401:
                return AccessDenied(f"{self.name} does not take our credentials: {said}", cure=self.renew)
            case 403:
                return AccessDenied(
                    f"{self.name} does not let us at {what}: {said}",
                    cure=f"give the account the right, or {self.renew}",
                )
            case 404:
                return Absent(f"{self.name} has no {what}: {said}")
            case 409 | 412:
                return ChangedMeanwhile(f"{self.name}: somebody else changed {what}: {said}")
            case 429:
                return RateLimited(f"{self.name} was asked too often about {what}: {said}")
            case status if status >= 500 or status == 408:
                after = retry_after(answer.headers, time.time())
                return Unreachable(f"{self.name} cannot tell about {what} now: {said}", retry_after=after)
            case _:
                return OutsideFailed(f"{self.name} refused {what}: {said}")


@contextmanager
def _losing() -> Generator[None]:
    """Raises AnswerLost where nobody can say whether what was sent was done."""
    try:
        yield
    except (RateLimited, AnswerLost):
        raise
    except Unreachable as lost:
        raise AnswerLost(f"{lost}; whether it was done must be read back") from lost


def said_in(answer: Answer) -> str:
    """The vendor's own words for what is wrong, in the places where vendors put them."""
    try:
        told = json_of(answer)
    except Unreachable:
        told = None
    here = cast(Json, told) if isinstance(told, dict) else {}
    errors = here.get("errors")
    error = cast("list[object]", errors)[0] if isinstance(errors, list) and errors else here.get("error")
    inner = cast(Json, error) if isinstance(error, dict) else here
    words = inner.get("message") or inner.get("error_description") or inner.get("error")
    return " ".join(str(words or "no reason given").split())[:600] + f" ({answer.status})"
