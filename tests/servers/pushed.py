"""A registry to which images were pushed, and what their programs do."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256

from orchestrate.models.change import Version
from tests.servers.vendor import Plain


@dataclass
class Pushed:
    """Images by their tags; it answers beside a vendor's own interface."""

    url: str = ""
    images: dict[str, str] = field(default_factory=dict[str, str])  # tag → digest
    does: dict[str, str] = field(default_factory=dict[str, str])  # digest → what its program does

    @property
    def registry(self) -> str:
        return self.url.removeprefix("http://")

    def push(self, tag: str, does: str = "serve") -> str:
        """An image by its tag; the digest."""
        digest = f"sha256:{sha256(f'{tag} {does}'.encode()).hexdigest()}"
        self.images[tag], self.does[digest] = digest, does
        return digest

    def push_version(self, version: Version, does: str = "serve") -> None:
        """The image of a version of the shop."""
        self.push(f"{self.registry}/shop:{version.commit}", does)

    def manifest(self, path: str) -> Plain | None:
        """What the registry answers; None: that is no place of it."""
        if not path.startswith("/v2/") or "/manifests/" not in path:
            return None
        name, _, tag = path.removeprefix("/v2/").partition("/manifests/")
        digest = tag if tag in self.does else self.images.get(f"{self.registry}/{name}:{tag}")
        return Plain(headers={"Docker-Content-Digest": digest}) if digest else Plain(404)
