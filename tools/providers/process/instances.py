"""Instances: start one, find those that run, stop one and everything it left behind."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

import tools
from orchestrate.errors import OutsideFailed, StartFailed
from tools.commands import PATH, run
from tools.providers.fleet.health import HOST
from tools.providers.fleet.layout import Layout, made, word
from tools.providers.fleet.polling import until
from tools.providers.fleet.ports import free_port
from tools.providers.process import log_file
from tools.providers.process.identity import Identity, identity_of, is_alive, send, send_to_group
from tools.providers.process.records import SPEC, STATE, Spec, State, read_spec, read_state, write_spec

PROGRAM = "tools.providers.process.supervisor"
MARK = "INSTANCE_FOLDER"  # the variable by which everything that belongs to an instance is known
LAUNCH = 20.0  # seconds a supervisor may take to detach itself
PATIENCE = 5.0  # seconds beyond the instance's own for a supervisor to end


@dataclass(frozen=True)
class Copy:
    """One instance as its folder tells."""

    folder: Path
    spec: Spec
    state: State | None

    @property
    def id(self) -> str:
        return self.spec.instance

    @property
    def slot(self) -> str:
        return slot_of(self.id)

    @property
    def child(self) -> Identity | None:
        return self.state.child if self.state else None

    @property
    def is_supervised(self) -> bool:
        return self.state is not None and is_alive(self.state.supervisor)

    @property
    def is_kept(self) -> bool:
        return self.is_supervised

    @property
    def is_running(self) -> bool:
        return self.is_supervised and is_alive(self.child)

    @property
    def address(self) -> str:
        return f"{HOST}:{self.spec.port}"

    def now(self) -> Copy:
        return Copy(self.folder, self.spec, read_state(self.folder))


class Instances:
    """The instances of an environment."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def of(self, component: str, slot: str | None = None) -> list[Copy]:
        """Those that were started and not stopped, of one slot or of all."""
        found: list[Copy] = []
        for folder in self.folders(component, slot):
            spec = read_spec(folder)
            if spec is not None:
                found.append(Copy(folder, spec, read_state(folder)))
        return found

    def folders(self, component: str, slot: str | None = None) -> list[Path]:
        """Also those of instances that were stopped: their logs are kept until the slot is used again."""
        folders = (path for path in self._layout.instances(component).glob("*") if path.is_dir())
        wanted = (path for path in folders if slot is None or slot_of(path.name) == slot)
        return sorted(wanted, key=lambda path: (slot_of(path.name), _number(path.name)))

    def folder(self, component: str, slot: str, number: int) -> Path:
        return self._layout.instances(component) / word(f"{slot}-{number}")

    def free_port(self) -> int:
        """A port that nobody listens on and no instance of this environment keeps."""
        kept = {
            spec.port
            for path in self._layout.root.glob(f"instances/*/*/{SPEC}")
            if (spec := read_spec(path.parent))
        }
        return free_port(kept)


def slot_of(instance: str) -> str:
    return instance.rpartition("-")[0]


def _number(instance: str) -> int:
    last = instance.rpartition("-")[2]
    return int(last) if last.isdigit() else 0


async def start(folder: Path, spec: Spec, secrets: Mapping[str, str]) -> None:
    """Hand the instance to a supervisor of its own; an earlier one must have been ended.

    The secrets go through a pipe, and into no file. Raises StartFailed.
    """
    _lay_out(folder, spec)
    source = Path(tools.__file__).parent.parent
    output = await run(
        [sys.executable, "-S", "-m", PROGRAM, str(folder / SPEC)],
        env={"PATH": PATH, "PYTHONPATH": str(source), MARK: str(folder)},
        stdin=json.dumps(dict(secrets)).encode(),
        timeout=LAUNCH,
    )
    if output.code != 0:
        raise StartFailed(f"{spec.instance}: its supervisor did not start: {output.complaint[-2000:]}")


def _lay_out(folder: Path, spec: Spec) -> None:
    made(folder.parent)
    made(folder)
    if read_spec(folder) is None:
        log_file.clear(folder)
    (folder / STATE).unlink(missing_ok=True)
    write_spec(folder, spec._replace(environment={**spec.environment, MARK: str(folder)}))


async def stop(folder: Path) -> None:
    """End the instance for good; its logs stay. Raises OutsideFailed."""
    await end(folder)
    for name in (SPEC, STATE):
        (folder / name).unlink(missing_ok=True)


async def end(folder: Path) -> None:
    """End the supervisor, its child and everything they started, gently where that is possible.

    A process is signalled only if its start time and boot show that it is the one meant.
    Raises OutsideFailed when something does not end.
    """
    state, spec = read_state(folder), read_spec(folder)
    patience = spec.stop_seconds if spec else PATIENCE
    if state is not None and send(state.supervisor, signal.SIGTERM):
        await _gone(state.supervisor, patience + PATIENCE)
        send(state.supervisor, signal.SIGKILL)
    state = read_state(folder)
    if state is not None and state.child is not None and send_to_group(state.child, signal.SIGTERM):
        await _gone(state.child, patience)
        send_to_group(state.child, signal.SIGKILL)
    await _end_the_rest(folder)


async def _end_the_rest(folder: Path) -> None:
    until_then = time.monotonic() + PATIENCE
    while left := await asyncio.to_thread(belonging_to, folder):
        if time.monotonic() > until_then:
            raise OutsideFailed(f"{folder.name}: process {left[0].pid} does not end")
        for process in left:
            send(process, signal.SIGKILL)
        await asyncio.gather(*(_gone(process, 1.0) for process in left))


async def _gone(process: Identity, seconds: float) -> None:
    await until(lambda: not is_alive(process), seconds)


def belonging_to(folder: Path) -> list[Identity]:
    """Every process that carries the mark of this instance, its supervisor first."""
    found: list[tuple[bool, Identity]] = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK) != str(folder):
                continue
            identity, is_child = identity_of(process.pid), PROGRAM not in process.cmdline()
        except (psutil.Error, OSError):
            continue
        if identity is not None:
            found.append((is_child, identity))
    return [identity for _, identity in sorted(found)]
