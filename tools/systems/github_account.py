"""Who we are on GitHub: which repository, at which address, by a token or as an installed App."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from orchestrate.errors import AccessDenied
from orchestrate.models.secret import Secret
from orchestrate.settings import ForgeSettings

if TYPE_CHECKING:
    from github.Auth import AppAuth
    from github.Auth import Auth as Proof
    from github.Installation import Installation

PUBLIC = "https://api.github.com"


@dataclass(frozen=True)
class Token:
    """A person's or a machine user's token; `read` gives it when it is needed."""

    read: Callable[[], Secret]


@dataclass(frozen=True)
class App:
    """An App by its id, with its private key (PEM), in one installation; None: that of the repository."""

    id: str
    key: Callable[[], Secret]
    installation: int | None = None


@dataclass(frozen=True, kw_only=True)
class Account:
    """A repository (`owner/name`), the address of the API, and what proves who we are."""

    repository: str
    proof: Token | App
    api: str = PUBLIC

    @property
    def owner(self) -> str:
        return self.repository.partition("/")[0]

    @property
    def remote(self) -> str:
        """The address of the repository's git, without any token."""
        return f"{self.web}/{self.repository}.git"

    @property
    def web(self) -> str:
        """Where people look at it: github.com, or the Enterprise server whose API stands below /api/v3."""
        return web_of(self.api)

    @property
    def page(self) -> str:
        """The repository's own page."""
        return f"{self.web}/{self.repository}"

    def remote_with(self, token: Secret) -> Secret:
        """The address of the repository's git, as git is told it."""
        scheme, host = urlsplit(self.remote).scheme, urlsplit(self.remote).netloc
        return Secret.composed(f"{scheme}://x-access-token:{token.reveal()}@{host}/{self.repository}.git")

    def proven(self) -> Proof:
        """What PyGithub signs with; blocking, because an App may have to ask for its installation.

        Raises AccessDenied when the App's key is none.
        """
        from github import Auth

        if isinstance(self.proof, Token):
            return Auth.Token(self.proof.read().reveal().strip())
        app = _signing(self.proof)
        return app.get_installation_auth(self.proof.installation or self._installation(app).id)

    def granted(self) -> Mapping[str, str]:
        """What the App's installation may do, each with its level; nothing is told of tokens. Blocking."""
        if isinstance(self.proof, Token):
            return {}
        return cast(Mapping[str, str], self._installation(_signing(self.proof)).permissions)

    def _installation(self, app: AppAuth) -> Installation:
        from github import GithubIntegration

        owner, _, name = self.repository.partition("/")
        with GithubIntegration(auth=app, base_url=self.api, retry=None) as integration:
            return integration.get_repo_installation(owner, name)


def _signing(proof: App) -> AppAuth:
    """What signs for the App. Raises AccessDenied when its key is none."""
    from github import Auth
    from jwt import PyJWTError

    app = Auth.AppAuth(proof.id, proof.key().reveal())
    try:
        app.create_jwt()
    except (PyJWTError, ValueError, TypeError) as problem:
        raise AccessDenied(
            f"the private key of GitHub App {proof.id} cannot be used: {problem}",
            cure="give the whole PEM file that GitHub made for the App",
        ) from None
    return app


def web_of(api: str) -> str:
    """Where people look at what stands behind this API."""
    if api.rstrip("/") == PUBLIC:
        return "https://github.com"
    return api.rstrip("/").removesuffix("/api/v3")


def page_of(forge: ForgeSettings) -> str:
    """The page of the repository that the settings name; '' where changes are not on GitHub."""
    return f"{web_of(forge.api)}/{forge.repository}" if forge.kind == "github" else ""


def account_of(forge: ForgeSettings, key: Callable[[], Secret]) -> Account:
    """The account that the settings name; `key` gives its token, or the key of its App."""
    proof = App(forge.app, key, forge.installation) if forge.app else Token(key)
    return Account(repository=forge.repository, api=forge.api, proof=proof)
