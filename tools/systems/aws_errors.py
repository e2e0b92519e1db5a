"""AWS errors: what botocore's troubles mean, by name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import cast

from orchestrate.errors import (
    AccessDenied,
    CredentialsExpired,
    NameTaken,
    ObjectMissing,
    OutsideFailed,
    RateLimited,
    Unreachable,
)
from tools.systems.aws_calls import Call

LONGEST = 600  # characters of a complaint
EXPIRED = re.compile("Expired|TokenRefreshRequired")
STRANGERS = re.compile(
    "InvalidClientTokenId|UnrecognizedClient|InvalidAccessKeyId|Signature|MissingAuthenticationToken"
    "|InvalidToken|NotAuthenticated"
)
DENIED = re.compile("AccessDenied|Unauthorized|NotAuthorized|Forbidden|OptInRequired|^403$")
THROTTLED = re.compile(
    "Throttl|TooManyRequests|RequestLimitExceeded|SlowDown|LimitExceededException$|InvalidationsInProgress|^429$"
)
MISSING = re.compile("NotFound|NoSuch|DoesNotExist|^404$")
CHANGED = re.compile("PreconditionFailed|InvalidIfMatchVersion|ConditionalRequestConflict|^412$")
SILENT = re.compile(
    "InternalError|InternalFailure|ServerException|ServiceException|Unavailable|^5\\d\\d$|Timeout"
)
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
    if EXPIRED.search(code):
        return CredentialsExpired(f"AWS: {who} has expired ({said})", cure=f"renew {who}, and go on")
    if THROTTLED.search(code):
        return RateLimited(f"AWS is asked too often: {said}")
    if STRANGERS.search(code):
        return AccessDenied(f"AWS does not know us ({said})", cure=f"correct {who}")
    if DENIED.search(code):
        return AccessDenied(f"AWS refuses: {said}", cure=f"allow {call.action} to {who}")
    if MISSING.search(code):
        return ObjectMissing(
            f"AWS has no such thing: {said}", cure="correct the name in the settings, or make it"
        )
    if CHANGED.search(code):
        return NameTaken(f"somebody else changed it meanwhile: {said}", cure="let one of the two change it")
    if SILENT.search(code):
        return Unreachable(f"AWS has trouble itself: {said}")
    return OutsideFailed(f"AWS does not do it: {said}", cure="correct the settings of the component")


def _short(words: str) -> str:
    return " ".join(words.split())[:LONGEST]
