"""Function: its published versions, and the aliases that name and share them."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from orchestrate.errors import NameTaken, ObjectMissing
from orchestrate.models.aws import Functions
from orchestrate.models.change import Version
from orchestrate.models.move import Weights
from orchestrate.models.runtime import Artifact
from orchestrate.strategies import SLOTS
from tools.provider import shares
from tools.providers.awslambda.code import as_lambda_says
from tools.systems import cloudwatch_logs
from tools.systems.aws import Account, Json
from tools.systems.aws_calls import Call
from tools.systems.room import not_started

LOOKS = 10  # how often an alias is read until it shows what it was told
SLOT = re.compile(r"orchestrate (?P<commit>\S+) (?P<tree>\S+) (?P<name>.+)")
SHARE = re.compile(r"(blue|green)=(\d{1,3})")


@dataclass(frozen=True)
class Named:
    """A slot: which published version its alias names, and which version of ours that is."""

    number: str
    version: Version | None


class Function:
    """One function of one account. A slot is an alias: live-blue, live-green; `live` shares the calls."""

    def __init__(self, account: Account, own: Functions, again: float) -> None:
        self._account, self._own, self._again = account, own, again

    async def slots(self) -> dict[str, Named]:
        found = {slot: await self._alias(self._slot(slot)) for slot in SLOTS}
        return {slot: _named(alias) for slot, alias in found.items() if alias is not None}

    async def state(self, number: str) -> tuple[bool, str]:
        """Whether a published version can be called, and why not."""
        told = await self._configuration(number)
        is_well = told.get("State", "Active") in ("Active", "Inactive")
        return is_well, "" if is_well else f"{told.get('State')}: {_why(told, 'StateReason')}"

    async def code_of(self, number: str) -> str:
        return str((await self._configuration(number)).get("CodeSha256", ""))

    async def lines(self, number: str, count: int) -> tuple[str, ...]:
        """The newest lines that calls of a published version wrote. Raises OutsideFailed."""
        function = self._own.function
        config = cast("dict[str, str]", (await self._configuration(number)).get("LoggingConfig") or {})
        group = config.get("LogGroup") or f"/aws/lambda/{function}"
        named = re.compile(rf"[\d/]+(?:{re.escape(function)})?\[{re.escape(number)}\].*")
        streams = await cloudwatch_logs.streams_of(self._account, group, named, f"{function}:{number}")
        return await cloudwatch_logs.newest(self._account, group, streams, count)

    async def publish(self, version: Version, artifact: Artifact, code: Json, seconds: float) -> str:
        """The number of the published version that is this code: the one from before, or a new one.

        Raises StartFailed, and NameTaken where somebody else changes the function at the same time.
        """
        about = f"orchestrate {version.tree} {artifact.digest}"
        found = await self._published(about, artifact)
        if found is None:
            found = await self._made(about, artifact, code, seconds)
        await self._until_active(found, seconds)
        return found

    async def name(self, slot: str, number: str, version: Version) -> None:
        """Have the slot's alias name this published version, and return when it does, or after some looks."""
        about = f"orchestrate {version.commit} {version.tree} {version.name}"[:256]
        before = await self._alias(self._slot(slot))
        call = Call.CREATE_ALIAS if before is None else Call.UPDATE_ALIAS
        alias, function = self._slot(slot), self._own.function
        await self._account.ask(
            call, FunctionName=function, Name=alias, FunctionVersion=number, Description=about
        )
        await self._changed(alias, before, {number: 100})

    async def forget(self, slot: str) -> None:
        if await self._alias(self._slot(slot)) is not None:
            alias = self._slot(slot)
            await self._account.ask(Call.DELETE_ALIAS, FunctionName=self._own.function, Name=alias)

    async def weights(self, slots: Mapping[str, Named]) -> Weights:
        """The shares of the slots, as the alias routes; what it sends elsewhere is nobody's."""
        alias = await self._alias(self._own.alias)
        if alias is None:
            return {}
        routed = _routed(alias)
        told = {slot: int(share) for slot, share in SHARE.findall(str(alias.get("Description", "")))}
        if set(told) <= set(slots) and _by_number(told, slots) == routed:
            return told
        numbers = {named.number: slot for slot, named in sorted(slots.items(), reverse=True)}
        return {numbers[number]: share for number, share in routed.items() if number in numbers}

    async def share(self, weights: Weights, slots: Mapping[str, Named]) -> None:
        """Route by these shares, unless somebody else changed the alias since it was read."""
        wanted = shares(weights)
        alias = await self._alias(self._own.alias)
        routed = _by_number(wanted, slots)
        about = ",".join(f"{slot}={share}" for slot, share in sorted(wanted.items()))
        first = max(routed, key=lambda number: routed[number])
        others = {number: share / 100 for number, share in routed.items() if number != first}
        words: Json = {
            "FunctionName": self._own.function,
            "Name": self._own.alias,
            "FunctionVersion": first,
            "Description": about,
            "RoutingConfig": {"AdditionalVersionWeights": others},
        }
        if alias is None:
            await self._account.ask(Call.CREATE_ALIAS, **words)
        elif _routed(alias) != routed or alias.get("Description") != about:
            await self._account.ask(Call.UPDATE_ALIAS, **_as_it_is(alias), **words)
        after = await self._changed(self._own.alias, alias, routed)
        if after is None or _routed(after) != routed:
            said = f"{self._own.function}:{self._own.alias} does not show {about}: somebody else changed it"
            raise NameTaken(said, cure="let one of the two change the alias, and deploy again")

    async def _changed(self, name: str, before: Json | None, routed: Weights) -> Json | None:
        """The alias as soon as it routes so, or is another one than before, or after some looks."""
        found = before
        for _ in range(LOOKS):
            found = await self._alias(name)
            if found != before or (found is not None and _routed(found) == routed):
                break
            await asyncio.sleep(self._again)
        return found

    async def _published(self, about: str, artifact: Artifact) -> str | None:
        marker: Json = {}
        found: str | None = None
        while True:
            function = self._own.function
            told = await self._account.ask(Call.FUNCTION_VERSIONS, FunctionName=function, **marker)
            for one in cast("list[dict[str, str]]", told.get("Versions", [])):
                is_ours = one.get("Description") == about and one.get("Version") != "$LATEST"
                if is_ours and (self._own.image or one.get("CodeSha256") in as_lambda_says(artifact)):
                    found = one["Version"]
            if not told.get("NextMarker"):
                return found
            marker = {"Marker": told["NextMarker"]}

    async def _made(self, about: str, artifact: Artifact, code: Json, seconds: float) -> str:
        function = self._own.function
        now = await self._configuration("$LATEST")
        if now.get("CodeSha256") not in as_lambda_says(artifact):
            await self._account.ask(Call.UPDATE_CODE, FunctionName=function, **_as_it_is(now), **code)
            now = await self._until_updated(str(now.get("CodeSha256", "")), seconds)
        if not self._own.image and now.get("CodeSha256") not in as_lambda_says(artifact):
            said = f"{function} has the code {now.get('CodeSha256')}, not that of {artifact.location}"
            raise NameTaken(said, cure="let one of the two change the function")
        told = await self._account.ask(
            Call.PUBLISH, FunctionName=function, CodeSha256=now["CodeSha256"], Description=about
        )
        return str(told["Version"])

    async def _until_updated(self, before: str, seconds: float) -> Json:
        """The function as it is when it has other code than `before`, which may be shown for a while yet."""
        until = time.monotonic() + seconds
        while True:
            now = await self._configuration("$LATEST")
            status = now.get("LastUpdateStatus", "Successful")
            if status == "Successful" and now.get("CodeSha256") != before:
                return now
            if status == "Failed" or time.monotonic() > until:
                why = _why(now, "LastUpdateStatusReason") or f"not updated after {seconds:.0f} s"
                raise not_started(f"{self._own.function}: {why}", cure="see that Lambda may read the code")
            await asyncio.sleep(self._again)

    async def _until_active(self, number: str, seconds: float) -> None:
        until = time.monotonic() + seconds
        while True:
            is_well, why = await self._state_of_new(number)
            if is_well:
                return
            if why.startswith("Failed") or time.monotonic() > until:
                raise not_started(f"{self._own.function}:{number} is {why}", cure="correct the function")
            await asyncio.sleep(self._again)

    async def _state_of_new(self, number: str) -> tuple[bool, str]:
        """As `state`; one that was published just now may not be shown yet."""
        try:
            return await self.state(number)
        except ObjectMissing:
            return False, "not shown"

    async def _configuration(self, number: str) -> Json:
        function = self._own.function
        return await self._account.ask(Call.FUNCTION_CONFIGURATION, FunctionName=function, Qualifier=number)

    async def _alias(self, name: str) -> Json | None:
        """An alias, or None. Raises ObjectMissing where there is no such function at all."""
        function = self._own.function
        try:
            return await self._account.ask(Call.ALIAS, FunctionName=function, Name=name)
        except ObjectMissing:
            await self._configuration("$LATEST")
            return None

    def _slot(self, slot: str) -> str:
        return f"{self._own.alias}-{slot}"


