"""Beads by its rival `br`: what it lacks is told in descriptions, and counted here.

Written by what is published of it and by what others who call it do, and never run against the program
itself: its licence lets not everybody use it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import cast

from orchestrate.errors import NotFound, OutsideFailed
from orchestrate.models.task import NewTask, Task
from tools.systems.beads import AT_ONCE, BeadsTracker
from tools.systems.beads_answers import Issue, T, Version
from tools.systems.beads_issues import words_of
from tools.systems.beads_program import Beads

OLDEST = (0, 2, 14)
"""The version whose options are known."""
UNKNOWN = ("--include-dependents", "--include-comments", "--type=blocks", "--force")
"""What bd is told and br is not: it shows all of an issue, and an edge that is not named blocks."""
SAID = (
    "deployment_target", "stage", "quality_gates", "version", "strategy", "change", "pr", "workspace",
)  # fmt: skip
_OURS = re.compile(r"(?:\n\n|\A)<!-- orchestrate (\{.*\}) -->\Z")
_LINE = re.compile(rf"^({'|'.join(SAID)}): *(\S.*)$", re.MULTILINE)
_CURE = "install br 0.2.14 or newer, and name it at tracker: program in orchestrate.yaml"


@dataclass(frozen=True)
class Br(Beads):
    """Calls `br` in a workspace, as `actor`."""

    async def ask(self, form: type[T], *words: str, about: str, stdin: str | None = None) -> tuple[T, ...]:
        found = await super().ask(form, *_known(words), about=about, stdin=stdin)
        return cast("tuple[T, ...]", tuple(told(one) if isinstance(one, Issue) else one for one in found))

    async def do(self, *words: str, about: str, stdin: str | None = None) -> None:
        await super().do(*_known(words), about=about, stdin=stdin)

    async def version(self) -> Version:
        """Which program this is. Raises OutsideFailed for bd, and for what is too old."""
        (found,) = await self.ask(Version, "version", about="its version") or (Version(),)
        if found.rust_version is None or found.parts < OLDEST:
            said = f"version {found.version or 'unknown'}{'' if found.rust_version else ', and not br'}"
            raise OutsideFailed(f"{self.program} is {said}", cure=_CURE)
        return found


class BrTracker(BeadsTracker):
    """The tracker on a workspace of br."""

    async def create(self, new: NewTask) -> Task:
        known = await self.find(new.marker) if new.marker else None
        for on in new.depends_on:
            await self._issue(on)
        made = known.id if known else await self._filed(new)
        for on in {*new.depends_on} - {*(known.depends_on if known else ())}:
            await self.beads.do("dep", "add", made, on, about=f"issue {made}")
        return await self.task(made)

    async def _filed(self, new: NewTask) -> str:
        """The id of a new issue; what br has no place for is a hidden line of its description."""
        words = words_of(new, self._vocabulary)
        said = next(one.partition("=")[2] for one in words if one.startswith("--metadata="))
        options = [one for one in words if not one.startswith(("--metadata=", "--deps="))]
        text = "\n\n".join(one for one in (new.description, f"<!-- orchestrate {said} -->") if one)
        about = "a new issue"
        (made,) = await self.beads.ask(Issue, "create", *options, f"--description={text}", about=about)
        status = self._vocabulary.status(new.status)
        if status != "open":
            await self.beads.do("update", made.id, f"--status={status}", about=about)
        return made.id

    async def _listed(self, *words: str, about: str) -> tuple[Issue, ...]:
        """All are listed, and chosen here; lists do not tell what an issue waits for."""
        found = [one for one in await self.beads.ask(Issue, "list", "--all", "--limit=0", about=about)]
        chosen = [one for one in found if all(_fits(one, word) for word in words)]
        if not any(word.startswith("--label=") for word in words):
            return tuple(chosen)
        return tuple((await self._shown([one.id for one in chosen])).values())

    async def _shown(self, ids: Collection[str], *words: str) -> dict[str, Issue]:  # noqa: ARG002
        asked, found = sorted(ids), dict[str, Issue]()
        for start in range(0, len(asked), AT_ONCE):
            found |= await self._some(asked[start : start + AT_ONCE])
        return found

    async def _some(self, ids: Collection[str]) -> Mapping[str, Issue]:
        """One that is gone is missing, and keeps no other from being shown."""
        try:
            return {one.id: one for one in await self.beads.ask(Issue, "show", *ids, about="issues")}
        except NotFound:
            if len(ids) == 1:
                return {}
        found: dict[str, Issue] = {}
        for id in ids:
            found |= await self._some([id])
        return found

    async def _look(self) -> None:
        """Lists do not count comments: every issue that is not closed is shown, fifty in a call."""
        listed = await self._listed(about="what was said")
        for issue in (await self._shown([one.id for one in listed if one.status != "closed"])).values():
            theirs = [one.at.timestamp() for one in issue.comments if one.author != self.bot]
            if theirs and len(issue.comments) != self._counts.get(issue.id, 0):
                self._news[issue.id] = max(theirs)
            self._counts[issue.id] = len(issue.comments)


def told(issue: Issue) -> Issue:
    """The issue with what its description tells of it: our own line, or people's."""
    ours = _OURS.search(issue.description)
    said: dict[str, object] = {key: value.strip() for key, value in _LINE.findall(issue.description)}
    if ours is not None:
        said = cast("dict[str, object]", json.loads(ours[1])) if _is_json(ours[1]) else said
    text = _OURS.sub("", issue.description)
    return issue.model_copy(update={"metadata": {**said, **issue.metadata}, "description": text})


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _known(words: Collection[str]) -> tuple[str, ...]:
    return tuple(word for word in words if word not in UNKNOWN)


def _fits(issue: Issue, word: str) -> bool:
    """Whether an issue is one of those that an option of bd's list asks for."""
    option, _, value = word.partition("=")
    match option:
        case "--status":
            return issue.status == value
        case "--label":
            return value in issue.labels
        case "--metadata-field":
            key, _, wanted = value.partition("=")
            return issue.metadata.get(key) == wanted
        case _:
            return True
