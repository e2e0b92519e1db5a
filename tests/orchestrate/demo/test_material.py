from __future__ import annotations

from pathlib import Path

import pytest

from orchestrate.demo.material import Material, make_repository
from orchestrate.errors import UnknownVersion
from orchestrate.models.environment import Channel
from orchestrate.settings import load
from tests.orchestrate.demo.conftest import Checkout, git


async def test_the_history_is_the_same_in_every_folder(material: Material, tmp_path: Path) -> None:
    other = await make_repository(tmp_path / "elsewhere")

    assert other.base_head == material.base_head
    assert other.proposals == material.proposals


async def test_the_users_own_git_settings_do_not_matter(
    material: Material, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gitconfig").write_text("[init]\ndefaultBranch = trunk\n[core]\nautocrlf = true\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
    monkeypatch.setenv("GIT_AUTHOR_DATE", "2001-01-01T00:00:00Z")

    other = await make_repository(tmp_path / "elsewhere")

    assert other.proposals == material.proposals


async def test_making_it_again_changes_nothing(tmp_path: Path) -> None:
    first = await make_repository(tmp_path)
    before = _states(tmp_path)

    again = await make_repository(tmp_path)

    assert again == first
    assert _states(tmp_path) == before


async def test_what_happened_since_is_kept(tmp_path: Path) -> None:
    made = await make_repository(tmp_path)
    ratings = next(one.head for one in made.proposals if one.branch == "ratings")
    await git(made.remote, "update-ref", "refs/heads/main", ratings)
    (made.clone / "note.txt").write_text("mine")

    again = await make_repository(tmp_path)

    assert again.base_head == ratings
    assert (made.clone / "note.txt").read_text() == "mine"


async def test_a_missing_clone_alone_is_made_anew(tmp_path: Path) -> None:
    made = await make_repository(tmp_path)
    made.clone.rename(tmp_path / "moved-away")

    await make_repository(tmp_path)

    assert (made.clone / "shop" / "server.py").is_file()


async def test_a_repository_without_a_branch_of_ours_is_named(tmp_path: Path) -> None:
    made = await make_repository(tmp_path)
    await git(made.remote, "branch", "-D", "currency")

    with pytest.raises(UnknownVersion, match="currency"):
        await make_repository(tmp_path)


async def test_every_proposal_is_one_commit_by_its_author(material: Material) -> None:
    for proposal in material.proposals:
        log = await git(material.remote, "log", "--format=%H %an %s", f"main..{proposal.branch}")
        assert log == f"{proposal.head} {proposal.author} {proposal.title}\n"


async def test_only_the_shop_is_in_the_repository(checkout: Checkout) -> None:
    folder = await checkout("main")

    names = sorted(path.name for path in folder.iterdir() if path.name != ".git")

    assert names == [".gitignore", "README.md", "migrations", "shop"]


async def test_the_settings_can_be_loaded_from_the_folder(tmp_path: Path) -> None:
    made = await make_repository(tmp_path, person="eve", staging_port=7001, production_port=7002)
    (tmp_path / "orchestrate.yaml").write_text(made.settings)

    settings = load(tmp_path / "orchestrate.yaml")

    assert settings.flow == ("staging", "production")
    assert settings.forge.remote == str(made.remote)
    assert settings.person(Channel.CLI, "eve") is not None
    staging, production = (settings.environment(name) for name in settings.flow)
    assert (staging.components[0].port, production.components[0].port) == (7001, 7002)
    assert (staging.asks_a_person, production.asks_a_person) == (False, True)
    assert (staging.demands_backup, production.demands_backup) == (False, True)


async def test_a_canary_of_the_settings_is_seconds_long(material: Material, tmp_path: Path) -> None:
    (tmp_path / "orchestrate.yaml").write_text(material.settings)

    production = load(tmp_path / "orchestrate.yaml").environment("production")

    assert [step.share for step in production.canary] == [10, 25, 50, 100]
    assert sum(step.seconds for step in production.canary) + production.monitoring.period < 60


async def test_a_folder_with_a_difficult_name_has_settings_too(tmp_path: Path) -> None:
    made = await make_repository(tmp_path / 'a "b" $c: #d ü', person="o'neil: [x]")
    (made.folder / "orchestrate.yaml").write_text(made.settings)

    database = load(made.folder / "orchestrate.yaml").environment("staging").components[0].database

    assert database is not None
    assert database.url == f"sqlite:///{made.folder}/data/staging.db"


def _states(folder: Path) -> dict[str, tuple[int, int]]:
    return {
        str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.stat().st_ino)
        for path in folder.rglob("*")
    }
