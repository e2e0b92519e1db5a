"""Program: `docker compose`, or `docker-compose` where that is what is installed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from orchestrate.errors import ProgramMissing
from tools.commands import PATH, Output, program, run

PLUGIN, ALONE = ("docker", "compose"), ("docker-compose",)
CURE = "install the compose plugin of docker, or docker-compose"


class Program:
    """Runs compose against one engine, in an environment of which nothing is the worker's own."""

    def __init__(self, home: Path, socket: str) -> None:
        self._around = {"PATH": PATH, "HOME": str(home), "LANG": "C.UTF-8", "DOCKER_HOST": f"unix://{socket}"}
        self._words: Sequence[str] = ()

    async def run(self, words: Sequence[str], variables: Mapping[str, str], seconds: float) -> Output:
        """Run compose with these words; `variables` are what its file may take in.

        Raises ProgramMissing, CommandFailed when it does not end in time.
        """
        self._words = self._words or await self._found()
        env = {**variables, **self._around}
        return await run([*self._words, *words], env=env, timeout=seconds, cap=8 * 1024 * 1024)

    async def _found(self) -> Sequence[str]:
        if program(PLUGIN[0]) and (await run([*PLUGIN, "version"], env=self._around)).code == 0:
            return PLUGIN
        if program(ALONE[0]):
            return ALONE
        raise ProgramMissing("docker compose", cure=CURE)
