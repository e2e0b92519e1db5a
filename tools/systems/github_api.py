"""GitHub's API: one request at a time, in a thread; what it answers in our shapes, and its errors in ours."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeVar, cast

from pydantic import BaseModel, ValidationError

from orchestrate.errors import AccessDenied, NotFound, OutsideFailed, RateLimited, Unreachable
from orchestrate.models.secret import Secret
from tools.retry_after import retry_after
from tools.systems.github_account import Account, App, Token

if TYPE_CHECKING:
    from github import Github
    from github.GithubException import GithubException

S = TypeVar("S", bound=BaseModel)
Json = dict[str, object]

PAGE = 100  # the most that one answer holds
PAGES = 30
_SECONDARY = 60.0  # seconds that GitHub asks for where it names none
_SECONDS = 15


class UnknownPage(NotFound):
    """GitHub shows nothing there: it is not there, or our account may not see it."""

    what = "GitHub page"


class Rejected(OutsideFailed):
    """GitHub understood, and said no; `status` and `said` are its own."""

    def __init__(self, status: int, said: str) -> None:
        self.status, self.said = status, said
        super().__init__(f"GitHub said no ({status}): {said}")


class GithubApi:
    """Speaks for one account; `pause` is between two writes (seconds), as GitHub wishes."""

    def __init__(self, account: Account, *, pause: float = 1.0) -> None:
        self.account, self._pause = account, pause
        self._lock = threading.Lock()
        self._client: Github | None = None

    async def one(self, shape: type[S], path: str, **query: str) -> S:
        """What stands at `path` of the repository. Raises UnknownPage, and what `_say` raises."""
        return _parsed(shape, path, await self._asked("GET", self._at(path), query))

    async def every(self, shape: type[S], path: str, key: str = "", **query: str) -> tuple[S, ...]:
        """All pages of a list at `path`, below `key` where the list has a name."""
        found: list[S] = []
        for page in range(1, PAGES + 1):
            asked = {**query, "per_page": str(PAGE), "page": str(page)}
            answer = await self._asked("GET", self._at(path), asked)
            part = cast(Json, answer).get(key) if key and isinstance(answer, dict) else answer
            rows = _parsed_list(shape, path, part)
            found += rows
            if len(rows) < PAGE:
                return tuple(found)
        raise Unreachable(f"{path} of {self.account.repository} has more than {PAGE * PAGES} entries")

    async def newest(self, shape: type[S], path: str, **query: str) -> tuple[S, ...]:
        """The first page of a list."""
        return tuple(_parsed_list(shape, path, await self._asked("GET", self._at(path), query)))

    async def look(self, path: str) -> None:
        """Read the smallest page of `path`, only to see whether we may."""
        await self._asked("GET", self._at(path), {"per_page": "1"})

    async def leads_to(self, path: str) -> str:
        """The address that GitHub redirects `path` to; it is good for a minute, and for anybody."""
        headers = await asyncio.to_thread(self._headers, self._at(path))
        if "location" not in headers:
            raise Unreachable(f"GitHub does not tell where {path} is")
        return str(headers["location"])

    async def send(self, shape: type[S], verb: str, path: str, body: Mapping[str, object]) -> S:
        """Write once. Raises Rejected; Unreachable when nobody knows whether it was done."""
        return _parsed(shape, path, await self._asked(verb, self._at(path), {}, dict(body)))

    async def ask(self, question: str, **variables: object) -> Json:
        """What GraphQL answers. Raises Rejected."""
        answer = await asyncio.to_thread(
            self._say, "POST", "", {}, {"query": question, "variables": variables}
        )
        said = cast(Json, answer) if isinstance(answer, dict) else {}
        if errors := said.get("errors"):
            raise Rejected(422, "; ".join(str(one.get("message")) for one in cast(list[Json], errors)))
        data = said.get("data")
        if not isinstance(data, dict):
            raise Unreachable("GitHub's GraphQL answered without data")
        return cast(Json, data)

    async def token(self) -> Secret:
        """The token of now: that of an App lasts an hour, and is renewed in time."""
        return await asyncio.to_thread(self._token)

    async def permissions(self) -> Mapping[str, str] | None:
        """What the App may do in the repository, each with its level; None for a token."""
        if isinstance(self.account.proof, Token):
            return None
        return await asyncio.to_thread(self._permissions)

    async def scopes(self) -> tuple[str, ...] | None:
        """The scopes of a classic token; None where GitHub tells none."""
        said = (await asyncio.to_thread(self._headers, self._at(""))).get("x-oauth-scopes")
        return None if said is None else tuple(one.strip() for one in str(said).split(",") if one.strip())

    def close(self) -> None:
        """Give the connection back."""
        with self._lock:
            if self._client is not None:
                self._client.close()
                self._client = None

    def _at(self, path: str) -> str:
        return (
            f"/repos/{self.account.repository}{path}" if path.startswith("/") or not path else f"/{path[1:]}"
        )

    async def _asked(
        self, verb: str, path: str, query: Mapping[str, str], body: Json | None = None
    ) -> object:
        return await asyncio.to_thread(self._say, verb, path, query, body)

    def _say(self, verb: str, path: str, query: Mapping[str, str], body: Json | None) -> object:
        """Raises UnknownPage, Rejected, AccessDenied, RateLimited, Unreachable."""
        with self._heard(path or "GraphQL"):
            requester = self._connected().requester
            to = path or requester.graphql_url
            _, answer = requester.requestJsonAndCheck(verb, to, dict(query), input=body)
            return cast(object, answer)

    def _headers(self, path: str) -> Json:
        with self._heard(path):
            headers, _ = self._connected().requester.requestJsonAndCheck("GET", path)
            return headers

    def _token(self) -> Secret:
        with self._heard("the App's token"):
            auth = self._connected().requester.auth
            return Secret(auth.token if auth else "")

    def _permissions(self) -> Mapping[str, str]:
        with self._heard("the App's installation"):
            return self.account.granted()

    @contextmanager
    def _heard(self, where: str) -> Generator[None, None, None]:
        """Nobody else speaks meanwhile, and what goes wrong is said in our words."""
        from github.GithubException import GithubException

        try:
            with self._lock:
                yield
        except GithubException as refused:
            if refused.status == HTTPStatus.UNAUTHORIZED:
                raise _unknown(self.account.proof, _message(refused)) from None
            raise _translated(refused, where) from None
        except (OSError, RuntimeError, ValueError, AssertionError) as problem:
            raise Unreachable(f"GitHub at {self.account.api} gave no usable answer: {problem}") from None

    def _connected(self) -> Github:
        """The client. Only reads are tried again: a lost answer to a write may hide that it was done."""
        if self._client is None:
            from github import Github
            from urllib3.util import Retry

            again = Retry(
                total=2,
                status_forcelist=(500, 502, 503, 504),
                allowed_methods=("GET", "HEAD"),
                backoff_factor=0.2,
                respect_retry_after_header=False,
                raise_on_status=False,
            )
            self._client = Github(
                auth=self.account.proven(),
                base_url=self.account.api,
                retry=again,
                timeout=_SECONDS,
                seconds_between_requests=0,
                seconds_between_writes=self._pause,
            )
        return self._client


def _parsed(shape: type[S], path: str, answer: object) -> S:
    try:
        return shape.model_validate(answer)
    except ValidationError as problem:
        raise _odd(path, problem) from None


def _parsed_list(shape: type[S], path: str, answer: object) -> list[S]:
    if not isinstance(answer, list):
        raise Unreachable(f"GitHub answered {path} with no list")
    return [_parsed(shape, path, one) for one in cast(list[object], answer)]


def _odd(path: str, problem: ValidationError) -> Unreachable:
    first = problem.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "it"
    return Unreachable(f"GitHub answered {path} in another shape than it describes: {where}: {first['msg']}")


def _unknown(proof: Token | App, said: str) -> AccessDenied:
    if isinstance(proof, Token):
        return AccessDenied("GitHub does not know our token", cure="give a token that is valid: forge.token")
    return AccessDenied(
        f"GitHub does not accept the key of the App {proof.id}: {said}",
        cure="make a new private key at the App's settings (forge: key), or set this machine's clock",
    )


def _translated(refused: GithubException, where: str) -> Exception:
    headers = {key.lower(): value for key, value in (refused.headers or {}).items()}
    said = _message(refused)
    limited = _limited(refused.status, headers, said)
    if limited is not None:
        return limited
    match refused.status:
        case 403:
            needed = headers.get("x-accepted-github-permissions", "")
            cure = f"give the token, or the App, these permissions: {needed}" if needed else ""
            return AccessDenied(f"GitHub does not allow {where}: {said}", cure=cure)
        case 404 | 410:
            return UnknownPage(where)
        case status if status >= 500:
            wait = retry_after(headers, time.time())
            return Unreachable(f"GitHub failed at {where} ({status}): {said}", retry_after=wait)
        case status:
            return Rejected(status, said)


def _limited(status: int, headers: Mapping[str, str], said: str) -> RateLimited | None:
    """The primary limit says when it ends, the secondary one how long to wait, or nothing."""
    is_named = "rate limit" in said.lower() or "abuse" in said.lower()
    asked = retry_after(headers, time.time())
    if status not in (403, 429) or not (status == 429 or is_named or asked is not None):
        return None
    wait = _SECONDARY if asked is None else asked
    return RateLimited(f"GitHub was asked too often; it may be asked again in {wait:.0f} s", retry_after=wait)


def _message(refused: GithubException) -> str:
    """GitHub's words, with those about single fields."""
    data = cast("Json | None", refused.data if isinstance(refused.data, dict) else None) or {}
    said = str(data.get("message") or refused.message or "no reason given")
    errors = data.get("errors")
    if not isinstance(errors, list):
        return said[:500]
    rows = [
        cast(Json, one) if isinstance(one, dict) else {"message": one} for one in cast(list[object], errors)
    ]
    each = [str(one.get("message") or one.get("code")) for one in rows]
    return f"{said}: {'; '.join(each)}"[:500]
