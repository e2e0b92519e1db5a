from __future__ import annotations

import asyncio
import sqlite3
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from orchestrate.demo.material import Material, make_repository
from tools.commands import run


@dataclass
class RunningShop:
    """A shop that really runs, from a checkout of its own."""

    process: asyncio.subprocess.Process
    url: str
    database: Path
    log: Path  # what it wrote to stdout
    complaints: Path  # and to stderr

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    async def ask(self, path: str, method: str = "GET", content: str = "") -> httpx.Response:
        async with httpx.AsyncClient(base_url=self.url, trust_env=False) as client:
            return await client.request(method, path, content=content)

    async def stop(self) -> int:
        if self.process.returncode is None:
            self.process.terminate()
        return await asyncio.wait_for(self.process.wait(), 10)


OpenShop = Callable[..., Awaitable[RunningShop]]
Checkout = Callable[[str], Awaitable[Path]]


@pytest.fixture(scope="session")
def material(tmp_path_factory: pytest.TempPathFactory) -> Material:
    return asyncio.run(make_repository(tmp_path_factory.mktemp("demo"), person="eve"))


@pytest.fixture
def checkout(material: Material, tmp_path: Path) -> Checkout:
    async def check_out(branch: str) -> Path:
        folder = tmp_path / branch
        if not folder.exists():
            await git(tmp_path, "clone", "--quiet", "--branch", branch, str(material.remote), str(folder))
        return folder

    return check_out


@pytest.fixture
async def open_shop(checkout: Checkout, tmp_path: Path) -> AsyncIterator[OpenShop]:
    """Opens shops of a branch on one database, with the schema of that branch or of another."""
    shops: list[RunningShop] = []

    async def open_one(branch: str, schema: str | None = None, *, migrated: bool = True) -> RunningShop:
        if migrated:
            migrate(tmp_path / "shop.db", await checkout(schema or branch))
        shops.append(await started(await checkout(branch), tmp_path / "shop.db"))
        return shops[-1]

    yield open_one
    for shop in shops:
        await shop.stop()


async def started(folder: Path, database: Path) -> RunningShop:
    log, complaints = database.with_suffix(".stdout"), database.with_suffix(".stderr")
    environment = {"PORT": "0", "SLOT": "green", "VERSION": "1.0", "INSTANCE": "1", "DATABASE": str(database)}
    with log.open("wb") as lines, complaints.open("wb") as errors:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-B", "-m", "shop"),
            cwd=folder,
            env=environment,
            stdout=lines,
            stderr=errors,
        )
    try:
        async with asyncio.timeout(10):
            while " open port=" not in log.read_text():
                await asyncio.sleep(0.02)
    except TimeoutError:
        process.kill()
        raise
    port = log.read_text().partition(" open port=")[2].split()[0]
    return RunningShop(process, f"http://127.0.0.1:{port}", database, log, complaints)


def migrate(database: Path, folder: Path) -> None:
    """Apply what `folder` has and `database` has not; the database remembers by its user_version."""
    connection = sqlite3.connect(database)
    for file in sorted((folder / "migrations").glob("*.sql")):
        number = int(file.name[:4])
        if number > int(connection.execute("PRAGMA user_version").fetchone()[0]):
            connection.executescript(f"{file.read_text()}; PRAGMA user_version = {number};")
    connection.close()


async def git(folder: Path, *words: str) -> str:
    return (await run(("git", *words), cwd=folder)).whole().text
