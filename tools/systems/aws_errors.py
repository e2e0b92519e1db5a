"""AWS errors: what botocore's troubles mean, by name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from orchestrate.errors import (
    AccessDenied,
    CredentialsExpired,
    NameTaken,
    NoRoom,
    ObjectMissing,
    OutsideFailed,
    RateLimited,
    Unreachable,
)
from tools.systems.aws_calls import Call

LONGEST = 600  # characters of a complaint


@dataclass(frozen=True)
class Meaning:
    """What a code is that holds one of these words; `says` and `cure` may name {said}, {who}, {action}."""

    pattern: str
    error: type[OutsideFailed]
    says: str
    cure: str = ""


MEANINGS = (
    Meaning(
        "Expired|TokenRefreshRequired",
        CredentialsExpired,
        "AWS: {who} has expired ({said})",
        "renew {who}, and go on",
    ),
    Meaning(
        "Throttl|TooManyRequests|RequestLimitExceeded|SlowDown|InvalidationsInProgress|^429$",
        RateLimited,
        "AWS is asked too often: {said}",
    ),
    Meaning(
        "^LimitExceeded|StorageExceeded|QuotaExceeded|^TooMany(Unique)?TargetGroups",
        NoRoom,
        "AWS has no room: {said}",
        "remove what is old, or have this quota of the account raised, and deploy again",
    ),
    Meaning(
        "InvalidClientTokenId|UnrecognizedClient|InvalidAccessKeyId|Signature|MissingAuthenticationToken"
        "|InvalidToken|NotAuthenticated",
        AccessDenied,
        "AWS does not know us ({said})",
        "correct {who}",
    ),
    Meaning(
        "AccessDenied|Unauthorized|NotAuthorized|Forbidden|OptInRequired|^403$",
        AccessDenied,
        "AWS refuses: {said}",
        "allow {action} to {who}",
    ),
    Meaning(
        "NotFound|NoSuch|DoesNotExist|^404$",
        ObjectMissing,
        "AWS has no such thing: {said}",
        "correct the name in the settings, or make it",
    ),
    Meaning(
        "PreconditionFailed|InvalidIfMatchVersion|ConditionalRequestConflict|^412$",
        NameTaken,
        "somebody else changed it meanwhile: {said}",
        "let one of the two change it",
    ),
    Meaning(
        r"InternalError|InternalFailure|ServerException|ServiceException|Unavailable|^5\d\d$|Timeout",
        Unreachable,
        "AWS has trouble itself: {said}",
    ),
    Meaning(
        "ResourceConflict|ResourceInUse|ConcurrentModification|OperationAborted",
        OutsideFailed,
        "AWS is changing it just now: {said}",
        "see who else changes it, and deploy again when that is through",
    ),
    Meaning("", OutsideFailed, "AWS does not do it: {said}", "correct the settings of the component"),
)
"""The first that fits counts."""

NO_CREDENTIALS = (
    "NoCredentialsError", "PartialCredentialsError", "ProfileNotFound", "CredentialRetrievalError",
    "NoAuthTokenError", "MetadataRetrievalError", "UnknownCredentialError", "InfiniteLoopConfigError",
    "InvalidConfigError", "ConfigParseError", "ConfigNotFound",
)  # fmt: skip
STALE = (
    "TokenRetrievalError",
    "SSOTokenLoadError",
    "UnauthorizedSSOTokenError",
    "RefreshWithMFAUnsupportedError",
)


def is_of_aws(trouble: Exception) -> bool:
    """Whether it is one of botocore's own; what a secret's reading or our code raises is not."""
    return type(trouble).__module__.startswith("botocore.")


def problem(trouble: Exception, call: Call, who: str) -> OutsideFailed:
    """The error that it is; `who`: whose credentials were used, in words."""
    if response := cast("Mapping[str, Mapping[str, str]] | None", getattr(trouble, "response", None)):
        told = response.get("Error", {})
        return _refused(told.get("Code", ""), _short(told.get("Message", "")), call, who)
    kind, words = type(trouble).__name__, _short(str(trouble))
    if kind in STALE:
        return CredentialsExpired(f"AWS: {who} has expired: {words}", cure=f"renew {who}: aws sso login")
    if kind in NO_CREDENTIALS:
        return AccessDenied(f"AWS: {who} gives no credentials: {words}", cure="see the section `aws`")
    if kind == "ParamValidationError":
        return OutsideFailed(
            f"{call.action} cannot be asked: {words}", cure="correct the component's settings"
        )
    return Unreachable(f"{call.action}: no answer: {words}")


def _refused(code: str, words: str, call: Call, who: str) -> OutsideFailed:
    said = f"{call.action}: {code}: {words}"
    meant = next(one for one in MEANINGS if re.search(one.pattern, code))
    cure = meant.cure.format(who=who, action=call.action)
    return meant.error(meant.says.format(said=said, who=who), cure=cure)


def _short(words: str) -> str:
    return " ".join(words.split())[:LONGEST]
