"""Alerts: a series with a threshold that people are told about."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import AliasChoices, Field

from orchestrate.models.fact import Fact

CPU, MEMORY = "cpu", "memory"
MEASURED = (CPU, MEMORY)
"""Alerts without a series of their own: the provider measures them, in percent."""

USUAL: Mapping[str, Decimal] = {
    "db_connections": Decimal(80),  # of the 100 that PostgreSQL has unless told otherwise
    "query_time": Decimal("0.5"),  # seconds
    "connections": Decimal(1000),
    "drop_rate": Decimal(1),  # a second
}
"""Above which a series of this name alerts, where its settings give no threshold."""


_MATCHER = re.compile(r'\s*([a-zA-Z_]\w*\s*(?:=~|!~|!=|=)\s*"(?:[^"\\]|\\.)*")\s*(?:,|$)', re.ASCII)


class Several(StrEnum):
    """What counts where several instances, or several lines of an answer, tell a series."""

    SUM = "sum"
    WORST = "worst"


class Source(StrEnum):
    """Who is asked an alert's query."""

    PROMETHEUS = "prometheus"
    DATADOG = "datadog"
    SENTRY = "sentry"
    ALERTMANAGER = "alertmanager"


class Alert(Fact):
    """Where a series comes from, and when it is told; only with `rollback` it takes a release back."""

    metric: str | None = None  # in the component's own metrics: a name, maybe with {label="value"}
    query: str | None = None  # in the words of who is asked; {slot} is filled in
    source: Source = Source.PROMETHEUS  # who is asked the query
    url: str | None = None  # of who is asked; None: the component's
    credentials: str | None = None  # a secret: api-key:application-key of Datadog, a token of the others
    instances: Several = Several.SUM
    above: Decimal | None = None
    below: Decimal | None = None
    window: Annotated[int, Field(ge=0, validation_alias=AliasChoices("for", "window"))] = 0  # seconds
    rollback: bool = False

    @property
    def is_of_slot(self) -> bool:
        """Whether it is measured in one slot, and could be measured in another."""
        return self.query is None or "{slot}" in self.query

    def is_crossed(self, value: float) -> bool:
        above, below = self.above, self.below
        return (above is not None and value > above) or (below is not None and value < below)


def matchers(query: str) -> tuple[str, ...]:
    """Each of Alertmanager's matchers in `label="value", …`; none where the query is something else."""
    found: list[str] = []
    at = 0
    while at < len(query):
        one = _MATCHER.match(query, at)
        if one is None:
            return ()
        found.append(one[1])
        at = one.end()
    return tuple(found)
