"""How fast four worker processes claim tasks, and whether any is claimed twice."""

from __future__ import annotations

import multiprocessing
import sqlite3
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from pathlib import Path
from statistics import median

from orchestrate.errors import TaskClaimed
from orchestrate.models.deployment import Request
from orchestrate.store import Store
from tests.bench.table import Row

WORKERS = 4
EACH = 750  # claims of one worker in one round
CONTESTED = 200  # tasks that all workers want
ROUNDS = 5
TARGET = 1500  # claims per second
SHARE = 0.5  # of what bare SQLite does in the same minute, where the disk is slow or busy
PATIENCE = 30.0  # seconds for the lock: SQLite is not fair, and a busy disk makes it less so

Claim = Callable[[str], bool]


@dataclass(frozen=True)
class Turn:
    """What one worker claims in one round: its own tasks, timed; then those that everybody wants."""

    number: int
    worker: int

    @property
    def own(self) -> list[str]:
        return [f"{self.number}-{self.worker}-{index}" for index in range(EACH)]

    @property
    def contested(self) -> list[str]:
        return [f"{self.number}-all-{index}" for index in range(CONTESTED)]


def measured(folder: Path) -> list[Row]:
    folder.mkdir(parents=True, exist_ok=True)
    url = f"sqlite:///{folder / 'store.db'}"
    store = Store.open(url)
    store.upgrade()
    bare = folder / "bare.db"
    with sqlite3.connect(bare) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE claims (id INTEGER PRIMARY KEY, task TEXT UNIQUE, request TEXT)")
    ours: list[float] = []
    theirs: list[float] = []
    won = 0
    for number in range(ROUNDS):
        rate, contested = _raced(_of_the_store, url, number)
        reference, _ = _raced(_of_bare_sqlite, str(bare), number)
        ours, theirs, won = [*ours, rate], [*theirs, reference], won + contested
    wanted = ROUNDS * (WORKERS * EACH + CONTESTED)
    with store.engine.connect() as connection:
        twice = connection.exec_driver_sql(
            "SELECT count(task) - count(DISTINCT task) FROM deployments"
        ).scalar()
        kept = connection.exec_driver_sql("SELECT count(*) FROM deployments").scalar()
    store.close()
    rate, reference = median(ours), median(theirs)
    return [
        Row(
            what=f"claims, synchronous=FULL, {WORKERS} workers",
            measured=f"{rate:,.0f}/s",
            reference=f"{reference:,.0f}/s bare SQLite insert",
            ratio=rate / reference,
            target=f"≥ {TARGET:,}/s, or ≥ {SHARE} of the same",
            ok=rate >= TARGET or rate >= SHARE * reference,
        ),
        Row(
            what=f"claims: twice or lost among {wanted:,} tasks",
            measured=f"{twice} twice, {wanted - (kept or 0)} lost",
            reference=f"{CONTESTED * ROUNDS * WORKERS:,} races",
            target="none",
            ok=(twice, kept, won) == (0, wanted, CONTESTED * ROUNDS),
        ),
    ]


def _raced(claims: Callable[[str], Claim], address: str, number: int) -> tuple[float, int]:
    """Claims per second of all workers together, and how many of the contested tasks were won."""
    context = multiprocessing.get_context("spawn")
    barrier, told = context.Barrier(WORKERS), context.Queue()
    workers = [
        context.Process(target=_work, args=(claims, address, Turn(number, worker), barrier, told))
        for worker in range(WORKERS)
    ]
    for worker in workers:
        worker.start()
    answers: Sequence[tuple[float, float, int]] = [told.get(timeout=120) for _ in workers]
    for worker in workers:
        worker.join()
    span = max(end for _, end, _ in answers) - min(begin for begin, _, _ in answers)
    return WORKERS * EACH / span, sum(won for _, _, won in answers)


def _work(
    claims: Callable[[str], Claim],
    address: str,
    turn: Turn,
    barrier: Barrier,
    told: Queue[tuple[float, float, int]],
) -> None:
    claim = claims(address)
    barrier.wait(timeout=60)
    began = time.time()
    own = sum(claim(task) for task in turn.own)
    ended = time.time()
    if own != EACH:
        raise RuntimeError(f"{EACH - own} claims were lost")
    barrier.wait(timeout=60)
    told.put((began, ended, sum(claim(task) for task in turn.contested)))


def _of_the_store(url: str) -> Claim:
    store = Store.open(url)
    request = Request(environment="production", requested_by="bench")

    def claim(task: str) -> bool:
        try:
            store.deployments.accept(request.model_copy(update={"task": task}), "shop", 1)
        except TaskClaimed:
            return False
        return True

    return claim


def _of_bare_sqlite(file: str) -> Claim:
    connection = sqlite3.connect(file, timeout=PATIENCE, isolation_level=None)
    connection.execute("PRAGMA synchronous=FULL")
    request = Request(environment="production", requested_by="bench").model_dump_json()

    def claim(task: str) -> bool:
        connection.execute("BEGIN IMMEDIATE")
        words = "INSERT INTO claims (task, request) VALUES (?, ?) ON CONFLICT DO NOTHING"
        done = connection.execute(words, (task, request)).rowcount == 1
        connection.execute("COMMIT")
        return done

    return claim
