"""How long a person waits for the command line, in CPU time beside an empty Python."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from orchestrate.app import open_store
from orchestrate.models.deployment import Request
from orchestrate.settings import load
from tests.bench.table import Row
from tests.servers.live import environment, written

ROOT = Path(__file__).parents[2]
ROUNDS = 9
DEPLOYMENTS = 20
ORCHESTRATE = (sys.executable, "-m", "orchestrate")


def measured(folder: Path) -> list[Row]:
    folder.mkdir(parents=True, exist_ok=True)
    store = open_store(load(written(folder, {"production": environment(8080)})))
    for _ in range(DEPLOYMENTS):
        store.deployments.accept(Request(environment="production", requested_by="ada"), "shop", 1)
    store.close()
    empty: list[float] = []
    helped: list[float] = []
    status: list[float] = []
    for _ in range(ROUNDS):
        empty.append(_cpu(folder, (sys.executable, "-c", "pass")))
        helped.append(_cpu(folder, (*ORCHESTRATE, "--help")))
        status.append(_cpu(folder, (*ORCHESTRATE, "deploy", "status")))
    return [
        _row("orchestrate --help", helped, empty, 10),
        _row(f"orchestrate deploy status ({DEPLOYMENTS} unfinished)", status, empty, 20),
    ]


def _cpu(folder: Path, argv: Sequence[str]) -> float:
    """CPU seconds of one process, its own children included."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    process = subprocess.Popen(
        argv,
        cwd=folder,
        env={**kept, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    said = process.stderr.read() if process.stderr else b""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.stderr:
        process.stderr.close()
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(argv)} failed: {said.decode()[-500:]}")
    return usage.ru_utime + usage.ru_stime


def _row(what: str, ours: Sequence[float], empty: Sequence[float], most: int) -> Row:
    ratio = median(ours) / median(empty)
    return Row(
        what=f"{what}, CPU",
        measured=f"{1000 * median(ours):.0f} ms",
        reference=f"{1000 * median(empty):.0f} ms python -c pass",
        ratio=ratio,
        target=f"≤ {most}",
        ok=ratio <= most,
    )
