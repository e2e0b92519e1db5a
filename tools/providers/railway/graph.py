"""Graph: Railway's GraphQL door, which says no in answers with the status 200."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from orchestrate.errors import (
    AccessDenied,
    AnswerLost,
    NoRoom,
    OrchestrateError,
    OutsideFailed,
    RateLimited,
    Unreachable,
)
from tools.providers.railway.answers import Fault, Reply
from tools.systems.room import is_spent
from tools.systems.web_api import Absent, Json, WebApi

PATH = "/graphql/v2"
REFUSED = ("GRAPHQL_VALIDATION_FAILED", "GRAPHQL_PARSE_FAILED", "BAD_USER_INPUT")
"""Codes of questions that were not begun."""

T = TypeVar("T", bound=BaseModel)


@dataclass(frozen=True)
class Graph:
    """Asks Railway; one field at a time, so that a fault is about that."""

    api: WebApi

    async def ask(self, form: type[T], question: str, what: str, **variables: object) -> T:
        """What is answered to a question. Raises as WebApi.read."""
        body: Json = {"query": question, "variables": variables}
        reply = await self.api.read(Reply, PATH, what, body=body)
        if reply.errors:
            raise self._problem(reply.errors[0], what)
        try:
            return form.model_validate(reply.data or {})
        except ValidationError as problem:
            fault = problem.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in fault["loc"])
            said = f"Railway answered something else about {what}: {where}: {fault['msg']}"
            raise Unreachable(said) from None

    async def order(self, field: str, question: str, what: str, **variables: object) -> object:
        """Change something, once. Raises AnswerLost: perhaps it was done; else as WebApi.write."""
        body: Json = {"query": question, "variables": variables}
        reply = await self.api.write(Reply, "POST", PATH, what, body)
        if reply.errors:
            problem = self._problem(reply.errors[0], what)
            if isinstance(problem, Unreachable) and not isinstance(problem, RateLimited):
                raise AnswerLost(f"{problem}; whether it was done must be read back")
            raise problem
        if reply.data is None or reply.data.get(field) is None:
            raise AnswerLost(f"Railway answered nothing about {what}; whether it was done must be read back")
        if reply.data[field] is False:
            raise OutsideFailed(f"Railway did not do it: {what}")
        return reply.data[field]

    def _problem(self, fault: Fault, what: str) -> OrchestrateError:
        said = " ".join(fault.message.split())[:600]
        known = said.lower()
        if "not authorized" in known or fault.code in ("UNAUTHENTICATED", "FORBIDDEN"):
            return AccessDenied(f"Railway does not let us at {what}: {said}", cure=self.api.renew)
        if "not found" in known:
            return Absent(f"Railway has no {what}: {said}")
        if "rate limit" in known:
            return RateLimited(f"Railway was asked too often about {what}: {said}")
        if is_spent(said):
            return NoRoom(f"Railway has no room for {what}: {said}")
        if fault.code in REFUSED:
            return OutsideFailed(f"Railway refused {what}: {said}")
        return Unreachable(f"Railway cannot tell about {what} now: {said}")
