"""The real `bd` of Beads, built once into a cache of this machine: python -m tests.servers.bd."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

VERSION = "v1.3.0"
MODULE = "github.com/steveyegge/beads"
MINUTES = 60
"""It brings a database of its own: the first build takes half an hour on a small machine."""


def cached() -> Path:
    """Where it lies once it is built."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "orchestrate-tests" / f"bd-{VERSION}"


def found() -> Path | None:
    """The one that was built, or the one that is installed."""
    installed = shutil.which("bd")
    return cached() if cached().exists() else Path(installed) if installed else None


def why_not() -> str:
    """Why tests with it are left out."""
    build = (
        "python -m tests.servers.bd builds it" if shutil.which("go") else "install bd 1.3, or go to build it"
    )
    return f"bd is not there: {build}"


def build() -> Path:
    """Build it, unless that was done. Raises CalledProcessError where its modules cannot be fetched."""
    if cached().exists():
        return cached()
    cached().parent.mkdir(parents=True, exist_ok=True)
    fetched = _go("mod", "download", "-json", f"{MODULE}@{VERSION}", cwd=cached().parent)
    folder = next(line.split('"')[3] for line in fetched.splitlines() if '"Dir"' in line)
    new = cached().with_suffix(".new")
    _go("build", "-tags", "gms_pure_go", "-trimpath", "-o", str(new), "./cmd/bd", cwd=Path(folder))
    new.rename(cached())
    return cached()


def _go(*words: str, cwd: Path) -> str:
    env = {**os.environ, "CGO_ENABLED": "1"}
    ran = subprocess.run(
        ["go", *words], cwd=cwd, env=env, check=True, text=True, stdout=subprocess.PIPE, timeout=MINUTES * 60
    )
    return ran.stdout
