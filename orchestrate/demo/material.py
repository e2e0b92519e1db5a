"""Material: the folder of the demo, with a shop's repository, its open changes and the settings."""

from __future__ import annotations

import json
import os
import pwd
import sys
from pathlib import Path
from string import Template

from orchestrate.demo.history import BASE, DRAFTS, heads, lay_down
from orchestrate.models.fact import Fact

_SETTINGS = Path(__file__).with_name("orchestrate.yaml.template")


class Proposal(Fact):
    """A change that is open for review: a branch with what a forge would show about it."""

    branch: str
    title: str
    author: str
    description: str
    head: str  # commit SHA


class Material(Fact):
    """Where everything lies, and the text of an orchestrate.yaml that fits."""

    folder: Path
    remote: Path  # bare repository, shop.git
    clone: Path  # work clone, shop
    base: str
    base_head: str  # commit SHA of the base branch: what production runs before the first deployment
    proposals: tuple[Proposal, ...]
    settings: str


async def make_repository(
    folder: Path, *, person: str | None = None, staging_port: int = 8081, production_port: int = 8080
) -> Material:
    """Make the shop's repository and data folder in `folder`; what exists already is left as it is.

    `person` (None: the operating system's user) approves and operates in the settings.
    Raises CommandFailed, ProgramMissing (git), UnknownVersion (an existing repository lacks a branch).
    """
    folder = _opened(folder)
    remote, clone = folder / "shop.git", folder / "shop"
    await lay_down(remote, clone)
    commits = await heads(remote)
    return Material(
        folder=folder,
        remote=remote,
        clone=clone,
        base=BASE,
        base_head=commits[BASE],
        proposals=tuple(
            Proposal(
                branch=draft.branch,
                title=draft.title,
                author=draft.author,
                description=draft.description,
                head=commits[draft.branch],
            )
            for draft in DRAFTS
        ),
        settings=_settings(folder, person or _user(), staging_port, production_port),
    )


def _opened(folder: Path) -> Path:
    (folder / "data").mkdir(parents=True, exist_ok=True)
    return folder.absolute()


def _settings(folder: Path, person: str, staging_port: int, production_port: int) -> str:
    staging, production = (folder / "data" / f"{name}.db" for name in ("staging", "production"))
    return Template(_SETTINGS.read_text()).substitute(
        person=_quoted(person),
        python=_quoted(sys.executable),
        staging_port=staging_port,
        production_port=production_port,
        staging_database=_quoted(str(staging)),
        production_database=_quoted(str(production)),
        staging_url=_quoted(f"sqlite:///{staging}"),
        production_url=_quoted(f"sqlite:///{production}"),
    )


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _user() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())
