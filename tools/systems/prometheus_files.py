"""Prometheus files: rules and targets, held to promtool before they are put, and read in by a reload."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ValidationError

from orchestrate.errors import OutsideFailed, ProgramMissing
from tools.commands import run
from tools.fetch import KIB, Ask, fetch

SECONDS = 30.0
SETTLING = 5.0  # seconds until a reload shows
AGAIN = 0.1
MOST = 4 * KIB * KIB
CURE = "install Prometheus's promtool: apt install prometheus, brew install prometheus"


class _Group(BaseModel):
    name: str


class _Groups(BaseModel):
    groups: list[_Group]


class _Answer(BaseModel):
    data: _Groups


async def check(rules: str, targets: str) -> None:
    """Hold both to promtool. Raises OutsideFailed with its words, ProgramMissing."""
    with tempfile.TemporaryDirectory(prefix="promtool-") as folder:
        here = Path(folder)
        (here / "rules.yml").write_text(rules)
        (here / "targets.json").write_text(targets)
        found = [{"files": [str(here / "targets.json")]}]
        jobs = [{"job_name": "orchestrate", "file_sd_configs": found}]
        config = {"rule_files": [str(here / "rules.yml")], "scrape_configs": jobs}
        (here / "prometheus.yml").write_text(json.dumps(config))  # JSON is YAML too
        try:
            output = await run(["promtool", "check", "config", str(here / "prometheus.yml")], timeout=SECONDS)
        except ProgramMissing as missing:
            raise ProgramMissing(missing.program, CURE) from missing
    if output.code != 0:
        said = (output.text + output.complaint).replace(f"{folder}/", "")
        raise OutsideFailed(
            f"promtool refuses what was made: {said[-800:]}", cure="see `metrics` of the component"
        )


def put(folder: Path, files: Mapping[str, str]) -> tuple[str, ...]:
    """Replace each file that differs, whole; which those were. Everybody may read them: Prometheus must."""
    folder.mkdir(parents=True, exist_ok=True)
    changed = tuple(name for name, text in files.items() if _read(folder / name) != text)
    for name in changed:
        draft = folder / f".{name}.new"
        draft.write_text(files[name])
        draft.chmod(0o644)
        draft.replace(folder / name)
    return changed


async def reload(server: str, groups: frozenset[str]) -> None:
    """Have Prometheus read its files again, and see that it has these groups. Raises OutsideFailed."""
    url = server.rstrip("/")
    answer = await fetch(Ask(url=f"{url}/-/reload", method="POST", seconds=SECONDS))
    if answer.status in (403, 404, 405):
        cure = "start it with --web.enable-lifecycle, or send it SIGHUP yourself"
        raise OutsideFailed(f"Prometheus lets nobody reload it: {answer.text.strip()[:200]}", cure=cure)
    if answer.status != 200:
        raise OutsideFailed(f"Prometheus did not reload: {answer.status}, {answer.text.strip()[:400]}")
    lost = groups
    for _ in range(round(SETTLING / AGAIN)):
        lost = groups - await _known(url)
        if not lost:
            return
        await asyncio.sleep(AGAIN)
    cure = "name the folder's rules-*.yml under rule_files in its prometheus.yml"
    raise OutsideFailed(f"Prometheus was reloaded and does not know {', '.join(sorted(lost))}", cure=cure)


async def _known(url: str) -> frozenset[str]:
    """The groups of rules that it has. Raises OutsideFailed."""
    answer = await fetch(Ask(url=f"{url}/api/v1/rules", seconds=SECONDS, cap=MOST))
    try:
        return frozenset(one.name for one in _Answer.model_validate_json(answer.body).data.groups)
    except ValidationError:
        raise OutsideFailed(f"Prometheus answered {answer.status}: {answer.text[:200]}") from None


def _read(file: Path) -> str | None:
    try:
        return file.read_text()
    except FileNotFoundError:
        return None
