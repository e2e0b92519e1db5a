"""`python -m tests.evals.tokens`: what models would cost for the demo's four changes, request by request.

The changes, their settings and what happens to them are the demo's; models answer from a script, and look at
two things each before they advise or explain. What is cached and billed is counted as the API counts it, with
four bytes a token.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from agents.planner import is_remarkable
from orchestrate.demo.chapters import BAD, CHAPTERS, CONFLICT, DANGEROUS, GOOD, INSTALL
from orchestrate.demo.material import Material, make_repository
from orchestrate.models.deployment import Deployment, Outcome, Status
from orchestrate.models.model_call import ModelCall, Spent, dollars, spent
from orchestrate.settings import load
from tests.evals.deployments import LOG, claude_of, experienced, share
from tests.servers.anthropic import FakeAnthropic, anthropic_api
from tests.stories.twins import Clock, outside
from tests.stories.world import World, assembled


@dataclass(frozen=True)
class Measured:
    """One deployment of one change, and what was asked for it."""

    change: str
    environment: str
    outcome: str
    calls: tuple[ModelCall, ...]

    @property
    def cost(self) -> Spent:
        return spent(self.calls)


async def measured(fake: FakeAnthropic) -> list[Measured]:
    """The demo's four changes, one after the other, in its two environments."""
    fake.by = experienced
    with TemporaryDirectory(prefix="tokens-") as folder:
        material = await make_repository(Path(folder), person="ada")
        async with _shop(Path(folder), material, fake) as here:
            return [one async for one in _played(here, _trees(material))]


@asynccontextmanager
async def _shop(folder: Path, material: Material, fake: FakeAnthropic) -> AsyncGenerator[World]:
    (folder / "orchestrate.yaml").write_text(material.settings)
    places = dict(load(folder / "orchestrate.yaml").environments)
    around, late = outside(tuple(places), Clock()), claude_of(fake)
    around.model, around.is_worth_asking, fake.cache.clock = late, is_remarkable, around.clock
    await around.begin(places)
    async with assembled(folder, around, places) as here:
        late.begin(here.store)
        yield here


async def _played(here: World, trees: Mapping[str, Mapping[str, str | None]]) -> AsyncGenerator[Measured]:
    old = await here.propose(CONFLICT.name, dict(trees[CONFLICT.name]))
    for name in (INSTALL.name, GOOD.name, BAD.name):
        task = await here.task(await here.propose(name, dict(trees[name])))
        for environment in here.environments:
            row = here.accept(environment, task=task.id, change=task.change)
            is_bad = name == BAD.name and environment == "production"
            yield _measured(here, name, await _to_its_end(here, row, is_bad=is_bad))
    dropped = await here.propose(DANGEROUS.name, dict(trees[DANGEROUS.name]))
    for name, change in ((CONFLICT.name, old), (DANGEROUS.name, dropped)):
        row = here.accept("staging", task=(await here.task(change)).id, change=change.id)
        yield _measured(here, name, await _to_its_end(here, row))


async def _to_its_end(here: World, row: Deployment, *, is_bad: bool = False) -> Deployment:
    row = await here.go(row.id)
    if row.status is Status.WAITING:
        await here.approve(row.id)
        here.metrics.failing |= {"green": 0.2, "blue": 0.0} if is_bad else {}
        here.providers[row.environment].lines["green"] = list(LOG) if is_bad else []
        row = await here.go(row.id)
    here.metrics.failing.clear()
    return row


def _measured(here: World, change: str, row: Deployment) -> Measured:
    outcome = str(row.outcome or row.status)
    return Measured(change, row.environment, outcome, here.store.model_calls.of(row.id))


def _trees(material: Material) -> dict[str, dict[str, str | None]]:
    """What each change does to the files, where the ones before it are merged already."""
    clone = material.clone
    first = _git(clone, "rev-list", "--max-parents=0", "origin/main")
    found = {INSTALL.name: _files(clone, "4b825dc642cb6eb9a060e54bf8d69288fbee4904", first)}
    _git(clone, "checkout", "--quiet", "--detach", first)
    for name in (CONFLICT.name, DANGEROUS.name):
        found[name] = _files(clone, first, f"origin/{name}")
    for name in (GOOD.name, BAD.name):
        before = _git(clone, "rev-parse", "HEAD")
        who = ("-c", "user.name=a", "-c", "user.email=a@shop.example")
        _git(clone, *who, "merge", "--quiet", "--no-ff", "-m", name, f"origin/{name}")
        found[name] = _files(clone, before, "HEAD")
    return found


def _files(clone: Path, before: str, after: str) -> dict[str, str | None]:
    names = _git(clone, "diff", "--name-only", before, after).splitlines()
    there = set(_git(clone, "ls-tree", "-r", "--name-only", after).splitlines())
    return {name: _git(clone, "show", f"{after}:{name}") + "\n" if name in there else None for name in names}


def _git(clone: Path, *words: str) -> str:
    return subprocess.run(
        ["git", *words], cwd=clone, check=True, capture_output=True, text=True, timeout=60
    ).stdout.strip("\n")


def lines(found: Sequence[Measured]) -> Iterator[str]:
    """The table: a line for each deployment, and one for each role that was asked."""
    heads = f"{'asked':>6} {'in':>8} {'cached':>7} {'fresh':>7} {'out':>6} {'cost':>9}"
    yield f"{'change':20} {'to':20} {'ends in':14} {heads}"
    for one in found:
        yield _line(one.change, one.environment, one.outcome, one.cost)
        for role in dict.fromkeys(call.role for call in one.calls):
            own = spent(tuple(call for call in one.calls if call.role == role))
            yield _line("", f"  {role}", "", own)
    yield _line("all of them", "", "", spent(tuple(call for one in found for call in one.calls)))


def _line(change: str, where: str, outcome: str, cost: Spent) -> str:
    tokens = cost.tokens
    return (
        f"{change:20} {where:20} {outcome:14} {cost.requests:6} {tokens.input:8,} {share(cost):7.0%} "
        f"{tokens.fresh:7,} {tokens.output:6,} {dollars(cost.micros):>9}"
    )


def main() -> int:
    """Print the table."""
    with anthropic_api() as fake:
        found = asyncio.run(measured(fake))
    sys.stdout.write("\n".join(lines(found)) + "\n")
    known = {one.name: one.ends for one in CHAPTERS}
    last = {one.change: one.outcome for one in found}
    return int(any(Outcome(last[name]) is not known[name] for name in last))


if __name__ == "__main__":
    sys.exit(main())
