"""`python -m tests.evals [ROLE…]`: each role's cases, against Claude where ANTHROPIC_API_KEY is set."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from agents.looks import ReadTool
from agents.role import Role
from orchestrate.models.secret import Secret
from orchestrate.settings import load, variable
from orchestrate.settings.facts import ModelSettings
from tests.evals.cases import Case
from tests.evals.running import Result, evaluated, lines
from tests.servers.anthropic import KEY, Says, anthropic_api

SETTINGS = """\
service: evals
environments: {test: {type: dev, components: [{name: web, run: [x]}]}}
models: {key: '${ANTHROPIC_API_KEY:-}'}
"""


def main(words: Sequence[str]) -> int:
    """0: every case passed; 1: some did not; 2: not understood."""
    try:
        roles = [Role(word) for word in words] or [*Role]
    except ValueError:
        sys.stderr.write(f"roles are {', '.join(Role)}\n")
        return 2
    key = variable("ANTHROPIC_API_KEY")
    results = asyncio.run(evaluated(settings(), Secret(key), roles) if key else _scripted(roles))
    sys.stdout.write("\n".join(lines(results)) + "\n")
    if not key:
        sys.stdout.write(
            "ANTHROPIC_API_KEY is not set: the answers came from a script on loopback. This proves the "
            "plumbing; no pass rate is claimed.\n"
        )
    return int(any(one.wrong for one in results))


def settings() -> ModelSettings:
    """The models and prices that the product uses when nothing else is said."""
    with TemporaryDirectory(prefix="evals-") as folder:
        path = Path(folder) / "orchestrate.yaml"
        path.write_text(SETTINGS)
        models = load(path).models
    assert models is not None
    return models


async def _scripted(roles: Sequence[Role]) -> list[Result]:
    with anthropic_api() as fake:
        here = settings().model_copy(update={"base_url": fake.url})
        return await evaluated(here, Secret(KEY), roles, lambda _, case: fake.says(*script(case, case.good)))


def script(case: Case, answer: Mapping[str, object]) -> list[Says]:
    """Whoever looks at everything that there is, and then says this."""
    words = {ReadTool.LOGS: {"contains": ""}, ReadTool.DIFF: {"path": ""}}
    looking = [Says("", wishes=((tool, words.get(tool, {})),)) for tool in case.looks]
    return [*looking, Says(json.dumps(answer))]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
