"""A folder with a service, its remote and its settings, and the command line in it."""

from __future__ import annotations

import atexit
import json
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psutil

from tests.servers.git_remote import GitRemote
from tests.servers.ports import free_port
from tests.servers.processes import processes_of
from tests.servers.sample_service import PROGRAM

ROOT = Path(__file__).parents[3]
ME = pwd.getpwuid(os.getuid()).pw_name

SETTINGS = """
service: shop
forge: {{remote: ./shop.git, base: main}}
people:
  ada: {{cli: {me}, roles: [{roles}]}}
environments:
  test:
    type: dev
    strategy: recreate
    gates: {{reviews: 0}}
    monitoring: {{period: {period}, sample: 1s, report: 60s}}
    triggers: {{minimum_requests: 1, window: 1s, health_check_failures: 2}}
    {rules}
    components:
      - name: web
        run: ["{python}", "-S", "service.py", "{{port}}"]
        port: {port}
        instances: 1
        drain_seconds: 1s
        traffic: builtin
        health: {{path: /health, expect: {{status: ok}}, start_seconds: 10s, timeout: 1s}}
"""


@dataclass(frozen=True)
class Ran:
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> dict[str, object]:
        return json.loads(self.out)

    def check_calm(self) -> None:
        assert "Traceback" not in self.out + self.err


class Shop:
    """One folder; commands run in it as they would for a person without a terminal."""

    def __init__(self, folder: Path, *, rules: str = "", roles: str = "approver", period: str = "0s") -> None:
        self.folder = folder
        self.remote = CopiedRemote(folder / "shop.git")
        self.port = free_port()
        self.settings = folder / "orchestrate.yaml"
        words = {"me": ME, "roles": roles, "rules": rules, "port": self.port, "period": period}
        self.settings.write_text(SETTINGS.format(python=sys.executable, **words))

    def write(self, word: str, *, branch: str = "main", does: str = "serve") -> str:
        """A commit on the branch whose service answers, or misbehaves as `does` says."""
        return self.remote.write(branch, _files(word, does), f"Say {word}", since="main")

    def run(self, *words: str, timeout: float = 60, **variables: str) -> Ran:
        """Run one command in a process of its own."""
        ran = subprocess.run(
            [sys.executable, "-m", "orchestrate", *words],
            cwd=self.folder,
            env=surroundings(**variables),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
        )
        return Ran(ran.returncode, ran.stdout, ran.stderr)

    def begin(self, *words: str, **variables: str) -> subprocess.Popen[str]:
        """Begin a command that goes on."""
        return subprocess.Popen(
            [sys.executable, "-m", "orchestrate", *words],
            cwd=self.folder,
            env=surroundings(**variables),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )


@cache
def _template() -> Path:
    """A remote with one commit, made once; each shop gets a copy."""
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    GitRemote(folder / "shop.git").write("main", _files("one", "serve"), "Say one")
    return folder / "shop.git"


class CopiedRemote(GitRemote):
    """A remote that begins as a copy of the template, which is quicker than to make it anew."""

    def __init__(self, folder: Path) -> None:
        shutil.copytree(_template(), folder)
        self.folder = folder
        self.author = "Ada"


def _files(word: str, does: str) -> dict[str, str | bytes | None]:
    return {"service.py": PROGRAM, "does.txt": does, "word.txt": word}


def surroundings(**variables: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    return {**kept, "PYTHONPATH": str(ROOT), **variables}


def stop_all_below(folder: Path) -> None:
    """End what runs in `folder`, or was told of it: keepers first, so that none starts a service anew."""
    if not (folder / ".orchestrate" / "environments").exists():
        return
    for _ in range(3):
        found = processes_of(folder, lambda one: (one.cwd(), *one.cmdline()))
        for process in sorted(found, key=lambda one: one.pid):
            with suppress(psutil.Error):
                process.kill()
        if not found:
            return
