"""The linter: what one migration could break, told from its parse trees."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlglot import exp

from orchestrate.models.plan import ONE_WAY
from tools.sql import Dialect, SqlUnreadable, actions, dropped, name, statements
from tools.sql_rules import RULES, Context, Doubt, Doubts, Grade


@dataclass(frozen=True)
class Lint:
    """The worst grade of a file, with each reason and the statement it is about."""

    grade: Grade
    reasons: tuple[str, ...] = ()


_SEVERITY = tuple(Grade)


def lint(sql: str, dialect: Dialect) -> Lint:
    """Judge the text of one migration."""
    try:
        trees = statements(sql, dialect)
    except SqlUnreadable as problem:
        return Lint(Grade.UNPARSABLE, (f"cannot be parsed: {problem}",))
    context = Context(dialect)
    found = [*_looks_away(sql), *_one_way(sql), *_mixed(trees)]
    for tree in trees:
        about = _short(tree, dialect)
        found += [Doubt(doubt.grade, f"{doubt.reason}: {about}") for doubt in _judged(tree, context)]
        _learn(context, tree)
    worst = max((doubt.grade for doubt in found), key=_SEVERITY.index, default=Grade.OK)
    return Lint(worst, tuple(dict.fromkeys(doubt.reason for doubt in found)))


_SUPPRESSIONS = re.compile(
    r"squawk-ignore|noqa|nolint|sqlfluff|sql-?lint|lint[:_ -]*(ignore|disable|skip)|safety_assured|"
    r"(ignore|disable|skip)[:_ -]*lint|orchestrate[:_ -]*(ignore|skip)",
    re.IGNORECASE,
)


_DECLARED = re.compile(rf"^\s*--\s*{ONE_WAY}\s*:\s*(\S.*)$", re.IGNORECASE | re.MULTILINE)


def _looks_away(sql: str) -> Doubts:
    found = _SUPPRESSIONS.search(sql)
    if found:
        yield Doubt(Grade.DANGEROUS, f"asks the linter to look away ({found[0]})")


def _one_way(sql: str) -> Doubts:
    """What its author says about the way back: the version before cannot run with what comes of it."""
    for found in _DECLARED.finditer(sql):
        yield Doubt(Grade.WARN, f"{ONE_WAY}: {found[1].strip()}")


def _mixed(trees: tuple[exp.Expr, ...]) -> Doubts:
    if len(trees) > 1 and any(tree.args.get("concurrently") for tree in trees):
        yield Doubt(Grade.DANGEROUS, "CONCURRENTLY works in a file of its own only")


def _judged(tree: exp.Expr, context: Context) -> Doubts:
    rule = RULES.get(type(tree))
    if rule is None:
        yield Doubt(Grade.UNPARSABLE, "is not understood")
        return
    yield from rule(tree, context)
    for inner in tree.find_all(exp.Delete, exp.Update, exp.Merge):
        if inner is not tree:
            yield from RULES[type(inner)](inner, context)
    yield from _functions(tree)


def _learn(context: Context, tree: exp.Expr) -> None:
    """Only a table that cannot have been there before is the file's own; a view leads to other tables."""
    match tree:
        case exp.Create() if tree.args.get("kind") == "TABLE" and not tree.args.get("exists"):
            context.own.add(name(tree.this, context.dialect))
        case exp.Alter() if context.is_own(tree.this):
            renamed = [part for part in actions(tree) if isinstance(part, exp.AlterRename)]
            if renamed:
                context.own.discard(name(tree.this, context.dialect))
                context.own.update(name(part, context.dialect) for part in renamed)
        case exp.Drop():
            context.own.difference_update(dropped(tree, context.dialect))
        case exp.Set():
            context.own.clear()  # after a SET search_path the same name may be another table
        case _:
            pass


_REACHING = re.compile(
    r"(pg_(terminate|cancel|read|write|ls|stat_file|reload|rotate|promote|file)\w*|lo_\w+|dblink\w*|"
    r"(query|table|cursor|schema|database)_to_xml\w*|set_config|load_extension|writefile|readfile|edit|pg_sleep\w*)",
    re.IGNORECASE,
)


def _functions(tree: exp.Expr) -> Doubts:
    for call in tree.find_all(exp.Anonymous):
        if _REACHING.fullmatch(str(call.this)):
            yield Doubt(Grade.DANGEROUS, f"{call.this}() reaches out of the migration")


def _short(tree: exp.Expr, dialect: Dialect) -> str:
    text = " ".join(tree.sql(dialect=dialect, comments=False).split())
    return text if len(text) <= 120 else f"{text[:117]}…"
