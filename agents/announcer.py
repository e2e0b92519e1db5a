"""Puts a few words before an announcement, made of nothing but what the announcement says."""

from __future__ import annotations

import re
from dataclasses import dataclass

from agents.answers import Draft
from agents.model import Brief, Model, NoModel, Quoted
from agents.role import Role
from orchestrate.errors import ModelFailed
from orchestrate.outside import visible

MOST = 600
"""Characters."""

_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_MARKUP = re.compile(r"[@<>\[\]{}`|*#\\~^]|://|www\.|\bmailto:|(?<!\w)_|_(?!\w)")
_HOST = re.compile(r"\w\.[A-Za-z]{2,}\b")
_ENDING = re.compile(
    r"deploy|live|succe|fail|roll|revert|block|hold|held|error|outage|down|safe|fix|improv|faster|slower"
    r"|incident|loss|lost|breach|secur|verif|approv|tested|customer|\bno\b|\bnot\b|n't\b|\bnever\b|without",
    re.IGNORECASE,
)
"""Words that say how something went."""

_GOOD = " live successful"


@dataclass(frozen=True)
class Announcer:
    """Words what receipts prove, for people who do not read receipts."""

    model: Model = NoModel()

    async def words(self, deployment: str, audience: str, announcement: str) -> str:
        """A few plain words about the announcement. Raises ModelFailed where none may be taken."""
        facts = {"audience": Quoted(audience), "facts": Quoted(announcement)}
        said = await self.model.ask(Role.ANNOUNCER, Brief(deployment, facts), Draft)
        draft = " ".join(said.text.split())
        if why := misfit(draft, announcement):
            raise ModelFailed(f"what {self.model.name} wrote is not taken: {why}")
        return draft


def misfit(draft: str, announcement: str) -> str:
    """Why this draft may not stand before the announcement, or ''."""
    if not draft or len(draft) > MOST:
        return f"it has {len(draft)} characters, and 1 to {MOST} are taken"
    if visible(draft) != draft or _MARKUP.search(draft):
        return "it mentions somebody, links, or is no plain text"
    known = announcement.casefold() + (_GOOD if announcement.startswith("Deployed: ") else "")
    if host := next((one for one in _HOST.findall(draft) if one.casefold() not in known), None):
        return f"it names an address: {host}"
    if invented := sorted({*_NUMBER.findall(draft)} - {*_NUMBER.findall(announcement)}):
        return f"no fact says {invented[0]}"
    if ending := next((one for one in _ENDING.findall(draft) if one.casefold() not in known), None):
        return f"no fact says {ending.casefold()!r}"
    return ""
