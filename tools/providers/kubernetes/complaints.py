"""Complaints: what kubectl's last words mean."""

from __future__ import annotations

import re
from dataclasses import dataclass

from orchestrate.errors import (
    AccessDenied,
    ChangedMeanwhile,
    CommandFailed,
    NameTaken,
    NoRoom,
    OutsideFailed,
    RateLimited,
    StartFailed,
    Unreachable,
)
from tools.commands import Output


class KindUnknown(OutsideFailed):
    """The cluster does not know objects of this kind."""


@dataclass(frozen=True)
class Meaning:
    """What a complaint is that holds one of these words."""

    pattern: str
    error: type[OutsideFailed]
    says: str
    cure: str = ""


MEANINGS = (
    Meaning(
        r"unauthorized|provide credentials|must be logged in|token .*expired",
        AccessDenied,
        "the cluster does not know us",
        "renew the credentials in the kubeconfig",
    ),
    Meaning("exceeded quota", NoRoom, "the quota is used up", "raise it, or ask for less"),
    Meaning(
        "forbidden",
        AccessDenied,
        "the cluster refuses",
        "see `kubectl auth can-i --list`; docs/providers/kubernetes.md names what is needed",
    ),
    Meaning(
        r"apply failed with \d+ conflict",
        NameTaken,
        "somebody else manages it",
        "let one of the two manage these fields",
    ),
    Meaning(
        "rejected our request due to an error in our request|testing value",
        ChangedMeanwhile,
        "somebody changed it since it was looked at",
    ),
    Meaning("too many requests", RateLimited, "the cluster is asked too often"),
    Meaning(
        "unable to connect|connection refused|no such host|i/o timeout|deadline exceeded|tls handshake"
        "|etcdserver|service ?unavailable|internal ?error|did you specify the right host",
        Unreachable,
        "the cluster does not answer",
    ),
    Meaning(
        "doesn't have a resource type|no matches for kind",
        KindUnknown,
        "the cluster does not know such objects",
        "install what defines them; for an HTTPRoute that is the Gateway API",
    ),
    Meaning(
        "is invalid|admission webhook|unable to validate|strict decoding",
        StartFailed,
        "the cluster does not take it",
        "correct the settings of the component",
    ),
)
"""The first that fits counts."""

LONGEST = 600  # characters of a complaint


def problem(said: Output) -> OutsideFailed:
    """The error that a complaint is."""
    words = " ".join(said.complaint.split())[:LONGEST]
    for one in MEANINGS:
        if re.search(one.pattern, words, re.IGNORECASE):
            return one.error(f"{one.says}: {words}", cure=one.cure)
    return CommandFailed(said.argv, said.code, said.complaint)
