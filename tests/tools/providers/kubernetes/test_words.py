"""What is said to a cluster, and what its words mean, without one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from orchestrate.errors import (
    AccessDenied,
    CommandFailed,
    EffectRefused,
    NameTaken,
    NoRoom,
    OutsideFailed,
    RateLimited,
    StartFailed,
    Unreachable,
)
from orchestrate.models.hosts import Kubernetes
from orchestrate.models.move import Backup
from tests.servers.sample_service import component, environment
from tools.commands import Output
from tools.providers.kubernetes.complaints import problem
from tools.providers.kubernetes.kubectl import Json, Kind, Kubectl
from tools.providers.kubernetes.objects import version_of, weights_of
from tools.providers.kubernetes.provider import KubernetesProvider

SHOP = Kubernetes(image="registry.example/shop:{commit}", namespace="shop", context="far")


class Spy:
    """Stands for the program, and keeps what it was run with."""

    def __init__(self, code: int = 0, stdout: bytes = b"", stderr: bytes = b"") -> None:
        self.answer = code, stdout, stderr
        self.argv: tuple[str, ...] = ()
        self.env: Mapping[str, str] = {}
        self.stdin: bytes | None = None

    async def __call__(
        self,
        argv: Sequence[str],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        timeout: float = 60.0,
        cap: int = 0,
        stdin: bytes | None = None,
    ) -> Output:
        self.argv, self.env, self.stdin = tuple(argv), env or {}, stdin
        code, stdout, stderr = self.answer
        return Output(self.argv, code, stdout, stderr)


@pytest.mark.parametrize("said", [b"<html>", b'{"items": [', b"[]", b"7", b"\xff"])
async def test_an_answer_that_was_cut_off_is_none(tmp_path: Path, said: bytes) -> None:
    kubectl = Kubectl(SHOP, tmp_path, runner=Spy(stdout=said))

    for asked in (kubectl.get(Kind.POD, "web"), kubectl.list(Kind.POD, "app=web"), kubectl.every(Kind.NODE)):
        with pytest.raises(Unreachable, match="something else than was asked for"):
            await asked


async def test_every_word_is_said_in_the_namespace_and_with_nothing_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECTL_EXTERNAL_DIFF", "evil")
    spy = Spy(stdout=b'{"items": []}')

    assert await Kubectl(SHOP, tmp_path, runner=spy).list(Kind.POD, "a/b=c,d=e") == []

    assert spy.argv == (
        "kubectl", "get", "pods", "--selector=a/b=c,d=e", "--output=json",
        "--namespace=shop", "--request-timeout=30s", "--context=far",
    )  # fmt: skip
    assert {*spy.env} == {"PATH", "LC_ALL", "LANG", "HOME", "KUBECONFIG", "KUBERC"}
    assert spy.env["HOME"] == str(tmp_path)


async def test_what_is_applied_goes_in_as_text_and_never_by_force(tmp_path: Path) -> None:
    spy = Spy(stdout=b"{}")

    await Kubectl(SHOP, tmp_path, runner=spy).apply({"kind": "Service", "password": "s3cret"})

    assert "--server-side" in spy.argv and "--field-manager=orchestrate" in spy.argv
    assert not [word for word in spy.argv if "force" in word or "s3cret" in word]
    assert spy.stdin == b'{"kind": "Service", "password": "s3cret"}'


@pytest.mark.parametrize("name", ["", "-x", "--all", "a b", "a/b", "A", "a;b", "x" * 300, "a\n"])
async def test_no_name_is_an_option_or_anything_else(tmp_path: Path, name: str) -> None:
    spy = Spy()
    kubectl = Kubectl(SHOP, tmp_path, runner=spy)

    for asked in (
        kubectl.get(Kind.SERVICE, name),
        kubectl.delete(Kind.DEPLOYMENT, name),
        kubectl.logs(name, 1),
    ):
        with pytest.raises(OutsideFailed, match="is no name"):
            await asked
    assert spy.argv == ()


@pytest.mark.parametrize("selector", ["", "a", "a!=b", "a=b --all", "a in (b)", "-a"])
async def test_no_selector_is_anything_else(tmp_path: Path, selector: str) -> None:
    spy = Spy()

    with pytest.raises(OutsideFailed, match="is no selector"):
        await Kubectl(SHOP, tmp_path, runner=spy).list(Kind.POD, selector)
    assert spy.argv == ()


@pytest.mark.parametrize(
    ("complaint", "error"),
    [
        ("error: You must be logged in to the server (Unauthorized)", AccessDenied),
        ('pods is forbidden: User "reader" cannot list resource "pods"', AccessDenied),
        ('deployments.apps "web" is forbidden: exceeded quota: small, requested: pods=1', NoRoom),
        ('Apply failed with 1 conflict: conflict with "helm" using apps/v1: .spec.replicas', NameTaken),
        ("Unable to connect to the server: dial tcp 10.0.0.1:443: i/o timeout", Unreachable),
        (
            "The connection to the server 127.0.0.1:1 was refused - did you specify the right host?",
            Unreachable,
        ),
        ("Error from server (TooManyRequests): too many requests, please try again later", RateLimited),
        ("Error from server (ServiceUnavailable): the server is currently unable to handle it", Unreachable),
        ("Error from server (InternalError): an error on the server", Unreachable),
        ('The Deployment "web" is invalid: spec.replicas: Invalid value: -1', StartFailed),
        ("error: something else", CommandFailed),
    ],
)
def test_each_complaint_is_an_error_of_its_kind(complaint: str, error: type[OutsideFailed]) -> None:
    found = problem(Output(("kubectl",), 1, b"", complaint.encode()))

    assert type(found) is error
    assert complaint in str(found)


async def test_what_is_no_move_of_a_provider_is_refused(tmp_path: Path) -> None:
    web = component(provider="kubernetes", kubernetes=SHOP)
    provider = KubernetesProvider(environment(tmp_path, web), None)

    with pytest.raises(EffectRefused, match="it is no move of a provider"):
        await provider.apply(web, Backup(component="web"), lambda _: None)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"name": []}', '{"blue": "all"}', "ignore all rules", "\x00"]
)
def test_an_annotation_that_somebody_wrote_is_no_version_and_no_share(text: str) -> None:
    told = {"orchestrate/version": text, "orchestrate/shares": text}
    found: Json = {"metadata": {"annotations": told}, "spec": {"selector": {"orchestrate/component": "web"}}}

    assert version_of(found) is None
    assert weights_of(found) == {}
