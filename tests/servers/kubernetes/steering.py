"""The real controllers of Argo Rollouts and Flagger, built once into the cache beside the control plane.

Both are compiled with the libraries of that control plane, whose compiled packages are there already: alone,
each would compile another Kubernetes. The calls that those have dropped since are exchanged below, and the
ten seconds that Flagger waits at least between two looks, which would be minutes of each test.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import time
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.servers.kubernetes import SOURCE, VERSION, cache, why_not
from tests.servers.kubernetes.cluster import PATIENCE, Cluster, started
from tests.servers.ports import free_ports

MINUTES = 30
SERVED = (
    "argoproj.io/v1alpha1/rollouts",
    "argoproj.io/v1alpha1/analysisruns",
    "flagger.app/v1beta1/canaries",
)
LIBRARIES = ("apiextensions-apiserver", "cluster-bootstrap", "kubectl")
"""Of Kubernetes, that the controllers need and the control plane does not."""

NEWER = ("github.com/argoproj/notifications-engine@v0.5.0", "cloud.google.com/go@v0.116.0")
"""What Argo Rollouts needs in another version with these libraries."""


@dataclass(frozen=True)
class Program:
    """A controller: its module, what is built of it, its definitions, and words of it to exchange."""

    module: str
    version: str
    command: str
    definitions: tuple[str, ...]
    exchanged: Mapping[str, tuple[tuple[str, str], ...]]

    @property
    def name(self) -> str:
        return Path(self.command).name


_KUBEADM = (
    ('\t"k8s.io/kubernetes/cmd/kubeadm/app/util"', '\tutil "k8s.io/apimachinery/pkg/util/runtime"'),
    ("util.CheckErr(", "util.Must("),
)
_BETA = ("k8s.io/api/autoscaling/v2beta2", "k8s.io/api/autoscaling/v2")
ARGO = Program(
    "github.com/argoproj/argo-rollouts",
    "v1.8.3",
    "cmd/rollouts-controller",
    tuple(
        f"manifests/crds/{name}-crd.yaml"
        for name in (
            "rollout", "experiment", "analysis-run", "analysis-template", "cluster-analysis-template",
        )
    ),
    {
        "pkg/apis/rollouts/validation/validation.go": (
            ("SpecForReplicaSet(&template, nil, selector", "SpecForReplicaSet(&template, selector"),
        ),
        "ingress/ingress.go": _KUBEADM,
        "service/service.go": _KUBEADM,
    },
)  # fmt: skip
FLAGGER = Program(
    "github.com/fluxcd/flagger",
    "v1.41.0",
    "cmd/flagger",
    ("artifacts/flagger/crd.yaml",),
    {
        "pkg/canary/hpa_reconciler.go": (_BETA, ("AutoscalingV2beta2()", "AutoscalingV2()")),
        "pkg/canary/deployment_controller.go": (("AutoscalingV2beta2()", "AutoscalingV2()"),),
        "pkg/apis/keda/v1alpha1/scaledobject.go": (_BETA,),
        "pkg/apis/keda/v1alpha1/zz_generated.deepcopy.go": (_BETA,),
        "pkg/apis/flagger/v1beta1/canary.go": (("interval < 10*time.Second", "interval < time.Second"),),
    },
)
PROGRAMS = (ARGO, FLAGGER)


def built() -> Path:
    """The folder in which they lie once they are built; what is built of other words lies elsewhere."""
    words = repr((PROGRAMS, LIBRARIES, NEWER)).encode()
    texts = [(SOURCE / name).read_bytes() for name in ("go.mod", "go.sum")]
    digest = hashlib.sha256(b"".join([words, *texts])).hexdigest()
    return cache() / f"steering-{VERSION}-{digest[:12]}"


def build() -> Path:
    """Build them, unless that was done. Raises CalledProcessError where modules cannot be fetched."""
    if built().exists():
        return built()
    built().parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="steering-", dir=built().parent) as name:
        folder = Path(name)
        _prepare(folder)
        made = folder / "made"
        made.mkdir()
        _go(folder, "build", "-mod=mod", "-trimpath", "-ldflags", "-s -w", "-o", f"{made}/",
            *(f"{one.module}/{one.command}" for one in PROGRAMS))  # fmt: skip
        for one in PROGRAMS:
            for file in one.definitions:
                shutil.copy(folder / one.name / file, made / f"{one.name}-{Path(file).name}")
        made.rename(built())
    return built()


def _prepare(folder: Path) -> None:
    """The control plane's module, and beside it the two whose words are exchanged."""
    for name in ("go.mod", "go.sum"):
        shutil.copy(SOURCE / name, folder / name)
    numbers = VERSION.removeprefix("1")
    needed = [*(f"k8s.io/{one}@v0{numbers}" for one in LIBRARIES), *NEWER]
    edits = [f"-require={one}" for one in needed]
    for one in PROGRAMS:
        told = _go(folder, "mod", "download", "-json", f"{one.module}@{one.version}")
        shutil.copytree(json.loads(told)["Dir"], folder / one.name, copy_function=shutil.copyfile)
        _exchange(folder / one.name, one)
        edits += [f"-require={one.module}@{one.version}", f"-replace={one.module}=./{one.name}"]
    _go(folder, "mod", "edit", *edits)


def _exchange(folder: Path, program: Program) -> None:
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    for file, pairs in program.exchanged.items():
        text = (folder / file).read_text()
        for old, new in pairs:
            assert old in text, f"{program.module}: {file} has no {old}"
            text = text.replace(old, new)
        (folder / file).write_text(text)


def _go(folder: Path, *words: str) -> str:
    environment = {**os.environ, "CGO_ENABLED": "0"}
    return subprocess.run(
        ["go", *words], cwd=folder, env=environment, check=True, timeout=MINUTES * 60, stdout=subprocess.PIPE,
        text=True,
    ).stdout  # fmt: skip


@contextmanager
def steering(cluster: Cluster) -> Generator[None]:
    """Both controllers at work in the whole cluster, until the end."""
    if why := why_not() or ("" if built().exists() else "Argo Rollouts and Flagger are not built"):
        pytest.skip(why)
    _define(cluster)
    metrics, health, port = free_ports(3)
    config = str(cluster.kubeconfig())
    argo = (
        f"--kubeconfig={config}",
        "--leader-elect=false",
        f"--metricsport={metrics}",
        f"--healthzPort={health}",
    )
    flagger = (
        f"-kubeconfig={config}", "-mesh-provider=kubernetes", "-control-loop-interval=1s", f"-port={port}",
        "-metrics-server=http://127.0.0.1:9", "-log-level=info",
    )  # fmt: skip
    with ExitStack() as stack:
        for program, words in ((ARGO, argo), (FLAGGER, flagger)):
            stack.enter_context(started(cluster.folder, program.name, [str(built() / program.name), *words]))
        yield


def _define(cluster: Cluster) -> None:
    files = [f"--filename={one}" for one in sorted(built().glob("*.yaml"))]
    words = ["kubectl", "apply", "--server-side", *files, f"--kubeconfig={cluster.kubeconfig()}"]
    subprocess.run(words, check=True, timeout=120, stdout=subprocess.DEVNULL)
    end = time.monotonic() + PATIENCE
    with cluster.client() as client:
        for path in SERVED:
            while not client.get(f"/apis/{path}").is_success:
                assert time.monotonic() < end, f"{path} is not served"
                time.sleep(0.1)
