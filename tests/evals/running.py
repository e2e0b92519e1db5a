"""Running an evaluation: each case asked once, with what came of it and what it cost."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from pathlib import Path

from agents.claude import asked_by
from agents.role import Role
from agents.roles import ROLES
from orchestrate.errors import ModelFailed
from orchestrate.models.fact import Fact
from orchestrate.models.model_call import Spent, Tokens, dollars, spent
from orchestrate.models.secret import Secret
from orchestrate.settings.facts import ModelSettings
from orchestrate.store import Store
from tests.evals.cases import Case, cases

Said = Callable[[Role, Case], None]
"""Is told before a case is asked, such as a server that follows a script."""


class Result(Fact):
    """What came of one case."""

    role: Role
    case: str
    wrong: tuple[str, ...]
    spent: Spent


async def evaluated(
    settings: ModelSettings, key: Secret, roles: Iterable[Role] = Role, before: Said = lambda _, __: None
) -> list[Result]:
    """Every case of `roles`, in a store of its own; each case has its own purse."""
    found: list[Result] = []
    with (
        tempfile.TemporaryDirectory(prefix="evals-") as folder,
        closing(Store.open(f"sqlite:///{Path(folder) / 'evals.db'}")) as store,
    ):
        store.upgrade()
        for role, case in [(one, case) for one in roles for case in cases(one)]:
            before(role, case)
            found.append(await _result(settings, key, store, role, case))
    return found


async def _result(settings: ModelSettings, key: Secret, store: Store, role: Role, case: Case) -> Result:
    payer = f"{role}/{case.name}"
    mind = asked_by(settings, lambda: key, store.model_calls)  # one that rests would fail the cases after it
    try:
        answer = await mind.ask(role, case.brief(payer), ROLES[role].output)
        wrong = case.wrong(answer)
    except ModelFailed as failed:
        wrong = (f"no answer: {failed}",)
    return Result(role=role, case=case.name, wrong=wrong, spent=spent(store.model_calls.of(payer)))


def lines(results: Sequence[Result]) -> list[str]:
    """The table: for each role how many passed, tokens and cost of a case, then what was wrong."""
    said = [f"{'role':20} {'passed':>8} {'tokens in':>10} {'cached':>8} {'out':>6} {'cost a case':>12}"]
    for role in dict.fromkeys(one.role for one in results):
        own = [one for one in results if one.role is role]
        tokens, count = sum((one.spent.tokens for one in own), Tokens()), len(own)
        good = sum(not one.wrong for one in own)
        cost = dollars(sum(one.spent.micros for one in own) // count)
        said.append(
            f"{role:20} {f'{good}/{count}':>8} {tokens.input // count:>10,} "
            f"{tokens.cache_read // count:>8,} {tokens.output // count:>6,} {cost:>12}"
        )
    return said + [f"{one.role}: {one.case}: {'; '.join(one.wrong)}" for one in results if one.wrong]