def _why(told: Json, field: str) -> str:
    """Lambda's words for how something is, with its code for them: EniLimitExceeded is only said there."""
    return " ".join(str(told[name]) for name in (f"{field}Code", field) if told.get(name))


def _as_it_is(told: Json) -> Json:
    """The condition that nobody else changed it since it was read."""
    return {"RevisionId": told["RevisionId"]} if told.get("RevisionId") else {}


def _named(alias: Json) -> Named:
    found = SLOT.fullmatch(str(alias.get("Description", "")))
    version = Version(commit=found["commit"], tree=found["tree"], name=found["name"]) if found else None
    return Named(str(alias["FunctionVersion"]), version)


def _routed(alias: Json) -> Weights:
    """Published version → percent, as an alias routes."""
    config = cast("dict[str, dict[str, float]]", alias.get("RoutingConfig") or {})
    others = config.get("AdditionalVersionWeights") or {}
    some = {number: round(share * 100) for number, share in others.items()}
    return shares({str(alias["FunctionVersion"]): 100 - sum(some.values()), **some})


def _by_number(weights: Weights, slots: Mapping[str, Named]) -> Weights:
    """Published version → percent; two slots may be the same one."""
    found: Weights = {}
    for slot, share in weights.items():
        number = slots[slot].number
        found[number] = found.get(number, 0) + share
    return shares(found)
