"""The inbox: what waits for a person, in the shape that LangGraph's inboxes read, beside our own fields.

They show it, and decide nothing: an answer counts when a channel proves who gave it, and only the runner
resumes a graph. What an inbox would send is no answer of ours, and the question waits on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from pydantic import TypeAdapter

from graphs.state import Asking, State
from orchestrate.models.deployment import ForApproval, Wait

Shown = dict[str, object]

WAITS: TypeAdapter[Wait] = TypeAdapter(Wait)

DECISIONS = ("approve", "reject")
"""What may be decided; never `edit`: another plan is another question."""

WORDS: Mapping[Asking, str] = {
    Asking.APPROVAL: "May this plan be carried out?",
    Asking.GO_ON: "Nobody can tell whether this release is good: go on?",
    Asking.ROLLBACK: "This release did badly: roll it back?",
}

OTHERS = frozenset({"action_requests", "review_configs", "action_request", "config", "description"})
"""The keys that are not ours: Agent Chat UI reads the first two, Agent Inbox the rest."""


def shown(wait: Wait, state: State) -> Shown:
    """What is waited for; where it is a person, as an inbox shows it too."""
    ours = cast(Shown, wait.model_dump(mode="json"))
    return {**ours, **_for_inbox(wait, state)} if isinstance(wait, ForApproval) else ours


def wait_in(value: object) -> Wait:
    """What is waited for, without what is there for inboxes. Raises ValidationError."""
    given = cast(Shown, value) if isinstance(value, dict) else {}
    return WAITS.validate_python({key: one for key, one in given.items() if key not in OTHERS})


def _for_inbox(wait: ForApproval, state: State) -> Shown:
    asking = state.get("asking", Asking.APPROVAL)
    facts: Shown = {
        "question": wait.gate,
        "deployment": state.get("deployment", ""),
        "plan": state.get("plan", ""),
    }
    words = f"{WORDS[asking]} Answer with `orchestrate deploy approve {wait.gate}` or `hold`."
    return {
        "action_requests": [{"name": asking.value, "args": facts, "description": words}],
        "review_configs": [{"action_name": asking.value, "allowed_decisions": [*DECISIONS]}],
        "action_request": {"action": asking.value, "args": facts},
        "config": {"allow_accept": True, "allow_ignore": False, "allow_respond": False, "allow_edit": False},
        "description": words,
    }
