"""A cluster for one test run: etcd, API server, controllers and scheduler, on loopback."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.servers.kubernetes import cached, why_not
from tests.servers.ports import free_ports

PATIENCE = 90.0
TOKENS = {"admin": "system:masters", "deployer": "deployers", "reader": "readers"}
"""Users by their name, and the group that each is in; a user's token is made of the name."""

CONTROLLERS = (
    "deployment-controller", "replicaset-controller", "endpointslice-controller", "namespace-controller",
    "garbage-collector-controller", "horizontal-pod-autoscaler-controller", "resourcequota-controller",
)  # fmt: skip


@dataclass(frozen=True)
class Cluster:
    """An API server at `url`, whose certificate is in `folder`."""

    folder: Path
    url: str

    @property
    def certificate(self) -> Path:
        """By which the API server is known."""
        return self.folder / "certificates" / "apiserver.crt"

    def kubeconfig(self, user: str = "admin", namespace: str = "default") -> Path:
        """The file with which kubectl speaks as this user."""
        file = self.folder / f"{user}-{namespace}.kubeconfig"
        told = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "test",
            "clusters": [
                {
                    "name": "test",
                    "cluster": {"server": self.url, "certificate-authority": str(self.certificate)},
                }
            ],
            "users": [{"name": user, "user": {"token": token_of(user)}}],
            "contexts": [
                {"name": "test", "context": {"cluster": "test", "user": user, "namespace": namespace}}
            ],
        }
        file.write_text(json.dumps(told))
        file.chmod(0o600)
        return file

    def client(self, user: str = "admin") -> httpx.Client:
        """Speaks to the API server as this user."""
        return httpx.Client(
            base_url=self.url,
            headers={"authorization": f"Bearer {token_of(user)}"},
            verify=False,  # noqa: S501 - our own server on loopback
            timeout=PATIENCE,
            trust_env=False,
        )


def token_of(user: str) -> str:
    """What a user shows."""
    return f"token-of-{user}"


@contextmanager
def running() -> Generator[Cluster]:
    """A control plane that answers; its end is the end of all its processes."""
    if why := why_not():
        pytest.skip(why)
    with TemporaryDirectory(prefix="cluster-") as name, ExitStack() as stack:
        folder = Path(name)
        etcd, peer, secure = free_ports(3)
        cluster = Cluster(folder, f"https://127.0.0.1:{secure}")
        _write_keys(folder)
        stack.enter_context(started(folder, "etcd", _control("etcd", *_etcd(folder, etcd, peer))))
        server = stack.enter_context(
            started(folder, "kube-apiserver", _control("kube-apiserver", *_apiserver(folder, etcd, secure)))
        )
        _until_ready(cluster, server)
        config = f"--kubeconfig={cluster.kubeconfig()}"
        stack.enter_context(
            started(
                folder,
                "kube-controller-manager",
                _control("kube-controller-manager", config, *_controllers(folder)),
            )
        )
        stack.enter_context(started(folder, "kube-scheduler", _control("kube-scheduler", config, *QUIET)))
        yield cluster


def _control(name: str, *options: str) -> Sequence[str]:
    return (str(cached()), name, *options)


QUIET = ("--leader-elect=false", "--secure-port=0")


def _etcd(folder: Path, port: int, peer: int) -> Sequence[str]:
    return (
        f"--data-dir={folder / 'etcd'}", "--unsafe-no-fsync", "--log-level=error",
        f"--listen-client-urls=http://127.0.0.1:{port}", f"--advertise-client-urls=http://127.0.0.1:{port}",
        f"--listen-peer-urls=http://127.0.0.1:{peer}", f"--initial-advertise-peer-urls=http://127.0.0.1:{peer}",
        f"--initial-cluster=default=http://127.0.0.1:{peer}",
    )  # fmt: skip


def _apiserver(folder: Path, etcd: int, port: int) -> Sequence[str]:
    key = folder / "accounts.key"
    return (
        f"--etcd-servers=http://127.0.0.1:{etcd}", f"--secure-port={port}", "--bind-address=127.0.0.1",
        f"--cert-dir={folder / 'certificates'}", f"--token-auth-file={folder / 'tokens.csv'}",
        "--authorization-mode=RBAC", "--endpoint-reconciler-type=none",
        "--service-account-issuer=https://cluster.test",
        f"--service-account-key-file={key}", f"--service-account-signing-key-file={key}",
        "--service-cluster-ip-range=10.96.0.0/16",
        "--disable-admission-plugins=ServiceAccount,TaintNodesByCondition",
    )  # fmt: skip


def _controllers(folder: Path) -> Sequence[str]:
    return (
        *QUIET,
        f"--controllers={','.join(CONTROLLERS)}",
        f"--cert-dir={folder / 'certificates'}",
        "--concurrent-deployment-syncs=2",
        "--horizontal-pod-autoscaler-sync-period=1s",
    )


def _write_keys(folder: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    (folder / "accounts.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
    )
    lines = [f'{token_of(name)},{name},{name},"{group}"' for name, group in TOKENS.items()]
    (folder / "tokens.csv").write_text("\n".join(lines) + "\n")


@contextmanager
def started(folder: Path, name: str, words: Sequence[str]) -> Generator[subprocess.Popen[bytes]]:
    """One of the programs, by its pid; what it says is in the folder."""
    environment: Mapping[str, str] = {"PATH": os.defpath, "HOME": str(folder)}
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            list(words), stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment,
            start_new_session=True,
        )  # fmt: skip
    try:
        yield process
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(10)
        process.kill()
        process.wait()


def _until_ready(cluster: Cluster, server: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + PATIENCE
    with cluster.client() as client:
        while time.monotonic() < end and server.poll() is None:
            with suppress(httpx.TransportError):
                if client.get("/readyz").text == "ok":
                    return
            time.sleep(0.1)
    said = (cluster.folder / "kube-apiserver.log").read_text()[-2000:]
    pytest.fail(f"the API server did not get ready: {said}")
