"""The crew of a slot: who is missing is started, who is not supervised any more is started again."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from orchestrate.errors import StartFailed, UnknownVersion
from orchestrate.models.change import Version
from orchestrate.models.environment import Component
from orchestrate.models.move import Scale, Start
from orchestrate.models.runtime import Instance
from tools.provider import Say, runs_another
from tools.providers.fleet import health
from tools.providers.fleet.placeholders import filled
from tools.providers.fleet.ports import is_free
from tools.providers.fleet.settling import until_well
from tools.providers.fleet.variables import Variables, about
from tools.providers.process import instances
from tools.providers.process.command import require_program
from tools.providers.process.instances import Copy, Instances
from tools.providers.process.log_file import newest
from tools.providers.process.looking import ailment, beginning, instance
from tools.providers.process.records import Spec, read_spec
from tools.providers.process.releases import Releases, inside
from tools.providers.process.usage import Usage

END_LINES = 20


class ProcessCrew:
    """Starts and stops instances of the components of one environment."""

    def __init__(
        self,
        releases: Releases,
        all_instances: Instances,
        variables: Variables,
        stop_seconds: float,
    ) -> None:
        self._releases = releases
        self._instances = all_instances
        self._variables = variables
        self._stop_seconds = stop_seconds
        self._usage = Usage()

    async def members(self, component: Component, slot: str | None = None) -> list[Copy]:
        return self._instances.of(component.name, slot)

    async def require(self, component: Component, slot: str, version: Version) -> None:
        """Check that the version can be started in the slot; remains of another one are removed.

        Raises UnknownVersion, ProgramMissing, StartFailed.
        """
        if not component.run:
            raise StartFailed(
                f"{component.name} has nothing to run", cure="give it `run` in orchestrate.yaml"
            )
        if await self._releases.artifact(component, version) is None:
            raise UnknownVersion(version.name)
        others = [copy for copy in self._instances.of(component.name, slot) if copy.spec.tree != version.tree]
        if any(copy.is_supervised for copy in others):
            raise runs_another(slot, version)
        await self._end([copy.folder for copy in others])

    async def complete(
        self, component: Component, move: Start | Scale, started: list[Copy], say: Say
    ) -> None:
        """Start what is missing (told in `started` as it happens) and wait until all are well.

        Raises StartFailed, ProgramMissing.
        """
        secrets = self._variables.secret()
        crashes: dict[str, int] = {}
        crew: list[Copy] = []
        for number in range(1, move.instances + 1):
            folder = self._instances.folder(component.name, move.slot, number)
            copy = found(folder)
            if copy is None or not copy.is_supervised:
                await instances.end(folder)
                copy = Copy(folder, self._spec(component, move, number), None)
                started.append(copy)
                say(f"{component.name}: start {copy.id} on port {copy.spec.port}")
                await instances.start(folder, copy.spec, secrets)
            elif copy.state:
                crashes[copy.id] = copy.state.restarts
            crew.append(copy)

        async def look() -> Sequence[Instance]:
            return await asyncio.gather(*(beginning(component, one, crashes.get(one.id, 0)) for one in crew))

        async def end(id: str) -> tuple[str, ...]:
            return tuple(line.text for one in crew if one.id == id for line in newest(one.folder, END_LINES))

        await until_well(component, move.instances, crashes, look, end)

    async def stop(self, members: Sequence[Copy]) -> None:
        await self._end([copy.folder for copy in members])

    async def clear(self, component: Component, slot: str | None = None) -> bool:
        """Also what was half started; the folders of those that ended before stay, with their logs."""
        folders = self._instances.folders(component.name, slot)
        await self._end(folders)
        return bool(folders)

    async def look(
        self, component: Component, members: Sequence[Copy], *, is_measured: bool = False
    ) -> list[Instance]:
        seen = await asyncio.gather(*(self._seen(component, copy, is_measured) for copy in members))
        if is_measured:
            self._usage.forget_the_dead()
        return seen

    async def are_idle(self, members: Sequence[Copy]) -> bool:
        """A router counts per slot, so that the connections of the instances themselves are looked at."""
        return not any(await asyncio.gather(*(asyncio.to_thread(_is_talking, copy) for copy in members)))

    async def _end(self, folders: Sequence[Path]) -> None:
        """End these instances, all at the same time. Raises OutsideFailed."""
        results = await asyncio.gather(
            *(instances.stop(folder) for folder in folders), return_exceptions=True
        )
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def _seen(self, component: Component, copy: Copy, is_measured: bool) -> Instance:
        found = instance(component, copy, await ailment(component, copy, health.trouble))
        if found.pid is None or copy.child is None or not is_measured:
            return found
        cpu, memory = await asyncio.to_thread(self._usage.of, copy.child)
        return found.model_copy(update={"cpu": cpu, "memory": memory})

    def _spec(self, component: Component, move: Start | Scale, number: int) -> Spec:
        """What instance `number` is; it keeps its port for as long as nobody else took it."""
        files = self._releases.files(component, move.version)
        folder = self._instances.folder(component.name, move.slot, number)
        kept = read_spec(folder)
        port = kept.port if kept and is_free(kept.port) else self._instances.free_port()
        values = {"port": str(port), "slot": move.slot, "version": move.version.name, "release": str(files)}
        spec = Spec(
            instance=folder.name,
            tree=move.version.tree,
            argv=[filled(word, values) for word in component.run],
            cwd=str(inside(files, component.path)),
            environment={
                **self._releases.environment(),
                **about(move.version),
                **_place(folder, values),
            },
            port=port,
            log_cap=component.log_cap,
            memory_limit=component.memory_limit,
            stop_seconds=self._stop_seconds,
        )
        require_program(spec.argv, Path(spec.cwd), spec.environment)
        return spec


def found(folder: Path) -> Copy | None:
    """The instance that was started in `folder` and not stopped."""
    spec = read_spec(folder)
    return Copy(folder, spec, None).now() if spec else None


def _is_talking(copy: Copy) -> bool:
    """Whether somebody is connected to the instance (also when the system does not say)."""
    if copy.child is None:
        return False
    try:
        process = psutil.Process(copy.child.pid)
        family = [process, *process.children(recursive=True)]
        connections = [one for member in family for one in member.net_connections("tcp")]
    except psutil.NoSuchProcess:
        return False
    except psutil.Error:
        return True
    return any(
        one.status == psutil.CONN_ESTABLISHED and one.laddr and one.laddr.port == copy.spec.port
        for one in connections
    )


def _place(folder: Path, values: Mapping[str, str]) -> dict[str, str]:
    return {
        "PORT": values["port"],
        "SLOT": values["slot"],
        "INSTANCE": folder.name,
        "PYTHONDONTWRITEBYTECODE": "1",  # a release stays as it was built
    }
