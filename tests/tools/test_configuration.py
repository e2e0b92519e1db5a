"""The copy of the configuration: what is in it, what never is, and what stops a deployment."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from orchestrate.errors import BackupFailed
from orchestrate.models.environment import Component, Database, Environment, EnvironmentType
from orchestrate.models.runtime import Artifact
from orchestrate.models.secret import Secret
from tests.tools.systems.running import VERSION, slot
from tools import configuration
from tools.metrics import MemoryMetrics
from tools.place import Place
from tools.provider import MemoryProvider

SECRET = "correct-horse-battery"  # noqa: S105


def place(root: Path, provider: MemoryProvider) -> Place:
    """Version one of one component runs in blue; its settings repeat a secret and hold a password."""
    url = "postgresql://shop:hunter2@db.test/shop"
    part = Component(name="web", port=8080, database=Database(url=url, dialect="postgres"))
    return Place(
        environment=Environment(
            name="production",
            type=EnvironmentType.PRODUCTION,
            service="shop",
            components=(part,),
            variables={"GREETING": f"hello {SECRET}"},
            root=root,
        ),
        provider=provider,
        addresses=provider,
        logs=provider,
        metrics=MemoryMetrics(),
        secret=str,
    )


@pytest.fixture
def provider() -> MemoryProvider:
    made = MemoryProvider()
    made.slots["web", "blue"] = slot("blue", ["127.0.0.1:1"])
    made.weights["web"] = {"blue": 100}
    made.artifacts["web", VERSION.tree] = Artifact(
        component="web", version=VERSION, digest="d" * 64, location="here"
    )
    return made


def kept(root: Path) -> None:
    """What a process provider keeps below the root: with a key of the router, which stays where it is."""
    (root / "slots" / "web").mkdir(parents=True)
    (root / "slots" / "web" / "blue.json").write_text('{"wanted": 1}')
    (root / "traffic" / "web").mkdir(parents=True)
    (root / "traffic" / "web" / "haproxy.cfg").write_text(f"# {SECRET}\n")
    (root / "traffic" / "web" / "admin.json").write_text('{"token": "key-of-the-router"}')


async def test_settings_versions_digests_weights_and_files_are_in_the_copy(
    tmp_path: Path, provider: MemoryProvider
) -> None:
    kept(tmp_path)

    said = await configuration.keep(place(tmp_path, provider), tmp_path / "backups" / "web" / "D1")

    file = tmp_path / "backups" / "web" / "D1" / configuration.NAME
    told = json.loads(file.read_text())
    assert said == (
        "the configuration (1 running versions, 2 files) read back and compared: D1/configuration.json"
    )
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert told["environment"]["name"] == "production"
    assert told["running"][0]["weights"] == {"blue": 100}
    assert told["artifacts"] == [{"component": "web", "slot": "blue", "version": "v1", "digest": "d" * 64}]
    assert set(told["files"]) == {"slots/web/blue.json", "traffic/web/haproxy.cfg"}


async def test_no_secret_is_in_the_copy(tmp_path: Path, provider: MemoryProvider) -> None:
    Secret(SECRET)
    kept(tmp_path)

    await configuration.keep(place(tmp_path, provider), tmp_path)

    text = (tmp_path / configuration.NAME).read_text()
    assert "hello" in text and "db.test" in text
    for never in (SECRET, "hunter2", "key-of-the-router"):
        assert never not in text


async def test_a_version_whose_artifact_is_gone_is_said_to_be_so(
    tmp_path: Path, provider: MemoryProvider
) -> None:
    provider.artifacts.clear()

    await configuration.keep(place(tmp_path, provider), tmp_path)

    told = json.loads((tmp_path / configuration.NAME).read_text())
    assert told["artifacts"][0]["digest"] == "its artifact is not here any more"


async def test_a_copy_that_cannot_be_written_is_a_backup_that_failed(
    tmp_path: Path, provider: MemoryProvider
) -> None:
    (tmp_path / "backups").write_text("a file where a folder should be")

    with pytest.raises(BackupFailed, match="the copy of the configuration failed"):
        await configuration.keep(place(tmp_path, provider), tmp_path / "backups")


async def test_a_file_that_cannot_be_read_is_a_backup_that_failed(
    tmp_path: Path, provider: MemoryProvider
) -> None:
    (tmp_path / "traffic").mkdir()
    (tmp_path / "traffic" / "web.json").symlink_to("/proc/self/mem")

    with pytest.raises(BackupFailed, match="the copy of the configuration failed"):
        await configuration.keep(place(tmp_path, provider), tmp_path / "backups")


async def test_a_copy_that_reads_back_as_another_is_a_backup_that_failed(
    tmp_path: Path, provider: MemoryProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Path.read_bytes

    def cut(path: Path) -> bytes:
        return whole(path)[:-1]

    monkeypatch.setattr(Path, "read_bytes", cut)

    with pytest.raises(BackupFailed, match="another one when it is read back"):
        await configuration.keep(place(tmp_path, provider), tmp_path)

    assert list(tmp_path.iterdir()) == []
