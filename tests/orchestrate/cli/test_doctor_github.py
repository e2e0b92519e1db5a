"""Troubles of GitHub, each named by the doctor in words that a person can act on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from orchestrate.app import assembled
from orchestrate.cli.doctor.finding import Finding, State
from orchestrate.cli.doctor.github import rights
from orchestrate.cli.doctor.webhooks import webhooks
from orchestrate.settings import load
from tests.contracts.forge_world import World, on_github, ready
from tests.orchestrate.cli.world import Shop
from tests.servers.github import Github, Trouble
from tests.servers.github_world import GithubWorld
from tests.servers.ports import free_port
from tests.tools.systems.github.test_app import key, private

__all__ = ["key"]
SECRET, URL = "s" * 40, "https://hooks.example.invalid"
WORKING: dict[str, object] = {
    "id": 1, "name": "web", "active": True,
    "events": ["check_run", "check_suite", "status", "pull_request", "pull_request_review", "push"],
    "config": {"url": f"{URL}/webhooks/github", "content_type": "json"},
    "last_response": {"code": 200, "status": "active", "message": "OK"},
}  # fmt: skip
GRANTED = {
    "contents": "write", "pull_requests": "write", "deployments": "write", "checks": "read",
    "statuses": "read", "actions": "read", "security_events": "read",
}  # fmt: skip
FORGE = "forge: {{kind: github, repository: acme/shop, api: '{api}', {proof}}}"
BY_TOKEN, BY_APP = "token: '${GITHUB_PROOF}'", "app: '12345', key: '${GITHUB_PROOF}'"


@pytest.fixture
def github(tmp_path: Path) -> Iterator[Github]:
    with on_github(tmp_path) as (forge, here):
        ready(World(forge, here.world.repository))
        here.world.open("Say hello", "feature", "main", author="uma")
        here.world.hooks = [WORKING]
        yield here


class Doctor:
    """Looks at GitHub as the settings say."""

    def __init__(self, folder: Path, github: Github, monkeypatch: pytest.MonkeyPatch) -> None:
        self.shop, self.github, self.monkeypatch = Shop(folder), github, monkeypatch
        self.text = self.shop.settings.read_text()
        self.told(BY_TOKEN, "the-token")

    def told(self, proof: str, value: str, more: str = "") -> None:
        """Write settings, and the variable that they name."""
        self.monkeypatch.setenv("GITHUB_PROOF", value)
        self.monkeypatch.setenv("HOOK_SECRET", SECRET)
        forge = FORGE.format(api=self.github.api, proof=proof)
        hooks = f"webhooks: {{port: {free_port()}, url: '{URL}', github_secret: '${{HOOK_SECRET}}'}}\n"
        text = self.text.replace("forge: {remote: ./shop.git, base: main}", forge)
        self.shop.settings.write_text(hooks + text.replace("reviews: 0", f"reviews: 0{more}"))

    async def rights(self) -> dict[str, Finding]:
        async with assembled(load(self.shop.settings)) as app:
            return {one.what: one for one in await rights(app)}

    async def hook(self) -> Finding:
        async with assembled(load(self.shop.settings)) as app:
            return {one.what: one async for one in webhooks(app)}["GitHub webhook"]


@pytest.fixture
def doctor(github: Github, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Doctor:
    (tmp_path / "shop").mkdir()
    return Doctor(tmp_path / "shop", github, monkeypatch)


async def test_what_is_well_is_said_so(doctor: Doctor, github: Github) -> None:
    github.world.rules.append(demand("ci"))
    github.world.check("ci", "success", github.world.pulls[1].head)

    found = await doctor.rights()

    assert {one: found[one].state for one in found} == {
        "GitHub": State.OK,
        "GitHub required checks": State.OK,
    }
    assert (await doctor.hook()).said.endswith("its last delivery was answered 200")


def demand(*names: str) -> dict[str, object]:
    checks = [{"context": name} for name in names]
    return {"type": "required_status_checks", "parameters": {"required_status_checks": checks}}


async def test_a_check_that_never_reports_is_named(doctor: Doctor, github: Github) -> None:
    github.world.rules.append(demand("ci", "lint"))
    github.world.check("ci", "failure", github.world.pulls[1].head)

    one = (await doctor.rights())["GitHub required checks"]

    assert (one.state, one.said) == (
        State.WARN,
        "demanded, and reported at none of the last 1 pull requests: lint",
    )
    assert "take it off the rules" in one.cure


def later(*rows: tuple[object, ...]) -> Iterator[ParameterSet]:
    """Those that `make test` leaves out."""
    return (pytest.param(*row, marks=pytest.mark.slow) for row in rows)


SCAN = ", security_scan: 'code-scanning: high'"
TOKENS = [
    ("", "repo, gist", SCAN, None, "GitHub security_events", "nothing was ever scanned", "scan once"),
    ("", "repo", SCAN, "Code scanning is not enabled", "GitHub security_events", "not enabled", "turn code"),
    ("", "gist", "", None, "GitHub contents", "the token has the scopes gist", "the scope repo"),
    ("", "gist", "", None, "GitHub deployments", "needed to show deployments", "docs/github.md"),
    ("/deployments$", None, "", None, "GitHub deployments", "may not read", "the permission to read"),
    ("/actions/runs$", None, "", None, "GitHub actions", "to follow workflows", "the permission to read"),
]


@pytest.mark.parametrize(
    ("path", "scopes", "more", "scanning", "what", "said", "cure"), [*TOKENS[:3], *later(*TOKENS[3:])]
)
async def test_what_a_token_lacks_is_named(
    doctor: Doctor, github: Github, path: str, scopes: str | None, more: str, scanning: str | None, what: str,
    said: str, cure: str,
) -> None:  # fmt: skip
    github.world.scopes, github.world.scanning = scopes, scanning or ""
    if path:
        denied = {"message": "Resource not accessible by personal access token"}
        github.troubles.append(Trouble("GET", path, 403, denied))
    doctor.told(BY_TOKEN, "the-token", more)

    one = (await doctor.rights())[what]

    assert (one.state, said in one.said, cure in one.cure) == (State.FAIL, True, True), one


APPS = [
    (
        {"deployments": "read"},
        "GitHub deployments",
        "the App has only 'read'",
        "give the App deployments: write",
    ),
    ({"checks": ""}, "GitHub checks", "no such permission", "give the App checks: read"),
    ({"pull_requests": "read"}, "GitHub pull_requests", "needed to merge", "accept that at its installation"),
    ({"security_events": ""}, "GitHub security_events", "no such permission", "security_events: read"),
]


@pytest.mark.parametrize(("given", "what", "said", "cure"), [APPS[0], *later(*APPS[1:])])
async def test_what_an_app_lacks_is_named(
    doctor: Doctor, github: Github, key: object, given: dict[str, str], what: str, said: str, cure: str
) -> None:
    github.world.app_permissions = {name: level for name, level in {**GRANTED, **given}.items() if level}
    github.world.scan("refs/heads/main", github.world.repository.tip("main"))
    installed(doctor, key, SCAN)

    one = (await doctor.rights())[what]

    assert (one.state, said in one.said, cure in one.cure) == (State.FAIL, True, True), one


def installed(doctor: Doctor, key: object, more: str = "") -> None:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    assert isinstance(key, RSAPrivateKey)
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    doctor.github.world.app_key = public.decode()
    doctor.told(BY_APP, private(key), more)


async def test_an_app_that_may_all_is_said_so_and_one_whose_key_ended_is_named(
    doctor: Doctor, github: Github, key: object
) -> None:
    github.world.app_permissions = GRANTED
    installed(doctor, key)
    good = (await doctor.rights())["GitHub"]
    github.world.app_key = None

    ended = (await doctor.rights())["GitHub"]

    assert (good.state, good.said.startswith("the App 12345 has what is needed")) == (State.OK, True)
    assert (ended.state, "does not accept the key of the App 12345" in ended.said) == (State.FAIL, True)
    assert "make a new private key" in ended.cure


def with_hook(**changed: object) -> Callable[[GithubWorld], None]:
    def change(world: GithubWorld) -> None:
        world.hooks = [{**WORKING, **changed}]

    return change


def hidden(world: GithubWorld) -> None:
    world.hooks = None


ELSEWHERE = {"url": "https://elsewhere.example/webhooks/github", "content_type": "json"}
AS_FORM = {"url": f"{URL}/webhooks/github", "content_type": "form"}
REFUSED = {"code": 401, "status": "misconfigured", "message": "Invalid HTTP Response: 401"}
HOOKS = [
    (hidden, State.WARN, "may not see whether one leads to", "Webhooks: read"),
    (with_hook(config=ELSEWHERE), State.WARN, f"none leads to {URL}/webhooks/github", "docs/webhooks.md"),
    (with_hook(active=False), State.FAIL, "it is switched off", "set it active"),
    (with_hook(config=AS_FORM), State.FAIL, "it sends form", "choose application/json"),
    (with_hook(events=["push"]), State.WARN, "does not send check_run, check_suite", "choose these events"),
    (
        with_hook(events=["*"], last_response=REFUSED),
        State.FAIL,
        "was answered 401: Invalid",
        "github_secret",
    ),
]


@pytest.mark.parametrize(("change", "state", "said", "cure"), HOOKS)
async def test_a_webhook_that_is_not_as_it_should_be_is_named(
    doctor: Doctor, github: Github, change: Callable[[GithubWorld], None], state: State, said: str, cure: str
) -> None:
    change(github.world)

    one = await doctor.hook()

    assert (one.state, said in one.said, cure in one.cure) == (state, True, True), one
