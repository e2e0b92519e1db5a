"""What several processes do to one store at the same moment."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from multiprocessing.synchronize import Barrier
from typing import TypeVar

from orchestrate.errors import AlreadyDecided, TaskClaimed
from orchestrate.models.audit import AuditKind
from orchestrate.models.deployment import DecisionKind, ForEffects, Stage
from orchestrate.store import Store
from tests.orchestrate.store.facts import accepted, driven, said

T = TypeVar("T")
Part = Callable[[Store, int], T]

_start: list[Barrier] = []


def race(part: Part[T], url: str, runners: int) -> list[T]:
    """What each of `runners` processes returns, all of them started at once on the store at `url`."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__, "alembic.command"])
    barrier = context.Barrier(runners)
    with ProcessPoolExecutor(runners, context, initializer=_ready, initargs=(barrier,)) as pool:
        return list(pool.map(_run, [part] * runners, [url] * runners, range(runners)))


def _ready(barrier: Barrier) -> None:
    _start.append(barrier)


def _run(part: Part[T], url: str, number: int) -> T:
    with closing(Store.open(url)) as store:
        _start[0].wait(30)
        return part(store, number)


def together() -> None:
    """Wait until every process of the race has come here."""
    _start[0].wait(30)


def upgrading(store: Store, _: int) -> None:
    store.upgrade()
    store.check()


def claiming(store: Store, number: int) -> list[str]:
    """Claim 200 tasks, each process beginning with another."""
    tasks = [f"T-{(task + number * 50) % 200}" for task in range(200)]
    return [task for task in tasks if _claims(store, task)]


def _claims(store: Store, task: str) -> bool:
    try:
        return bool(accepted(store, task=task))
    except TaskClaimed:
        return False


def deciding(store: Store, number: int) -> list[str]:
    """Answer every open question; those that this process decided."""
    kind = (DecisionKind.APPROVED, DecisionKind.HOLD)[number % 2]
    return [
        f"{question.id} {kind}"
        for question in store.questions.unanswered()
        if _decides(store, question.id, kind, f"person {number}")
    ]


def _decides(store: Store, question: str, kind: DecisionKind, by: str) -> bool:
    try:
        return store.questions.decide(question, said(store.questions.question(question), kind, by))
    except AlreadyDecided:
        return False


def leasing(store: Store, number: int) -> list[str]:
    """Take the lease of everything that is due."""
    due = store.deployments.due(store.clock())
    return [one for one in due if store.leases.take(one, f"worker {number}", 60)]


def locking(store: Store, number: int) -> str:
    return store.locks.take("production", "shop", f"deployment {number}")


def auditing(store: Store, number: int) -> None:
    """Tell the audit 25 things, one at a time."""
    for one in range(25):
        store.audit.add(AuditKind.PLACE, by=f"process {number}", environment=f"place {one}")


def holding(store: Store, number: int) -> list[str]:
    """Let deployments wait for effects; the first process allows them meanwhile."""
    held: list[str] = []
    for one in range(10):
        lease = driven(store)
        if number == 0 and one == 5:
            store.switch.allow("ada", "all is well")
        store.deployments.entered(lease, Stage.DEPLOY)
        store.deployments.waits(lease, ForEffects(why="stopped"), None)
        store.leases.release(lease)
        held.append(lease.deployment)
    return held
