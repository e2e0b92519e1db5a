"""Inspection: does the new version run, answer, and pass its smoke tests?"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from orchestrate.errors import OrchestrateError, Unreachable
from orchestrate.models.change import Version
from orchestrate.models.environment import Component
from orchestrate.models.fact import Fact
from orchestrate.models.runtime import Running
from orchestrate.models.smoke import Smoke, SqlSmoke
from tools.place import Place
from tools.reach import reach_of
from tools.smoke import counted, smoke, smoke_checks


class Point(Fact):
    """One thing that was looked at."""

    name: str
    passed: bool
    sentence: str


class Report(Fact):
    """Everything that was looked at in one slot."""

    points: tuple[Point, ...]

    @property
    def is_good(self) -> bool:
        return bool(self.points) and all(point.passed for point in self.points)

    @property
    def bad(self) -> tuple[Point, ...]:
        return tuple(point for point in self.points if not point.passed)

    @property
    def words(self) -> str:
        good = sum(point.passed for point in self.points)
        failed = "".join(f"; {point.name}: {point.sentence}" for point in self.bad)
        return f"{good}/{len(self.points)} passed{failed}"


@dataclass(frozen=True)
class Inspection:
    """Looks at a slot as people and operators would."""

    async def before(self, place: Place) -> dict[str, str]:
        """Values that a smoke test wants unchanged, by component and name; read before the first move.

        Where there is no such table yet there is nothing that could change. Raises Unreachable where nobody
        answers: what is not known is not nothing.
        """
        found: dict[str, str] = {}
        for part in place.environment.components:
            target = place.targets.get(part.name)
            try:
                values = await counted(part.smoke, target)
            except OrchestrateError:
                if target is not None:
                    await target.applied()
                continue
            found |= {f"{part.name}/{name}": value for name, value in values.items()}
        return found

    async def slot(
        self,
        place: Place,
        component: Component,
        slot: str,
        version: Version,
        before: Mapping[str, str] | None = None,
    ) -> Report:
        """Instances, version, traffic and smoke tests of one slot, within the environment's time.

        Raises Unreachable when it cannot be looked at: then nothing is known about the slot.
        """
        limit = place.environment.verification_timeout
        known = {
            name.removeprefix(f"{component.name}/"): value
            for name, value in (before or {}).items()
            if name.startswith(f"{component.name}/")
        }
        try:
            async with asyncio.timeout(limit):
                points = await self._look(place, component, slot, version)
                points += await self._smoke(place, component, known)
                return Report(points=tuple(points))
        except TimeoutError:
            late = Point(name="verification", passed=False, sentence=f"not done after {limit} s")
            return Report(points=(late,))
        except Unreachable:
            raise
        except OrchestrateError as problem:
            blind = Point(name="verification", passed=False, sentence=str(problem))
            return Report(points=(blind,))

    async def _look(self, place: Place, component: Component, slot: str, version: Version) -> list[Point]:
        running = await place.provider.running(component)
        points = [_instances(running, slot), _version(running, slot, version)]
        if component.port:
            points.append(_traffic(running, slot))
        return points

    async def _smoke(self, place: Place, component: Component, before: Mapping[str, str]) -> list[Point]:
        url, target = await place.addresses.public(component), place.targets.get(component.name)
        reach = reach_of(place.environment)
        wanted = await smoke_checks(component, url, reach) if component.port else component.smoke
        checks = [_comparable(check, before) for check in wanted]
        results = [await smoke(check, url, place.secret, target, before, reach) for check in checks]
        return [Point(name=one.name, passed=one.passed, sentence=one.sentence) for one in results]


def _comparable(check: Smoke, before: Mapping[str, str]) -> Smoke:
    """The check, without a comparison for which there was nothing before."""
    if isinstance(check, SqlSmoke) and check.unchanged and check.name not in before:
        return check.model_copy(update={"unchanged": False})
    return check


def _instances(running: Running, slot: str) -> Point:
    found = running.slot(slot)
    if found is None or not found.instances:
        return Point(name="instances", passed=False, sentence=f"nothing runs in {slot}")
    sick = [f"{one.id}: {one.detail or 'unhealthy'}" for one in found.instances if not one.healthy]
    healthy = len(found.instances) - len(sick)
    said = f"{healthy} of {found.wanted} healthy"
    return Point(name="instances", passed=found.is_healthy, sentence="; ".join([said, *sick]))


def _version(running: Running, slot: str, version: Version) -> Point:
    found = running.slot(slot)
    is_so = found is not None and found.version is not None and found.version.tree == version.tree
    others = [one for one in (found.instances if found else ()) if one.tree not in ("", version.tree)]
    said = f"{found.version.name if found and found.version else 'nothing'} runs in {slot}"
    if others:
        said = f"{', '.join(f'{one.id} really runs {one.tree[:19]}' for one in others)}, not {version.name}"
    return Point(name="version", passed=is_so and not others, sentence=said)


def _traffic(running: Running, slot: str) -> Point:
    share = running.weights.get(slot, 0)
    return Point(name="traffic", passed=share == 100, sentence=f"{slot} has {share} % of the traffic")
