"""A GitHub App instead of a token: it signs for itself, and its tokens are renewed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from orchestrate.errors import AccessDenied, NotFound
from orchestrate.models.secret import Secret
from tests.servers.github_world import NAME, OWNER
from tests.tools.systems.github.conftest import Here
from tools.systems.git_source import EVERY_METHOD
from tools.systems.github_account import Account, App
from tools.systems.github_forge import GithubForge, github_forge

TOKENS = r"/access_tokens$"


@pytest.fixture(scope="module")
def key() -> RSAPrivateKey:
    return generate_private_key(public_exponent=65537, key_size=2048)


def private(key: RSAPrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def forge_of(here: Here, folder: Path, pem: str, installation: int | None = None) -> GithubForge:
    proof = App("12345", lambda: Secret(pem), installation)
    account = Account(repository=f"{OWNER}/{NAME}", api=here.server.api, proof=proof)
    return github_forge(account, folder / "app-mirror", base="main", methods=EVERY_METHOD)[1]


@pytest.fixture
def forge(here: Here, key: RSAPrivateKey, tmp_path: Path) -> Iterator[GithubForge]:
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    here.world.app_key = public.decode()
    here.world.tokens.clear()
    made = forge_of(here, tmp_path, private(key))
    yield made
    made.close()


async def test_an_app_finds_its_installation_and_reads_with_one_token(here: Here, forge: GithubForge) -> None:
    change = await forge.change("1")

    assert [one.path for one in await forge.files(change)] == ["hello", "old"]
    assert here.server.count("POST", TOKENS) == 1


async def test_a_token_that_is_about_to_end_is_renewed(here: Here, forge: GithubForge) -> None:
    here.world.app_seconds = 1

    await forge.change("1")
    await forge.version("main")

    assert here.server.count("POST", TOKENS) > 1


async def test_a_key_that_is_none_is_said(here: Here, forge: GithubForge, tmp_path: Path) -> None:
    broken = forge_of(here, tmp_path, "-----BEGIN nothing-----")

    with pytest.raises(AccessDenied, match="private key of GitHub App 12345") as denied:
        await broken.change("1")

    assert "PEM" in denied.value.cure


async def test_a_key_that_github_does_not_know_any_more_is_said(here: Here, forge: GithubForge) -> None:
    here.world.app_key = None

    with pytest.raises(AccessDenied, match="does not accept the key of the App 12345"):
        await forge.change("1")


async def test_an_installation_that_is_gone_is_said(
    here: Here, forge: GithubForge, key: RSAPrivateKey, tmp_path: Path
) -> None:
    with pytest.raises(NotFound):
        await forge_of(here, tmp_path, private(key), installation=1).version("main")
