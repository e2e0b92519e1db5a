"""Rules: what is to be said against one statement of a migration."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from sqlglot import exp

from tools.sql import Dialect, Name, actions, dropped, name


class Grade(StrEnum):
    """How safe a migration is; what is not understood is not safe."""

    OK = "ok"
    WARN = "warn"
    DANGEROUS = "dangerous"
    UNPARSABLE = "unparsable"


@dataclass(frozen=True)
class Doubt:
    """One reason against a statement."""

    grade: Grade
    reason: str


@dataclass
class Context:
    """What a rule may know: the dialect, and the tables that the same file made before."""

    dialect: Dialect
    own: set[Name] = field(default_factory=set[Name])

    def is_own(self, table: exp.Expr | None) -> bool:
        """Whether the same file made the table; nobody else can miss anything in it."""
        return name(table, self.dialect) in self.own


Doubts = Iterator[Doubt]
Rule = Callable[[exp.Expr, Context], Doubts]


def _create(tree: exp.Expr, context: Context) -> Doubts:
    kind = str(tree.args.get("kind"))
    match kind:
        case "TABLE" | "SEQUENCE" | "TYPE" | "SCHEMA":
            if tree.find(exp.PartitionedOfProperty):
                yield Doubt(Grade.WARN, "locks the parent table")
        case "VIEW":
            if tree.args.get("replace"):
                yield Doubt(Grade.WARN, "changes a view that the running version may read")
        case "INDEX":
            yield from _index(tree, context)
        case _:
            yield Doubt(Grade.DANGEROUS, f"CREATE {kind} holds code or rights that a linter does not see")


def _index(tree: exp.Expr, context: Context) -> Doubts:
    if context.is_own(tree.this.args.get("table")):
        return
    if context.dialect == "postgres" and not tree.args.get("concurrently"):
        yield Doubt(Grade.WARN, "blocks writes while the index is built; CONCURRENTLY does not")
    if tree.args.get("unique"):
        yield Doubt(Grade.WARN, "fails, or refuses writes of the running version, where values repeat")


def _drop(tree: exp.Expr, context: Context) -> Doubts:
    assert isinstance(tree, exp.Drop)
    kind = str(tree.args.get("kind"))
    names = dropped(tree, context.dialect)
    if names and all(one in context.own for one in names):
        return
    grade = Grade.WARN if kind == "INDEX" and not tree.args.get("cascade") else Grade.DANGEROUS
    yield Doubt(grade, f"DROP {kind} takes away what the running version may use")


def _alter(tree: exp.Expr, context: Context) -> Doubts:
    assert isinstance(tree, exp.Alter)
    if context.is_own(tree.this):
        return
    if not actions(tree):
        yield Doubt(Grade.UNPARSABLE, "is not understood")
    for action in actions(tree):
        yield from _action(action, tree, context)


def _action(action: exp.Expr, tree: exp.Alter, context: Context) -> Doubts:
    match action:
        case exp.ColumnDef():
            yield from _column(action, context)
        case exp.AlterColumn():
            yield from _alter_column(action)
        case exp.AddConstraint():
            if not tree.args.get("not_valid"):
                yield Doubt(Grade.WARN, "checks every row under a lock; NOT VALID and VALIDATE later do not")
        case exp.RenameColumn() | exp.AlterRename():
            yield Doubt(Grade.DANGEROUS, "RENAME breaks the version that still runs")
        case exp.Drop():
            yield Doubt(
                Grade.DANGEROUS, f"DROP {action.args.get('kind')} takes away what the running version may use"
            )
        case _:
            yield Doubt(Grade.UNPARSABLE, "is not understood")


def _column(column: exp.ColumnDef, context: Context) -> Doubts:
    kinds = [part.args.get("kind") for part in column.find_all(exp.ColumnConstraint)]
    default = next((kind for kind in kinds if isinstance(kind, exp.DefaultColumnConstraint)), None)
    strict = any(
        isinstance(kind, exp.NotNullColumnConstraint) and not kind.args.get("allow_null") for kind in kinds
    )
    if strict and default is None:
        yield Doubt(
            Grade.DANGEROUS, "NOT NULL without a default fails on rows that exist, and on old inserts"
        )
    if context.dialect == "postgres" and default and default.find(exp.Func):
        yield Doubt(Grade.WARN, "a default that is computed may rewrite the table")
    if any(isinstance(kind, _SCANNING) for kind in kinds):
        yield Doubt(Grade.WARN, "reads or rewrites every row under a lock")


_SCANNING = (
    exp.UniqueColumnConstraint,
    exp.PrimaryKeyColumnConstraint,
    exp.Reference,
    exp.ComputedColumnConstraint,
    exp.CheckColumnConstraint,
    exp.GeneratedAsIdentityColumnConstraint,
)


def _alter_column(action: exp.AlterColumn) -> Doubts:
    if action.args.get("dtype"):
        yield Doubt(Grade.DANGEROUS, "ALTER TYPE rewrites the table under a lock, and may lose values")
    elif action.args.get("allow_null") is False:
        yield Doubt(Grade.DANGEROUS, "SET NOT NULL fails on rows that exist, and on old inserts")
    elif action.args.get("drop") and not action.args.get("allow_null"):
        yield Doubt(Grade.WARN, "inserts of the running version may need the default")


def _rows(tree: exp.Expr, context: Context) -> Doubts:
    if context.is_own(tree.this):
        return
    kind, where = tree.key.upper(), tree.args.get("where")
    if where is None or where.find(exp.Column) is None:
        yield Doubt(Grade.DANGEROUS, f"{kind} without a condition touches every row")
    else:
        yield Doubt(Grade.WARN, f"{kind} changes rows, and a rollback keeps them changed")


def _truncate(tree: exp.Expr, context: Context) -> Doubts:
    if not all(context.is_own(table) for table in tree.expressions):
        yield Doubt(Grade.DANGEROUS, "TRUNCATE removes every row")


def _insert(tree: exp.Expr, context: Context) -> Doubts:
    replaces = tree.args.get("alternative") == "REPLACE" or "UPDATE" in str(tree.args.get("conflict")).upper()
    if replaces and not context.is_own(tree.this):
        yield Doubt(Grade.WARN, "INSERT replaces rows that exist")


def _grant(tree: exp.Expr, _: Context) -> Doubts:
    to_all = any(str(one.this.this).lower() == "public" for one in tree.find_all(exp.GrantPrincipal))
    if to_all:
        yield Doubt(Grade.DANGEROUS, "GRANT to PUBLIC gives everybody the right")
    else:
        yield Doubt(Grade.WARN, "changes who may do what")


def _set(tree: exp.Expr, _: Context) -> Doubts:
    names = {
        str(item.this.this.this.this).lower() for item in tree.find_all(exp.SetItem) if item.find(exp.Column)
    }
    if not names or not names <= _HARMLESS_SETTINGS:
        yield Doubt(Grade.DANGEROUS, "SET takes away limits or checks that migrations are held to")


_HARMLESS_SETTINGS = {
    "search_path",
    "timezone",
    "client_encoding",
    "standard_conforming_strings",
    "client_min_messages",
}


def _pragma(tree: exp.Expr, _: Context) -> Doubts:
    called = re.split(r"\W", str(tree.this.sql()).strip().lower(), maxsplit=1)[0]
    if called not in ("foreign_key_check", "integrity_check", "quick_check", "optimize"):
        yield Doubt(Grade.DANGEROUS, "PRAGMA changes how the database itself behaves")


def _command(tree: exp.Expr, _: Context) -> Doubts:
    text = " ".join(tree.sql(comments=False).upper().split())
    for pattern, grade, reason in _COMMANDS:
        if re.match(pattern, text):
            if grade is not Grade.OK:
                yield Doubt(grade, reason)
            return
    yield Doubt(Grade.UNPARSABLE, "is not understood")


_CODE = "runs code that a linter does not see"
_RIGHTS = "changes the server, or who may do what"
_COMMANDS: tuple[tuple[str, Grade, str], ...] = (
    (r"ALTER\s+TABLE\s+\S+\s+VALIDATE\s+CONSTRAINT\s+\S+$", Grade.OK, ""),
    (r"ALTER\s+TYPE\s+\S+\s+ADD\s+VALUE\b", Grade.WARN, "a value of an enum cannot be taken back"),
    (r"ALTER\s+TABLE\s+\S+\s+ENABLE\s+ROW\s+LEVEL\s+SECURITY$", Grade.WARN, "hides rows that were seen"),
    (r"REFRESH\s+MATERIALIZED\s+VIEW\s+CONCURRENTLY\b", Grade.WARN, "may take long"),
    (r"REPLACE\s+INTO\b", Grade.WARN, "replaces rows that exist"),
    (r"(DO|EXECUTE|PREPARE|CALL|LOAD)\b", Grade.DANGEROUS, _CODE),
    (r"CREATE\s+(TEMP\w*\s+)?TRIGGER\b", Grade.DANGEROUS, _CODE),
    (r"LOCK\b", Grade.DANGEROUS, "LOCK TABLE stops the running version"),
    (r"(VACUUM|REINDEX|REFRESH)\b", Grade.DANGEROUS, "locks or rewrites whole tables"),
    (r"ALTER\s+(ROLE|USER|SYSTEM|DATABASE|DEFAULT)\b", Grade.DANGEROUS, _RIGHTS),
    (r"(CREATE|DROP)\s+(ROLE|USER|EXTENSION|POLICY|OWNED)\b", Grade.DANGEROUS, _RIGHTS),
    (r"(GRANT|REVOKE|RESET|SET)\b", Grade.DANGEROUS, _RIGHTS),
    (r"ALTER\s+TABLE\b.*\b(DISABLE|RENAME|OWNER|SET)\b", Grade.DANGEROUS, "changes what is relied on"),
)  # fmt: skip


def _always(grade: Grade, reason: str) -> Rule:
    def rule(_: exp.Expr, __: Context) -> Doubts:
        yield Doubt(grade, reason)

    return rule


def _harmless(_: exp.Expr, __: Context) -> Doubts:
    return iter(())


_TRANSACTION = _always(Grade.DANGEROUS, "the file is applied in one transaction, which is not its own to end")
RULES: dict[type[exp.Expr], Rule] = {
    exp.Create: _create,
    exp.Drop: _drop,
    exp.Alter: _alter,
    exp.Delete: _rows,
    exp.Update: _rows,
    exp.Insert: _insert,
    exp.Merge: _always(Grade.WARN, "MERGE changes rows, and a rollback keeps them changed"),
    exp.TruncateTable: _truncate,
    exp.Select: _always(Grade.WARN, "a query in a migration may run functions that change things"),
    exp.Grant: _grant,
    exp.Revoke: _always(Grade.DANGEROUS, "REVOKE takes a right away that the running version may use"),
    exp.Copy: _always(Grade.DANGEROUS, "COPY reads, writes or runs files of the server"),
    exp.Set: _set,
    exp.Comment: _harmless,
    exp.Analyze: _harmless,
    exp.Transaction: _TRANSACTION,
    exp.Commit: _TRANSACTION,
    exp.Rollback: _TRANSACTION,
    exp.Pragma: _pragma,
    exp.Attach: _always(Grade.DANGEROUS, "ATTACH reaches other files"),
    exp.Detach: _always(Grade.DANGEROUS, "DETACH reaches other files"),
    exp.Command: _command,
}
