"""The entry: runs one command, and turns every way of ending into a line and an exit code."""

from __future__ import annotations

import json
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import cast

import typer

from orchestrate.cli.branch import Leaf
from orchestrate.cli.exits import Exit, of_error
from orchestrate.cli.output import Unread, note
from orchestrate.cli.root import orchestrate
from orchestrate.cli.scene import Scene
from orchestrate.cli.tree import TREE
from orchestrate.errors import OrchestrateError
from orchestrate.redaction import without_secrets


def run(words: Sequence[str]) -> int:
    """Run the command that `words` are; its exit code."""
    scene = Scene()
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # pyright: ignore[reportAttributeAccessIssue]
    try:
        return _run(words, scene)
    except KeyboardInterrupt:
        note(f"stopped{scene.on_stop()}")
        return Exit.STOPPED
    except Unread:
        return Exit.PIPE
    except (Exception, BaseExceptionGroup) as problem:  # noqa: BLE001  the outermost edge: a person gets a line, not a traceback
        return _ended(_first(problem), words, scene)


def _run(words: Sequence[str], scene: Scene) -> int:
    code = orchestrate().main(list(words), prog_name="orchestrate", standalone_mode=False, obj=scene)
    if code == Exit.STOPPED:
        note(f"stopped{scene.on_stop()}")
    return code if isinstance(code, int) else Exit.OK


def _first(problem: BaseException) -> BaseException:
    """The problem itself, out of the groups around it; one that we can name comes first."""
    while isinstance(problem, BaseExceptionGroup):
        inside = cast(tuple[BaseException, ...], problem.exceptions)
        problem = next((one for one in inside if isinstance(one, OrchestrateError)), inside[0])
    return problem


def _ended(problem: BaseException, words: Sequence[str], scene: Scene) -> int:
    match problem:
        case OrchestrateError():
            return _said(words, str(problem), problem.cure, of_error(problem))
        case typer.TyperException():
            return _said(words, problem.format_message(), _cure_for(words), Exit.WRONG)
        case typer.Abort():
            return Exit.STOPPED
        case KeyboardInterrupt():
            note(f"stopped{scene.on_stop()}")
            return Exit.STOPPED
        case _:
            file = _kept(problem, scene.folder)
            return _said(
                words, _surprise(problem), f"report it with {file}, which holds the details", Exit.SURPRISE
            )


def _said(words: Sequence[str], error: str, cure: str, code: Exit) -> int:
    if "--json" in words:
        said = {"error": without_secrets(error), "cure": without_secrets(cure)}
        print(json.dumps(said, indent=2), flush=True)
    else:
        note(f"error: {error}")
        if cure:
            note(f"try: {cure.removeprefix('try ')}")
    return code


def _cure_for(words: Sequence[str]) -> str:
    """The command that was probably meant, or the help of the one that was used wrongly."""
    branch, path = TREE, ["orchestrate"]
    for word in (one for one in words if not one.startswith("-")):
        member = branch.members.get(word)
        if member is None:
            near = get_close_matches(word, branch.members, n=1)
            return " ".join([*path, *(near or ["--help"])])
        path.append(word)
        if isinstance(member, Leaf):
            break
        branch = member
    return " ".join([*path, "--help"])


def _surprise(problem: BaseException) -> str:
    said = str(problem).strip().splitlines()
    return f"{type(problem).__name__}: {said[0]}" if said else type(problem).__name__


def _kept(problem: BaseException, folder: Path | None) -> Path:
    """Where the traceback was written: beside the store, or in the folder for temporary files."""
    name = f"surprise-{time.strftime('%Y%m%d-%H%M%S')}.txt"
    text = without_secrets("".join(traceback.format_exception(problem)))
    for place in (folder, Path(tempfile.gettempdir())):
        if place is not None and (file := _written(place / name, text)):
            return file
    return Path(name)


def _written(file: Path, text: str) -> Path | None:
    try:
        file.touch(mode=0o600)
        file.write_text(text)
    except OSError:
        return None
    return file
