"""What tests of every part share: stores, on SQLite and on PostgreSQL."""

from __future__ import annotations

import gc
import shutil
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import psutil
import pytest

from orchestrate.models.secret import forget
from orchestrate.store import Store
from orchestrate.store.tables import metadata
from tests.servers import docker_engine as docker_server
from tests.servers import postgres as postgres_server
from tests.servers.aws import site as aws_server
from tests.servers.docker_engine import DockerEngine
from tests.servers.kubernetes import site as kubernetes_server
from tests.servers.kubernetes.site import Site
from tests.servers.kubernetes.steering import steering
from tests.servers.postgres import Postgres
from tests.servers.processes import processes_of

GRACE = 10.0  # seconds that a process may take to end

BACKENDS = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server for the whole run."""
    with postgres_server.running() as server:
        yield server


@pytest.fixture(scope="session")
def docker_engine() -> Iterator[DockerEngine]:
    """A Docker engine and a registry for the whole run."""
    with docker_server.running() as server:
        yield server


@pytest.fixture(scope="module")
def kubernetes_site() -> Iterator[Site]:
    """A cluster with a node and a registry. Its node is a thread: it ends before others fork."""
    with kubernetes_server.site() as made:
        yield made


@pytest.fixture(scope="module")
def steered_site(kubernetes_site: Site) -> Iterator[Site]:
    """The cluster, with the controllers of Argo Rollouts and of Flagger at work."""
    with steering(kubernetes_site.cluster):
        yield kubernetes_site


@pytest.fixture(scope="module")
def aws_site() -> Iterator[aws_server.Site]:
    """An AWS account. Its servers are threads: they end before others fork."""
    pytest.importorskip("moto", reason="moto is not installed")
    with closing(aws_server.Site()) as made:
        yield made


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with this version's tables."""
    file = tmp_path_factory.mktemp("template") / "store.db"
    with closing(Store.open(f"sqlite:///{file}")) as store:
        store.upgrade()
    return file


@pytest.fixture(scope="session")
def postgres_upgraded(postgres: Postgres) -> Iterator[str]:
    """The URL of a PostgreSQL database with this version's tables."""
    with postgres.database() as url:
        with closing(Store.open(url)) as store:
            store.upgrade()
        yield url


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The URL of a SQLite file that does not exist yet."""
    return f"sqlite:///{tmp_path}/new.db"


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    """The URL of an empty PostgreSQL database."""
    with postgres.database() as url:
        yield url


@pytest.fixture(params=BACKENDS)
def any_url(request: pytest.FixtureRequest) -> str:
    """An empty database: once on SQLite, once on PostgreSQL."""
    return request.getfixturevalue(f"{request.param}_url")


@pytest.fixture
def sqlite_store_url(sqlite_template: Path, tmp_path: Path) -> str:
    """The URL of a SQLite file with this version's tables, and nothing in them."""
    return f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'store.db')}"


@pytest.fixture
def postgres_store_url(postgres_upgraded: str) -> Iterator[str]:
    """The URL of a PostgreSQL database with this version's tables, and nothing in them."""
    yield postgres_upgraded
    postgres_server.empty(postgres_upgraded, [table.name for table in reversed(metadata.sorted_tables)])


@pytest.fixture(params=BACKENDS)
def any_store_url(request: pytest.FixtureRequest) -> str:
    """A database with this version's tables: once on SQLite, once on PostgreSQL."""
    return request.getfixturevalue(f"{request.param}_store_url")


@pytest.fixture
def store(sqlite_store_url: str) -> Iterator[Store]:
    """An empty store on SQLite."""
    with closing(Store.open(sqlite_store_url)) as store:
        yield store


@pytest.fixture
def any_store(any_store_url: str) -> Iterator[Store]:
    """An empty store: once on SQLite, once on PostgreSQL."""
    with closing(Store.open(any_store_url)) as store:
        yield store


@pytest.fixture(scope="session", autouse=True)
def nothing_left_running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What tests started in their folders has ended when the last of them has."""
    yield
    base, end = tmp_path_factory.getbasetemp(), time.monotonic() + GRACE
    while (left := processes_of(base, psutil.Process.cmdline)) and time.monotonic() < end:
        time.sleep(0.2)
    for process in left:
        with suppress(psutil.Error):
            process.kill()
    assert not left, f"still running: {left}"


@pytest.fixture(autouse=True)
def nobodys_secrets() -> Iterator[None]:
    """No test's secrets are kept out of the next one's texts."""
    yield
    forget()


def pytest_collection() -> None:
    """Nothing that is collected is garbage: looking for it would take a third of the time."""
    gc.disable()


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what runs under load: it wants room on the machine, and the Makefile finds it by these names."""
    for item in items:
        path = item.path.relative_to(Path(__file__).parent)
        if path.stem.endswith("_live") or "demo" in path.as_posix() or "traffic" in path.stem:
            item.add_marker(pytest.mark.live)
