"""YAML files: from bytes to a tree, within limits, refusing what a settings file has no use for."""

from __future__ import annotations

import os
from pathlib import Path

import yaml

from orchestrate.errors import SettingsInvalid
from orchestrate.settings.tree import Document, Tree

LARGEST = 1_048_576  # bytes
_MOST_VALUES = 50_000  # aliases counted as often as they are used
_DEEPEST = 40
_YAML = "tag:yaml.org,2002:"
_SCALARS = frozenset(
    f"{_YAML}{name}" for name in ("str", "int", "float", "bool", "null", "timestamp", "value")
)

MISSING = (
    "try `orchestrate demo`, or write one with a service and an environment that has a type and components"
)


def read(path: Path) -> Document:
    """The file as a tree. Raises SettingsInvalid with the line at fault."""
    text, mtime = _text(path)
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as problem:
        raise SettingsInvalid(str(path), _line(problem, text), _said(problem)) from None
    except RecursionError:
        raise SettingsInvalid(str(path), None, "nested too deeply") from None
    if node is None:
        raise SettingsInvalid(str(path), None, "the file is empty", cure=MISSING)
    if not isinstance(node, yaml.MappingNode):
        raise SettingsInvalid(str(path), 1, "expected keys and values, such as `service: shop`")
    return Document(path, mtime, _Growth(path).tree(node, 1, 0))


def _text(path: Path) -> tuple[str, float]:
    try:
        with path.open("rb") as file:
            mtime = os.fstat(file.fileno()).st_mtime
            data = file.read(LARGEST + 1)
    except FileNotFoundError:
        raise SettingsInvalid(str(path), None, "there is no such file", cure=MISSING) from None
    except OSError as problem:
        raise SettingsInvalid(str(path), None, f"cannot be read: {problem.strerror}") from None
    if len(data) > LARGEST:
        raise SettingsInvalid(str(path), None, "larger than 1 MiB; this is no settings file")
    try:
        return data.decode("utf-8-sig"), mtime
    except UnicodeDecodeError as problem:
        line = data.count(b"\n", 0, problem.start) + 1
        raise SettingsInvalid(str(path), line, "is not UTF-8 text") from None


def _line(problem: yaml.YAMLError, text: str) -> int | None:
    if isinstance(problem, yaml.MarkedYAMLError):
        mark = problem.problem_mark or problem.context_mark
        return mark.line + 1 if mark else None
    if isinstance(problem, yaml.reader.ReaderError):
        return text.count("\n", 0, int(problem.position)) + 1
    return None


def _said(problem: yaml.YAMLError) -> str:
    if isinstance(problem, yaml.reader.ReaderError):
        return "holds a control character"
    parts = (problem.context, problem.problem) if isinstance(problem, yaml.MarkedYAMLError) else ()
    said = ", ".join(part for part in parts if part) or "not YAML"
    if "'\\t'" in said:
        return "a tab; YAML is indented with spaces"
    if "expected a single document" in said:
        return "a second document (---); the file holds one"
    return f"not YAML: {said}{_opened(problem)}"


def _opened(problem: yaml.YAMLError) -> str:
    start = problem.context_mark if isinstance(problem, yaml.MarkedYAMLError) else None
    return f" (begun in line {start.line + 1})" if start else ""


class _Growth:
    """Grows one tree, and counts what it takes in."""

    def __init__(self, path: Path) -> None:
        self._path, self._count = path, 0

    def tree(self, node: yaml.Node, line: int, depth: int) -> Tree:
        self._count += 1
        if self._count > _MOST_VALUES or depth > _DEEPEST:
            raise self._fault(node, "too many values, or nested too deeply (aliases count as often as used)")
        match node:
            case yaml.MappingNode(tag="tag:yaml.org,2002:map"):
                return Tree(line, self._mapping(node, depth))
            case yaml.SequenceNode(tag="tag:yaml.org,2002:seq"):
                items = (self.tree(item, item.start_mark.line + 1, depth + 1) for item in node.value)
                return Tree(line, tuple(items))
            case yaml.ScalarNode(tag=tag) if tag in _SCALARS:
                return Tree(line, None if tag == f"{_YAML}null" else str(node.value))
            case _:
                raise self._fault(
                    node, f"the tag {node.tag.replace(_YAML, '!!')} is not used here; leave it out"
                )

    def _mapping(self, node: yaml.MappingNode, depth: int) -> dict[str, Tree]:
        grown: dict[str, Tree] = {}
        for key, value in node.value:
            name, line = self._key(key), key.start_mark.line + 1
            if name in grown:
                raise self._fault(key, f"the key {name!r} is there twice (first in line {grown[name].line})")
            grown[name] = self.tree(value, line, depth + 1)
        return grown

    def _key(self, node: yaml.Node) -> str:
        if node.tag == f"{_YAML}merge":
            raise self._fault(node, "merging with << is not read; write the keys out")
        if not isinstance(node, yaml.ScalarNode) or node.tag not in _SCALARS or not node.value:
            raise self._fault(node, "expected a plain word as a key")
        return str(node.value)

    def _fault(self, node: yaml.Node, problem: str) -> SettingsInvalid:
        return SettingsInvalid(str(self._path), node.start_mark.line + 1, problem)
