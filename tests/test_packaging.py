"""What the repository promises about itself: its names, its layers, its requirements, its files."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from itertools import chain
from pathlib import Path

import pytest

from orchestrate.models.environment import Environment
from orchestrate.settings import schema
from orchestrate.settings.words import KEYS

ROOT = Path(__file__).parents[1]
PACKAGES = ("agents", "graphs", "orchestrate", "prompts", "tools")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def committed() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, timeout=30, check=False
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def texts() -> Iterator[tuple[str, str]]:
    for name in committed():
        try:
            yield name, (ROOT / name).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


@pytest.mark.parametrize("package", PACKAGES)
def test_nobody_else_ships_our_package_names(package: str) -> None:
    owners = packages_distributions().get(package, ["orchestrate"])

    assert set(owners) == {"orchestrate"}


def test_every_module_has_its_layer() -> None:
    layers = next(one for one in PROJECT["tool"]["importlinter"]["contracts"] if one["id"] == "layers")[
        "layers"
    ]
    named = set(re.findall(r"[\w.]+", " ".join(layers)))

    homeless = [name for name in modules() if name != "orchestrate" and not named & lineage(name)]

    assert homeless == []


def modules() -> Iterator[str]:
    for path in chain.from_iterable((ROOT / package).rglob("*.py") for package in PACKAGES):
        yield ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def lineage(module: str) -> set[str]:
    parts = module.split(".")
    return {".".join(parts[:count]) for count in range(1, len(parts) + 1)}


def test_the_schema_for_editors_is_that_of_the_facts() -> None:
    kept = (ROOT / "orchestrate.schema.json").read_text()

    assert kept == schema.text(), "run: make schema"


def test_the_schema_knows_every_word_of_an_environment() -> None:
    text = schema.text()

    assert [word for word in KEYS if f'"{word}":' not in text] == []
    assert set(KEYS) >= set(Environment.model_fields) - {"name", "service"}


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_requirements_are_pinned_and_hashed(name: str) -> None:
    lines = (ROOT / name).read_text().splitlines()
    entries = [line for line in lines if line and not line.startswith((" ", "#"))]

    assert entries
    assert all(re.match(r"[\w.-]+==\S+( ; .+)? \\$", entry) for entry in entries)
    assert not [line for line in lines if "://" in line or line.startswith("-")]


def test_requirements_hold_what_the_project_asks_for() -> None:
    wanted = PROJECT["project"]["dependencies"]
    pinned = (ROOT / "requirements.txt").read_text()

    missing = [one for one in wanted if not re.search(rf"^{normalised(one)}==", pinned, re.MULTILINE)]

    assert missing == []


def test_what_developers_need_is_beside_what_runs() -> None:
    dev = (ROOT / "requirements-dev.txt").read_text()

    runs = re.findall(r"^[\w.-]+==\S+", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    wanted = [normalised(one) for one in PROJECT["dependency-groups"]["dev"]]

    assert [one for one in runs if f"{one} " not in dev] == []
    assert [one for one in wanted if not re.search(rf"^{one}==", dev, re.MULTILINE)] == []


def normalised(requirement: str) -> str:
    match = re.match(r"[\w.-]+", requirement)
    assert match is not None
    return re.sub(r"[-_.]+", "-", match[0]).lower()


def test_no_file_names_a_registry() -> None:
    hosts = re.compile(
        "|".join(
            (
                r"pypi" r"\.org",
                r"python" r"hosted\.",
                r"registry\.np" r"mjs",
                r"deb\.deb" r"ian",
                r"proxy\.gol" r"ang",
            )
        )
    )

    assert [name for name, text in texts() if hosts.search(text)] == []


def test_no_file_names_a_place_on_somebodys_machine() -> None:
    places = re.compile(
        "|".join((r"/wo" r"rk/", r"/ro" r"ot/", r"/ho" r"me/[a-z]", r"/Us" r"ers/[a-z]", r"/tmp/ba" r"sh"))
    )

    assert [name for name, text in texts() if places.search(text)] == []


def test_the_installed_command_is_ours() -> None:
    assert PROJECT["project"]["scripts"] == {"orchestrate": "orchestrate.cli:main"}


def test_a_machine_that_lacks_something_is_told_the_cure() -> None:
    said = prerequisites("python9.9", "/usr/bin:/bin")

    assert said.returncode == 1
    assert "python9.9 is not installed\ncure: install Python 3.11" in said.stderr


def test_this_machine_lacks_nothing() -> None:
    said = prerequisites(sys.executable, "/usr/local/bin:/usr/bin:/bin:/opt/homebrew/bin")

    assert (said.returncode, said.stderr) == (0, "")


def test_an_old_git_is_too_old(tmp_path: Path) -> None:
    git = tmp_path / "git"
    git.write_text("#!/bin/sh\necho git version 2.37.9\n")
    git.chmod(0o755)

    said = prerequisites(sys.executable, f"{tmp_path}:/usr/bin:/bin")

    assert said.returncode == 1
    assert "git 2.37 is too old; 2.38 or newer is needed" in said.stderr


def prerequisites(python: str, path: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "scripts/prerequisites"],
        cwd=ROOT,
        env={"PATH": path, "PYTHON": python},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
