"""Publisher: has commits built by a place that does so itself, and lets production point to one build."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from orchestrate.errors import (
    AnswerLost,
    BuildFailed,
    EffectRefused,
    OutsideFailed,
    StartFailed,
)
from orchestrate.models.change import Version
from orchestrate.models.fact import Fact
from tools.provider import Say
from tools.systems.shown import Habits


class Built(Fact):
    """One build of one commit, which answers at an address of its own."""

    name: str
    url: str
    commit: str  # '': nobody says of which it was made
    at: datetime
    is_ready: bool
    is_under_way: bool
    words: str  # what its place says of it


class Traits(Fact):
    """What a place has of its own; `protected`: what helps where a build answers 401."""

    vendor: str
    protected: str
    elsewhere: str  # what to do where production points elsewhere, though the place took what was asked


class Site(Protocol):
    """A site as it was read: `live` is the build that production points to."""

    @property
    def traits(self) -> Traits: ...
    @property
    def live(self) -> Built | None: ...
    @property
    def loose(self) -> str:
        """Why each push goes live by itself, and what ends that; '': none does."""
        ...

    @property
    def proof(self) -> Mapping[str, str]:
        """Headers that let us at builds that are protected."""
        ...

    async def named(self, name: str) -> Built | None:
        """One build; None where it is not there any more."""
        ...

    async def lines(self, build: Built, count: int) -> tuple[str, ...]:
        """The newest lines that were written of a build and what runs of it, oldest first."""
        ...

    async def built(self, version: Version) -> Built | None:
        """The best build for production of the version's commit: ready, or under way, or the newest."""
        ...

    async def begin(self, version: Version) -> Built:
        """Have the version's commit built. Raises BuildFailed, AnswerLost."""
        ...

    async def point(self, build: Built) -> None:
        """Point production to a build. Raises AnswerLost."""
        ...

    async def hold(self) -> None:
        """Let no push go live by itself, where that can be asked for. Raises AnswerLost."""
        ...


@dataclass(frozen=True)
class Publisher:
    """Builds and publishes at one site, which is read anew by `site`."""

    site: Callable[[], Awaitable[Site]]
    habits: Habits

    async def build(self, version: Version, say: Say) -> Built:
        """The build of the version's commit, when it is ready. Raises BuildFailed, EffectRefused."""
        site = await self.site()
        vendor = site.traits.vendor
        if site.loose:
            raise EffectRefused(f"build at {vendor}", site.loose)
        found = await site.built(version)
        if found is None or not (found.is_ready or found.is_under_way):
            say(f"{vendor} builds {version.commit[:12]}")
            found = await self._begun(site, version, found.name if found else "")
        while found.is_under_way:
            await asyncio.sleep(self.habits.again)
            found = await site.named(found.name) or found
        if not found.is_ready:
            raise BuildFailed(f"{vendor} could not build {version.name}: {found.words}")
        if found.commit != version.commit:
            said = f"{vendor} built {found.commit[:12] or 'something'}, and not {version.commit[:12]}"
            raise BuildFailed(
                said, cure="push the commit to the branch that is built for production, and wait"
            )
        await self._until_listed(site, version)
        return found

    async def publish(self, build: Built, say: Say) -> None:
        """Point production to a build, and return when it does.

        Raises StartFailed, also where it does and the next push would change that; OutcomeUnknown.
        """
        site = await self.site()
        if site.live is None or site.live.name != build.name:
            await self._point(site, build)
            site = await self.site()
        if site.loose:
            await self._hold(site, build, say)

    async def _begun(self, site: Site, version: Version, failed: str) -> Built:
        """`failed`: the build of the same commit that is no good, so that a lost answer is read rightly."""
        made: list[Built] = []

        async def is_there() -> bool:
            found = await site.built(version)
            if found is not None and found.name != failed:
                made.append(found)
            return bool(made)

        try:
            return await site.begin(version)
        except AnswerLost as lost:
            await self.habits.read_back(lost, is_there, "no such build is to be seen")
            return made[0]

    async def _until_listed(self, site: Site, version: Version) -> None:
        """Return when what is built is found by its commit, too. Raises BuildFailed."""

        async def is_so() -> bool:
            found = await site.built(version)
            return found is not None and found.is_ready

        if not await self.habits.within(self.habits.shown, is_so):
            said = f"{site.traits.vendor} built {version.name}, and does not list it for its commit"
            raise BuildFailed(said)

    async def _point(self, site: Site, build: Built) -> None:
        async def is_so() -> bool:
            now = (await self.site()).live
            return now is not None and now.name == build.name

        try:
            await site.point(build)
        except AnswerLost as lost:
            await self.habits.read_back(lost, is_so, "production does not show it yet")
        if not await self.habits.within(self.habits.shown, is_so):
            said = f"{site.traits.vendor} took {build.name} for production, which points elsewhere"
            raise StartFailed(said, cure=site.traits.elsewhere)

    async def _hold(self, site: Site, build: Built, say: Say) -> None:
        """It is live; what is wrong now is only that it may not stay so."""

        async def is_so() -> bool:
            return not (await self.site()).loose

        why = ""
        try:
            await site.hold()
        except OutsideFailed as problem:
            why = f": {problem}"
        if not await self.habits.within(self.habits.lost, is_so):
            said = f"{build.name} is live, but {site.loose}{why}"
            say(said)
            raise StartFailed(said)
