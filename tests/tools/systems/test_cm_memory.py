"""`cm` that is missing, refuses, hangs or answers nonsense is an outside that failed, and nothing worse."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrate.errors import CommandFailed, OutsideFailed, ProgramMissing, Unreachable
from orchestrate.models.learning import Learning, Topic
from tests.servers import cm
from tools.commands import Output
from tools.systems.cm_memory import MOST_FILES, CmMemory, learning_in, rule

LEARNING = Learning(
    key="deployment/1",
    service="shop",
    environment="production",
    was_good=False,
    text="Rolled back: 5 % errors",
    files=("shop/page.py",),
    at=1.5,
)
TOPIC = Topic(service="shop", environment="production", files=("shop/page.py",))


def answering(text: str, code: int = 0) -> CmMemory:
    async def run(argv: object, **_: object) -> Output:
        return Output(argv=("cm",), code=code, stdout=text.encode(), stderr=b"")

    return CmMemory(Path("/"), run=run)


def test_a_rule_reads_as_a_sentence_and_is_read_back() -> None:
    said = rule(LEARNING)

    assert said.startswith("shop in production: Rolled back: 5 % errors [orchestrate {")
    assert learning_in(said) == LEARNING


def test_of_many_files_a_few_stand_in_the_rule() -> None:
    many = LEARNING.model_copy(update={"files": tuple(f"{number}.py" for number in range(900))})

    found = learning_in(rule(many))

    assert found is not None and len(found.files) == MOST_FILES


@pytest.mark.parametrize(
    "content", ["", "Always test", "x [orchestrate {}]", 'x [orchestrate {"key": 1}]', "[orchestrate {{{]"]
)
def test_what_others_wrote_is_no_learning(content: str) -> None:
    assert learning_in(content) is None


async def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProgramMissing):
        await CmMemory(tmp_path, str(tmp_path / "cm")).recall(TOPIC)


@pytest.mark.parametrize(
    "text", ["", "error: unknown option", "[]", '{"success": true, "data": {"bullets": 1}}']
)
async def test_nonsense_is_no_answer(text: str) -> None:
    with pytest.raises(Unreachable):
        await answering(text).recall(TOPIC)


async def test_a_refusal_says_why() -> None:
    said = '{"success": false, "error": {"message": "the playbook is damaged", "code": "CONFIG"}}'

    with pytest.raises(OutsideFailed, match="the playbook is damaged"):
        await answering(said, 3).remember(LEARNING)


async def test_one_that_hangs_is_silent() -> None:
    async def hang(argv: object, **_: object) -> Output:
        raise CommandFailed(("cm",), None, "")

    with pytest.raises(Unreachable):
        await CmMemory(Path("/"), run=hang).known(LEARNING)


async def test_its_version_is_told(tmp_path: Path) -> None:
    memory = CmMemory(tmp_path, cm.scripted(tmp_path), {"HOME": str(tmp_path)})

    assert await memory.version() == "0.2.13"
