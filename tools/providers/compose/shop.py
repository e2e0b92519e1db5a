"""Shop: the compose program, the files that it is given, and what it said about a version."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import yaml

from orchestrate.errors import BuildFailed, CommandFailed, StartFailed
from orchestrate.models.change import Version
from orchestrate.models.environment import Component, Environment
from orchestrate.models.hosts import Compose
from tools.commands import Output
from tools.providers.compose.files import USUAL, Words
from tools.providers.compose.program import Program
from tools.providers.fleet.layout import Layout, made, word
from tools.providers.fleet.private import write_privately
from tools.providers.fleet.variables import Variables, about

STRANGE = re.compile(r"[^a-z0-9_-]+")
LOOK = 60.0  # seconds


class Shop:
    """The compose program, and the files that it is given, below the environment's root."""

    def __init__(self, environment: Environment, layout: Layout, variables: Variables) -> None:
        self._environment, self._layout, self._variables = environment, layout, variables
        self._programs: dict[str, Program] = {}

    def project(self, component: Component) -> str:
        own = compose_of(component).project
        name = own or f"{self._environment.service}-{self._environment.name}"
        return STRANGE.sub("-", name.lower()).lstrip("-_")

    def file(self, component: Component, name: str) -> Path:
        return made(self._folder(component)) / f"{word(name)}.yaml"

    def document_file(self, component: Component, version: Version) -> Path:
        return self._folder(component) / f"{word(version.tree)}.json"

    def keep(self, component: Component, version: Version, document: Words) -> None:
        made(self._folder(component))
        write_privately(self.document_file(component, version), json.dumps(document))

    def kept(self, component: Component, version: Version) -> Words:
        """Raises StartFailed."""
        try:
            return cast(Words, json.loads(self.document_file(component, version).read_text()))
        except (OSError, ValueError) as gone:
            raise StartFailed(
                f"what compose said about {version.name} is gone", cure="deploy again"
            ) from gone

    async def read(self, component: Component, version: Version, folder: Path) -> Words:
        """The compose file in `folder` as compose understands it. Raises BuildFailed."""
        file = _found(component, folder)
        output = await self.compose(component, file, ["config"], version)
        if output.code != 0:
            raise BuildFailed(str(CommandFailed(output.argv, output.code, output.complaint)))
        found: object = await asyncio.to_thread(yaml.safe_load, output.text)
        if not isinstance(found, dict):
            raise BuildFailed("compose config wrote no document")
        return cast(Words, found)

    async def compose(
        self,
        component: Component,
        file: Path,
        words: list[str],
        version: Version,
        more: Mapping[str, str] | None = None,
    ) -> Output:
        """Run compose on a file, for a version whose name it may take in. Raises ProgramMissing."""
        socket = compose_of(component).socket
        program = self._programs.setdefault(socket, Program(self._layout.home, socket))
        variables = {**self._variables.plain(), **about(version), "TREE": version.tree, **(more or {})}
        argv = ["--project-name", self.project(component), "--file", str(file), *words]
        seconds = LOOK if words == ["config"] else self._environment.move_timeout
        return await program.run(argv, variables, seconds)

    def _folder(self, component: Component) -> Path:
        return self._layout.root.resolve() / "compose" / word(component.name)


def _found(component: Component, folder: Path) -> Path:
    own = compose_of(component).file
    names = (own,) if own else USUAL
    file = next((folder / name for name in names if (folder / name).is_file()), None)
    if file is None:
        raise BuildFailed(f"the repository has no {' or '.join(names)} in {component.path}")
    if not file.resolve().is_relative_to(folder.resolve()):
        raise BuildFailed(f"{file.name} leads out of the repository")
    return file


def compose_of(component: Component) -> Compose:
    """The component's own words for compose, or the usual ones."""
    return component.compose or Compose()


def name_in(component: Component) -> str:
    """How the component is called in its compose file."""
    return compose_of(component).service or component.name
