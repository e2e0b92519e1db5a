"""Entrances: every text that a port can bring in, read from the ports' own types, and what becomes of it."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import typing
from collections.abc import Iterator, Mapping
from enum import Enum

import tools
from orchestrate.models.environment import Channel


def entrances() -> frozenset[str]:
    """`Model.field`, or `Port.method`, for each text that a port of tools/ can give."""
    return frozenset(text for port in ports() for name in _methods(port) for text in _given(port, name))


def ports() -> tuple[type, ...]:
    """Every Protocol of tools/."""
    modules = (importlib.import_module(one.name) for one in pkgutil.iter_modules(tools.__path__, "tools."))
    found = {one for module in modules for one in vars(module).values() if _is_port(one)}
    return tuple(sorted(found, key=lambda one: one.__name__))


def _methods(port: type) -> tuple[str, ...]:
    return tuple(name for name, one in vars(port).items() if inspect.isfunction(one) and name[0] != "_")


def _is_port(one: object) -> bool:
    return (
        inspect.isclass(one) and getattr(one, "_is_protocol", False) and one.__module__.startswith("tools.")
    )


def _given(port: type, name: str) -> Iterator[str]:
    hints = typing.get_type_hints(getattr(port, name))
    yield from _texts(hints.get("return"), f"{port.__name__}.{name}", frozenset())


def _texts(hint: object, where: str, inside: frozenset[type[object]]) -> Iterator[str]:
    """Where a value of this type holds a text that anybody could have written; an enum is none."""
    parts = typing.get_args(hint)
    if hint is str:
        yield where
    elif isinstance(hint, type) and not parts:
        record: type[object] = hint
        if record not in inside and not issubclass(record, Enum):
            for name, inner in _fields(record).items():
                yield from _texts(inner, f"{record.__name__}.{name}", inside | {record})
    elif typing.get_origin(hint) is not typing.Literal:
        for part in parts:
            yield from _texts(part, where, inside)


def _fields(record: type[object]) -> Mapping[str, object]:
    is_record = hasattr(record, "model_fields") or hasattr(record, "__dataclass_fields__")
    return typing.get_type_hints(record) if is_record else {}


REWRITTEN = frozenset(
    {
        "Change.body", "Change.branch", "Change.title", "Change.url", "Check.by", "Check.said", "Check.url",
        "Commit.subject", "ConflictingFile.text", "Counters.extra", "Counters.parts", "Diffs.diff",
        "FileChange.was", "Held.by", "Held.reason", "Instance.detail", "Learning.text", "Logs.tail",
        "Preview.conflicts", "Run.said", "Run.url",
        "SeriesSource.told",
        "Signature.detail", "Signature.signer", "Task.closed_reason", "Task.created_by", "Task.description",
        "Task.title", "TaskMetadata.deployment_target", "TaskMetadata.stage",
        "TaskMetadata.strategy", "Version.name", "Workflows.failed_logs",
    }
)  # fmt: skip
"""Texts that hold an attack wherever they come in."""

SEEDED = frozenset(
    {"Check.name", "Comment.author", "Comment.text", "FileChange.path", "FileChange.text", "Label.by",
     "Label.name", "Review.by", "Run.name"}
)  # fmt: skip
"""Texts that decide something by what they are: beside those that the story needs stand hostile ones."""

DECIDING = frozenset(
    {"Change.author", "Change.pushed_by", "Change.wants", "Commit.author", "Commit.co_authors",
     "Commit.committer", "Commit.email", "Target.value", "Task.workspace", "TaskMetadata.quality_gates",
     "TaskMetadata.version"}
)  # fmt: skip
"""Texts that may only make it stricter: each has a test of its own, in which nothing happens but a hold."""

NOT_WRITTEN_BY_OTHERS: Mapping[str, tuple[str, ...]] = {
    "git computes it": (
        "Change.head", "Change.merge_commit", "Conflict.base", "Conflict.beyond", "Conflict.head",
        "ConflictingFile.path", "Check.sha", "Commit.sha", "FileChange.status", "Label.sha",
        "Merged.commit", "Merged.tree", "Preview.base", "Preview.head", "Preview.tree", "Review.sha",
        "Run.commit", "Signature.commit", "Version.commit", "Version.tree",
    ),
    "a digest or fingerprint that we compute": (
        "Applied.sha256", "Artifact.digest", "ImageSignature.key", "ImageSignatures.allowed", "Signature.key",
        "Signature.signers",
    ),
    "the tracker, the forge or the chat numbers it": (
        "Change.id", "ChangeRecord.id", "Chat.find", "Chat.say", "Comment.id", "Comment.task", "Run.id",
        "Spoken.mark", "Spoken.tasks", "Task.change", "Task.depends_on", "Task.discovered_from", "Task.id",
        "Task.status",
    ),
    "a name from the settings, or one that the provider gives": (
        "Addresses.public", "Artifact.component", "Artifact.location", "BackupReceipt.location",
        "Change.base", "Hosting.tend", "ImageSignature.component", "ImageSignature.image",
        "Instance.address", "Instance.id", "Instance.slot", "Instance.tree", "Metrics.read",
        "Resources.disk_said", "Resources.lacks", "Resources.untold", "Running.component",
        "Running.unmeasured", "Running.weights", "Slot.name", "Traffic.counters", "Traffic.weights",
    ),
    "the login that a cloud gives for its own registry": ("LetIn.login",),
    "one line of whoever has an allowed key, of an image that is refused": ("ImageSignature.detail",),
    "the forge's own word for what it did itself, as one line": ("MergeQueue.dropped",),
    "our own keys, and paths that we asked for": (
        "Held.path", "Learning.environment", "Learning.files", "Learning.key", "Learning.service",
        "Reservation.files", "Reservation.holder", "Reservation.reason", "Reservation.service",
    ),
    "what the store kept of a change, which comes in as Change": (
        "ChangeRecord.author", "ChangeRecord.base", "ChangeRecord.body", "ChangeRecord.branch",
        "ChangeRecord.marker", "ChangeRecord.merge_commit", "ChangeRecord.title",
    ),
    "the name of a migration that was linted, approved and applied by us": ("Applied.name",),
}  # fmt: skip
"""Why nobody who is not ours writes there."""

NOT_THERE_YET: Mapping[str, tuple[str, ...]] = {
    "requests to an HTTP API": ("orchestrate/api*",),
}
"""Channels without an adapter, and the files in which one would appear."""

IDENTITIES: Mapping[Channel, str] = {
    Channel.CLI: "the operating system says who it is, and nobody else's words come that way",
    Channel.TRACKER: "tests/faults/hostile/stage.py",
    Channel.FORGE: "tests/faults/hostile/stage.py",
    Channel.GIT: "tests/faults/test_hostile_model.py",
    Channel.SLACK: "tests/faults/test_hostile_chat.py",
}
"""Where people are known by an account, and the attacks that come in there."""
