"""What asking models cost, for the record of a deployment."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrate.models.model_call import CallState, ModelCall, dollars, spent
from orchestrate.outside import inline
from orchestrate.reports.markdown import table


def advice(calls: Sequence[ModelCall]) -> str:
    """Each request with its tokens and its price, and the sum; '' where nobody was asked."""
    if not calls:
        return ""
    rows = [
        (
            one.role,
            inline(one.model),
            one.state.value if one.state is CallState.ANSWERED else inline(one.why or one.state, 200),
            f"{one.tokens.fresh:,}",
            f"{one.tokens.cache_write + one.tokens.cache_read:,}",
            f"{one.tokens.output:,}",
            dollars(one.micros),
        )
        for one in calls
    ]
    head = ("role", "model", "state", "new tokens", "cached tokens", "tokens out", "cost")
    return f"\n## Models\n\n{spent(tuple(calls)).words}\n\n{table(head, rows)}\n"
