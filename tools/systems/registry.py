"""Registry: what a tag of an image names now, asked of the registry itself (distribution API, version 2)."""

from __future__ import annotations

import base64
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
        found = _IMAGE.fullmatch(image)
        if found is None:
            raise OutsideFailed(f"{image[:200]!r} is no image", cure="write host/name:tag")
        base = f"{'http' if _is_here(found['host']) else 'https'}://{found['host']}"
        url = f"{base}/v2/{found['name']}/manifests/{found['tag'] or found['digest']}"
        answer = await self._asked(url, f"repository:{found['name']}:pull")
        if answer.status == 404:
            return ""
        if answer.status in (401, 403):
            raise AccessDenied(f"the registry does not show {image}", cure="set or renew `credentials`")
        digest = answer.headers.get("docker-content-digest", "")
        if answer.status != 200 or not DIGEST.fullmatch(digest):
            raise Unreachable(f"the registry did not say what {image} is: {answer.status}")
        return digest

    async def _asked(self, url: str, scope: str) -> Answer:
        """A HEAD of the manifest; where a token is demanded, with the token that we are given for it."""
        headers = {"accept": ", ".join(KINDS), **self._basic()}
        answer = await fetch(Ask(url=url, method="HEAD", headers=headers, seconds=SECONDS))
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
                method="HEAD",
                headers={**headers, "authorization": f"Bearer {token}"},
                seconds=SECONDS,
            )
        )

    def _basic(self) -> dict[str, str]:
        if not self._login:
            return {}
        return {"authorization": f"Basic {base64.b64encode(self._login.encode()).decode()}"}


def _token(body: bytes) -> str:
    try:
        given = Given.model_validate_json(body)
    except ValidationError:
        return ""
    return given.token or given.access_token


def _is_here(host: str) -> bool:
    """A registry on this machine is asked without TLS, as every engine does."""
    return host.partition(":")[0] in ("localhost", "127.0.0.1")
