"""The real control plane of Kubernetes, built once into a cache: python -m tests.servers.kubernetes."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

VERSION = "1.36.3"
MINUTES = 60
"""An hour is enough for the first build on a small machine."""

SOURCE = Path(__file__).parent / "control"
_SET = "-X k8s.io/component-base/version.git"


def cached() -> Path:
    """Where it lies once it is built; another source or another version lies elsewhere."""
    digest = hashlib.sha256(b"".join(one.read_bytes() for one in sorted(SOURCE.iterdir()))).hexdigest()
    return cache() / f"kubernetes-{VERSION}-{digest[:12]}"


def cache() -> Path:
    """Where everything lies that tests build once."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "orchestrate-tests"


def why_not() -> str:
    """Why tests with it are left out; '' where they are not."""
    if shutil.which("kubectl") is None:
        return "kubectl is not installed"
    if cached().exists():
        return ""
    build = "python -m tests.servers.kubernetes builds it" if shutil.which("go") else "install go to build it"
    return f"the control plane of Kubernetes is not there: {build}"


def build() -> Path:
    """Build it, unless that was done. Raises CalledProcessError where its modules cannot be fetched."""
    if cached().exists():
        return cached()
    cached().parent.mkdir(parents=True, exist_ok=True)
    new = cached().with_suffix(".new")
    major, minor, _ = VERSION.split(".")
    told = f"-s -w {_SET}Version=v{VERSION} {_SET}Major={major} {_SET}Minor={minor}"
    subprocess.run(
        ["go", "build", "-trimpath", "-ldflags", told, "-o", str(new), "."],
        cwd=SOURCE,
        env={**os.environ, "CGO_ENABLED": "0"},
        check=True,
        timeout=MINUTES * 60,
    )
    new.rename(cached())
    return cached()
