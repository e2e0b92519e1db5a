"""The custom provider: your own commands, with placeholders passed as arguments and never through a shell."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from orchestrate.errors import (
    BuildFailed,
    CommandFailed,
    EffectRefused,
    OutsideFailed,
    StartFailed,
    UnknownVersion,
)
from orchestrate.models.change import Version
from orchestrate.models.environment import Component, Environment
from orchestrate.models.hosts import Custom
from orchestrate.models.move import Drain, Move, Scale, SetTraffic, Start, Stop, Weights, words
from orchestrate.models.runtime import Artifact, Instance, Resources, Running, Slot
from tools.commands import PATH, Output, run
from tools.provider import Checkout, Say, refuse_another, require_well, runs_another, shares, well_in, without
from tools.providers.custom.said import Said, instance, said, tree_of
from tools.providers.fleet.layout import Layout, made, word
from tools.providers.fleet.lock import held
from tools.providers.fleet.placeholders import filled, values_of
from tools.providers.fleet.private import write_privately
from tools.providers.fleet.routing import Routing
from tools.providers.fleet.settling import until_well
from tools.providers.fleet.slots import Slots, Wanted
from tools.providers.fleet.storage import stored
from tools.providers.fleet.variables import Variables, unchanged

LOOK = 60.0  # seconds that a command may take which only looks
Values = Mapping[str, str]


class CustomProvider:
    """Runs one command for each move, and believes only what `status` says afterwards."""

    def __init__(
        self,
        environment: Environment,
        secrets: Callable[[str], str] | None,
        *,
        filled: Callable[[str], str] = unchanged,
    ) -> None:
        self._environment = environment
        self._layout = Layout(environment.root)
        self._slots = Slots(self._layout)
        self._variables = Variables(environment, secrets, filled)

    async def running(self, component: Component) -> Running:
        with stored(self._layout.root):
            self._layout.check()
            found = await self._status(component)
            names = {*self._slots.names(component.name), *found.slots}
            slots = tuple(self._slot(component, name, found) for name in sorted(names))
            slots = tuple(slot for slot in slots if slot.wanted or slot.instances)
            weights = found.weights if found.weights is not None else await self._routing(component).weights()
            return Running(component=component.name, slots=slots, weights=weights)

    async def build(self, component: Component, version: Version, checkout: Checkout, say: Say) -> Artifact:
        with stored(self._layout.root):
            found = await self.artifact(component, version)
            if found is not None:
                say(f"{component.name}: {version.name} is there already")
                return found
            if not custom_of(component).build:
                raise UnknownVersion(version.name)
            await self._build(component, version, checkout, say)
            built = await self.artifact(component, version)
            if built is None:
                raise BuildFailed(f"{component.name}: `build` ended well, and `artifact` finds nothing")
            return built

    async def artifact(self, component: Component, version: Version) -> Artifact | None:
        """What `artifact` says; without it, what was built; without both, the commit is what there is."""
        with stored(self._layout.root):
            custom = custom_of(component)
            if custom.artifact:
                return await self._asked(component, version)
            if custom.build and not self._record(component, version).exists():
                return None
            return _artifact(component, version, version.tree, "")

    async def apply(self, component: Component, move: Move, say: Say) -> None:
        say(words(move))
        with stored(self._layout.root):
            match move:
                case Drain(slot=name, seconds=seconds):
                    values = {"slot": name, "seconds": str(seconds)}
                    await self._do(component, custom_of(component).drain, values)
                case Start() | Scale() | SetTraffic() | Stop():
                    async with held(self._layout.lock(component.name)):
                        await self._apply(component, move)
                case _:
                    raise EffectRefused(words(move), "it is no move of a provider")

    async def resources(self) -> Resources:
        """Nobody asks how full a place is that is not known."""
        return Resources()

    async def tail(self, component: Component, slot: str, lines: int) -> tuple[str, ...]:
        command = custom_of(component).logs
        if not command or lines <= 0:
            return ()
        values = {"slot": slot, "lines": str(lines)}
        output = await self._run(component, command, values, LOOK)
        return tuple(output.text.splitlines()[-lines:]) if output.code == 0 else ()

    async def public(self, component: Component) -> str:
        here = f"http://127.0.0.1:{component.port}" if component.port else ""
        return self._environment.url or here

    async def tend(self, component: Component) -> tuple[str, ...]:  # noqa: ARG002 - it tends itself
        return ()

    async def stop_all(self, component: Component) -> None:
        with stored(self._layout.root):
            async with held(self._layout.lock(component.name)):
                for name in {*self._slots.names(component.name), *(await self._status(component)).slots}:
                    await self._stop(component, name)
                await self._routing(component).stop()

    async def _apply(self, component: Component, move: Start | Scale | SetTraffic | Stop) -> None:
        match move:
            case Start() | Scale():
                await self._bring_to(component, move)
            case SetTraffic(weights=weights):
                await self._share(component, weights)
            case Stop(slot=name):
                left = without((await self.running(component)).weights, name)
                if custom_of(component).traffic and shares(left):
                    await self._share(component, left)
                await self._stop(component, name)
                self._routing(component).forget(name)

    async def _bring_to(self, component: Component, move: Start | Scale) -> None:
        """Have that many instances, all well; on failure, what was before."""
        if await self.artifact(component, move.version) is None:
            raise UnknownVersion(move.version.name)
        before = self._slots.read(component.name, move.slot)
        here = (await self._status(component)).slots.get(move.slot)
        if here and here.instances and tree_of(here.version, move.version) != move.version.tree:
            if here.version:
                raise runs_another(move.slot, move.version)
            self._slots.refuse_unknown(component.name, move.slot, move.version)
            refuse_another(move.slot, before.version if before else None, move.version)
        wanted = Wanted(version=move.version, wanted=move.instances)
        self._slots.write(component.name, move.slot, wanted)
        try:
            await self._do(component, custom_of(component).start, _values(move.slot, wanted), StartFailed)
            await self._settled(component, move)
        except BaseException:
            await self._taken_back(component, move.slot, before)
            raise

    async def _taken_back(self, component: Component, slot: str, before: Wanted | None) -> None:
        """What was before; what went wrong first is what is told."""
        self._slots.write(component.name, slot, before)
        with suppress(OutsideFailed):
            if before is None:
                await self._stop(component, slot)
            else:
                await self._do(component, custom_of(component).start, _values(slot, before))

    async def _settled(self, component: Component, move: Start | Scale) -> None:
        async def look() -> Sequence[Instance]:
            running = await self.running(component)
            slot = running.slot(move.slot)
            return slot.instances if slot else ()

        async def end(_: str) -> tuple[str, ...]:
            return await self.tail(component, move.slot, 20)

        await until_well(component, move.instances, {}, look, end)

    async def _share(self, component: Component, weights: Weights) -> None:
        require_well(component, weights, well_in((await self.running(component)).slots))
        command = custom_of(component).traffic
        if not command and len(shares(weights)) > 1:
            raise EffectRefused(f"{component.name}: shares", "there is no `traffic` command")
        text = ",".join(f"{slot}={share}" for slot, share in sorted(weights.items()))
        await self._do(component, command, {"weights": text})
        await self._routing(component).share({}, shares(weights))
        found = (await self.running(component)).weights
        if shares(found) != shares(weights):
            raise StartFailed(f"{component.name}: `status` shows {found}, asked was {weights}")

    async def _stop(self, component: Component, slot: str) -> None:
        await self._do(component, custom_of(component).stop, {"slot": slot})
        self._slots.write(component.name, slot, None)

    async def _build(self, component: Component, version: Version, checkout: Checkout, say: Say) -> None:
        folder = made(self._layout.root.resolve() / "builds")
        with tempfile.TemporaryDirectory(dir=folder) as draft:
            files = made(Path(draft) / "files")
            await checkout(version, files)
            here = (files / component.path).resolve()
            if not here.is_relative_to(files.resolve()) or not here.is_dir():
                raise BuildFailed(f"the repository has no folder {component.path!r}")
            values = {**values_of(version), "checkout": str(here)}
            command = custom_of(component).build
            output = await self._run(component, command, values, self._environment.move_timeout, here)
        for line in output.text.splitlines()[-200:]:
            say(line)
        if output.code != 0:
            raise BuildFailed(str(CommandFailed(output.argv, output.code, output.complaint)))
        record = self._record(component, version)
        made(record.parent)
        write_privately(record, version.model_dump_json())

    async def _asked(self, component: Component, version: Version) -> Artifact | None:
        """The command's last line is the artifact's digest; that it ends with 1 means that there is none."""
        output = await self._run(component, custom_of(component).artifact, values_of(version), LOOK)
        if output.code == 1:
            return None
        lines = output.whole().text.split()
        return _artifact(component, version, lines[-1] if lines else version.tree, output.text.strip()[:500])

    async def _status(self, component: Component) -> Said:
        output = await self._run(component, custom_of(component).status, {}, LOOK)
        return said(output.whole().stdout, component.name)

    async def _do(
        self,
        component: Component,
        command: Sequence[str],
        values: Values,
        error: type[OutsideFailed] = OutsideFailed,
    ) -> None:
        """Run one of the commands, if there is such a one. Raises the `error`, ProgramMissing."""
        if not command:
            return
        output = await self._run(component, command, values, self._environment.move_timeout)
        if output.code != 0:
            raise error(str(CommandFailed(output.argv, output.code, output.complaint)))

    async def _run(
        self,
        component: Component,
        command: Sequence[str],
        values: Values,
        seconds: float,
        folder: Path | None = None,
    ) -> Output:
        """The command with its placeholders filled in; secrets are in its environment alone."""
        about = {
            "component": component.name,
            "environment": self._environment.name,
            "service": self._environment.service,
        }
        argv = [filled(one, {**about, **values}) for one in command]
        around = {"PATH": PATH, "HOME": str(self._layout.home), "LANG": "C.UTF-8"}
        env = {**around, **self._variables.plain(), **self._variables.secret()}
        return await run(argv, cwd=folder or self._layout.home, env=env, timeout=seconds)

    def _slot(self, component: Component, name: str, found: Said) -> Slot:
        slot, here = self._slots.slot(component.name, name), found.slots.get(name)
        really = tree_of(here.version, slot.version) if here else ""
        instances = tuple(instance(name, one, really) for one in here.instances) if here else ()
        return slot.model_copy(update={"instances": instances})

    def _routing(self, component: Component) -> Routing:
        return Routing(self._layout, component, None)

    def _record(self, component: Component, version: Version) -> Path:
        return self._layout.root.resolve() / "built" / word(component.name) / f"{word(version.tree)}.json"


def custom_of(component: Component) -> Custom:
    """The component's commands."""
    if component.custom is None:
        raise OutsideFailed(f"{component.name} has no commands", cure="give it `custom` in orchestrate.yaml")
    return component.custom


def _values(slot: str, wanted: Wanted) -> Values:
    return {**values_of(wanted.version), "slot": slot, "instances": str(wanted.wanted)}


def _artifact(component: Component, version: Version, digest: str, location: str) -> Artifact:
    return Artifact(component=component.name, version=version, digest=digest, location=location)
