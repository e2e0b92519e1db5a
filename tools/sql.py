"""SQL as parse trees: the statements of a migration, and what they leave behind."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from orchestrate.errors import OutsideFailed

Dialect = Literal["sqlite", "postgres"]
Name = tuple[str, str]  # schema or '', and name, folded as the database folds them

CAP = 1_048_576  # characters of one migration

# A statement that sqlglot only half understands comes as a Command; that is judged, not logged.
logging.getLogger("sqlglot").setLevel(logging.ERROR)

_TEMPLATE = re.compile(r"\{[#%{]|\0")  # sqlglot skips what stands between; a database would not
_ROWID = re.compile(r"\bWITHOUT\s+ROWID\s*(,\s*STRICT\s*)?$", re.IGNORECASE)


class SqlUnreadable(OutsideFailed):
    """The text is not SQL that can be judged."""


@dataclass
class Made:
    """What a migration leaves behind that was not there before."""

    tables: dict[Name, list[str]] = field(default_factory=dict[Name, list[str]])  # with their columns
    columns: dict[Name, list[str]] = field(default_factory=dict[Name, list[str]])  # of tables it only changes
    indexes: dict[Name, str] = field(default_factory=dict[Name, str])  # with the column list, for people


def statements(sql: str, dialect: Dialect) -> tuple[exp.Expr, ...]:
    """The parse trees of `sql`. Raises SqlUnreadable."""
    if len(sql) > CAP or _TEMPLATE.search(sql):
        raise SqlUnreadable("it is too long, or holds templates or NUL characters")
    try:
        trees = sqlglot.parse(sql, dialect=dialect)
    except (SqlglotError, RecursionError) as problem:
        first = str(problem).partition("\n")[0]
        raise SqlUnreadable(re.sub(r"\x1b\[[0-9;]*m", "", first)[:200]) from problem
    return tuple(
        _completed(tree, dialect)
        for tree in trees
        if isinstance(tree, exp.Expr) and not isinstance(tree, exp.Semicolon)
    )


def name(table: exp.Expr | None, dialect: Dialect) -> Name:
    """How the database calls what `table` names; ('', '') for nothing."""
    found = table.find(exp.Table) if table is not None else None
    if found is None:
        return "", ""
    return _folded(found.args.get("db"), dialect), _folded(found.this, dialect)


def made(sql: str, dialect: Dialect) -> Made:
    """What is there after `sql` because of `sql`. Raises SqlUnreadable."""
    left = Made()
    for tree in statements(sql, dialect):
        _remember(left, tree, dialect)
    return left


def _remember(left: Made, tree: exp.Expr, dialect: Dialect) -> None:
    match tree:
        case exp.Create():
            _created(left, tree, dialect)
        case exp.Alter():
            _altered(left, tree, dialect)
        case exp.Drop():
            for gone in dropped(tree, dialect):
                for known in (left.tables, left.columns, left.indexes):
                    known.pop(gone, None)
        case _:
            pass


def dropped(tree: exp.Drop, dialect: Dialect) -> tuple[Name, ...]:
    """The names that a DROP gives."""
    return tuple(name(table, dialect) for table in tree.find_all(exp.Table))


def _completed(tree: exp.Expr, dialect: Dialect) -> exp.Expr:
    """SQLite's WITHOUT ROWID is unknown to sqlglot; the table before it is not."""
    text = tree.sql(comments=False) if isinstance(tree, exp.Command) else ""
    if dialect == "sqlite" and text.upper().startswith("CREATE") and _ROWID.search(text):
        return sqlglot.parse_one(_ROWID.sub("", text), dialect=dialect)
    return tree


def _created(left: Made, tree: exp.Create, dialect: Dialect) -> None:
    if tree.find(exp.TemporaryProperty) is not None:
        return
    match str(tree.args.get("kind")):
        case "TABLE" | "VIEW":
            left.tables[name(tree.this, dialect)] = list(_columns(tree.this, dialect))
        case "INDEX":
            index = tree.this
            called = _folded(index.this, dialect)
            schema = name(index.args.get("table"), dialect)[0]
            if called:
                left.indexes[schema, called] = index.sql(dialect=dialect)
        case _:
            pass


def _altered(left: Made, tree: exp.Alter, dialect: Dialect) -> None:
    table = name(tree.this, dialect)
    columns = left.tables.get(table) or left.columns.setdefault(table, [])
    for action in actions(tree):
        match action:
            case exp.ColumnDef():
                columns.append(_folded(action.this, dialect))
            case exp.RenameColumn():
                _forget(columns, _folded(action.this.this, dialect))
                columns.append(_folded(action.args["to"].this, dialect))
            case exp.Drop():
                for column in action.find_all(exp.Column):
                    _forget(columns, _folded(column.this, dialect))
            case exp.AlterRename():
                _renamed(left, tree, table, (table[0], name(action, dialect)[1]))
            case _:
                pass


def _renamed(left: Made, tree: exp.Alter, old: Name, new: Name) -> None:
    if str(tree.args.get("kind")) == "INDEX":
        left.indexes[new] = left.indexes.pop(old, "")
        return
    left.tables[new] = [*left.tables.pop(old, []), *left.columns.pop(old, [])]


def actions(tree: exp.Alter) -> tuple[exp.Expr, ...]:
    """The parts of an ALTER."""
    return tuple(part for part in tree.args.get("actions") or () if isinstance(part, exp.Expr))


def _columns(schema: exp.Expr, dialect: Dialect) -> Iterator[str]:
    if isinstance(schema, exp.Schema):
        for part in schema.expressions:
            if isinstance(part, exp.ColumnDef | exp.Identifier):
                yield _folded(part if isinstance(part, exp.Identifier) else part.this, dialect)


def _forget(columns: list[str], column: str) -> None:
    if column in columns:
        columns.remove(column)


def _folded(identifier: object, dialect: Dialect) -> str:
    """SQLite compares names without case, PostgreSQL folds what is not quoted."""
    if not isinstance(identifier, exp.Expr):
        return ""
    text = str(identifier.this)
    keeps_case = dialect == "postgres" and bool(identifier.args.get("quoted"))
    return text if keeps_case else text.lower()
