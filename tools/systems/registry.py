"""Registry: what a tag names now, and what lies under it, asked of the registry (distribution API, 2)."""

from __future__ import annotations

import base64
import hashlib
import re
from urllib.parse import urlencode

from pydantic import BaseModel, ValidationError

from orchestrate.errors import AccessDenied, OutsideFailed, Unreachable
from tools.fetch import Answer, Ask, fetch

KINDS = (
    "application/vnd.oci.image.index.v1+json", "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)  # fmt: skip
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_IMAGE = re.compile(
    r"(?P<host>[\w.-]+(?::\d+)?)/(?P<name>[a-z0-9][a-z0-9._/-]*)"
    r"(?::(?P<tag>[\w][\w.-]{0,127})|@(?P<digest>sha256:[0-9a-f]{64}))"
)
_CHALLENGE = re.compile(r'(\w+)="([^"]*)"')
SECONDS = 10.0
HUB, HUBS = "registry-1.docker.io", ("docker.io", "index.docker.io")


class Given(BaseModel):
    """The answer of who gives tokens."""

    token: str = ""
    access_token: str = ""


class Registry:
    """Asks registries; `login` is user:password for the one that is asked, or ''."""

    def __init__(self, login: str = "") -> None:
        self._login = login

    async def digest(self, image: str) -> str:
        """The digest that host/name:tag (or @digest) names now; '' when the registry has none.

        Raises Unreachable, AccessDenied, and OutsideFailed for a name that is none.
        """
        found = _parts(image)
        answer = await self._asked(image, _at(found, "manifests", found["tag"] or found["digest"]), "HEAD")
        if answer.status == 404:
            return ""
        digest = answer.headers.get("docker-content-digest", "")
        if answer.status != 200 or not DIGEST.fullmatch(digest):
            raise Unreachable(f"the registry did not say what {image} is: {answer.status}")
        return digest

    async def manifest(self, image: str) -> bytes | None:
        """The manifest of host/name:tag; None when the registry has none. Raises as `digest`."""
        found = _parts(image)
        answer = await self._asked(image, _at(found, "manifests", found["tag"] or found["digest"]), "GET")
        return _whole(answer, image)

    async def blob(self, image: str, digest: str) -> bytes | None:
        """A blob of the repository of `image`, from wherever the registry sends us for it (once).

        None when it has none, or what comes is something else. Raises as `digest`.
        """
        answer = await self._asked(image, _at(_parts(image), "blobs", digest), "GET")
        if 300 <= answer.status < 400:
            answer = await fetch(Ask(url=answer.headers.get("location", ""), seconds=SECONDS))
        body = _whole(answer, f"{digest} of {image}")
        return body if body is not None and f"sha256:{hashlib.sha256(body).hexdigest()}" == digest else None

    async def _asked(self, image: str, url: str, method: str) -> Answer:
        """The answer, whatever it is but a refusal. Raises AccessDenied."""
        answer = await self._let_in(url, f"repository:{_parts(image)['name']}:pull", method)
        if answer.status in (401, 403):
            raise AccessDenied(f"the registry does not show {image}", cure="set or renew `credentials`")
        return answer

    async def _let_in(self, url: str, scope: str, method: str) -> Answer:
        """The answer; where a token is demanded, with the token that we are given for it."""
        headers = {"accept": ", ".join(KINDS), **self._basic()}
        answer = await fetch(Ask(url=url, method=method, headers=headers, seconds=SECONDS))
        said = answer.headers.get("www-authenticate", "")
        if answer.status != 401 or not said.lower().startswith("bearer "):
            return answer
        told = dict(_CHALLENGE.findall(said))
        query = urlencode({"service": told.get("service", ""), "scope": scope})
        given = await fetch(
            Ask(url=f"{told.get('realm', '')}?{query}", headers=self._basic(), seconds=SECONDS)
        )
        if given.status != 200:
            return answer
        token = _token(given.body)
        return await fetch(
            Ask(
                url=url,
                method=method,
                headers={**headers, "authorization": f"Bearer {token}"},
                seconds=SECONDS,
            )
        )

    def _basic(self) -> dict[str, str]:
        if not self._login:
            return {}
        return {"authorization": f"Basic {base64.b64encode(self._login.encode()).decode()}"}


def _parts(image: str) -> re.Match[str]:
    """Host, name, and tag or digest. Raises OutsideFailed."""
    found = _IMAGE.fullmatch(image)
    if found is None:
        raise OutsideFailed(f"{image[:200]!r} is no image", cure="write host/name:tag")
    return found


def _at(image: re.Match[str], what: str, which: str) -> str:
    host = HUB if image["host"] in HUBS else image["host"]
    return f"{'http' if _is_here(host) else 'https'}://{host}/v2/{image['name']}/{what}/{which}"


def _whole(answer: Answer, what: str) -> bytes | None:
    """Raises Unreachable for what is neither there nor missing."""
    if answer.status == 404:
        return None
    if answer.status != 200 or answer.is_cut:
        raise Unreachable(f"the registry did not give {what}: {answer.status}")
    return answer.body


def _token(body: bytes) -> str:
    try:
        given = Given.model_validate_json(body)
    except ValidationError:
        return ""
    return given.token or given.access_token


def _is_here(host: str) -> bool:
    """A registry on this machine is asked without TLS, as every engine does."""
    return host.partition(":")[0] in ("localhost", "127.0.0.1")
