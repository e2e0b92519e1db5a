"""A real Docker engine and a real registry for one test run, on sockets and folders of their own.

No image can be pulled where tests run: the base image is this machine's Python with the libraries it needs.
"""

from __future__ import annotations

import fcntl
import io
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TypedDict

import httpx
import psutil
import pytest

from tests.servers.ports import free_port
from tools.systems.haproxy_config import SYSTEM_PLACES

BASE = "orchestrate-test/python:3"
PROGRAMS = ("dockerd", "containerd", "runc", "docker-registry")
PATIENCE = 60.0
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
NEEDLESS = {
    "test", "tests", "idlelib", "lib2to3", "tkinter", "ensurepip", "pydoc_data", "turtledemo",
    "__pycache__", "site-packages", "dist-packages", "distutils",
}  # fmt: skip
STRANGE = ("config-", "lib-dynload/_tkinter", "lib-dynload/_curses", "lib-dynload/readline", ".a")
REGISTRY = """
version: 0.1
log: {{level: error}}
storage: {{filesystem: {{rootdirectory: {folder}}}, delete: {{enabled: true}}}}
http: {{addr: "127.0.0.1:{port}"}}
"""


class Listed(TypedDict):
    """A container in a list, as far as tests look."""

    Id: str
    ImageID: str
    Labels: dict[str, str]


@dataclass(frozen=True)
class DockerEngine:
    """An engine that answers on `socket`, and a registry at `registry` (host:port)."""

    socket: str
    registry: str
    pid: int

    def ask(
        self,
        method: str,
        path: str,
        params: Mapping[str, str | list[str]] | None = None,
        content: IO[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """One question in the engine's own words."""
        transport = httpx.HTTPTransport(uds=self.socket)
        with httpx.Client(transport=transport, timeout=PATIENCE, trust_env=False) as client:
            url = f"http://engine{path}"
            return client.request(method, url, params=params, content=content, headers=headers)

    def listed(self) -> list[Listed]:
        """All containers, the newest first."""
        return self.ask("GET", "/containers/json", params={"all": "true"}).json()

    def containers(self) -> list[str]:
        """The ids of all there are."""
        return [one["Id"] for one in self.listed()]

    def make(self, name: str, image: str = BASE, labels: Mapping[str, str] | None = None) -> str:
        """A container that somebody else made, and did not start; its id."""
        body = json.dumps({"Image": image, "Cmd": ["sleep"], "Labels": labels or {}}).encode()
        headers = {"Content-Type": "application/json"}
        query = {"name": name}
        return self.ask("POST", "/containers/create", query, io.BytesIO(body), headers).json()["Id"]

    def push(self, image: str, tag: str) -> str:
        """Bring an image that the engine has to the registry, under another name; its name with the tag."""
        name, _, label = tag.partition(":")
        self.ask("POST", f"/images/{image}/tag", params={"repo": f"{self.registry}/{name}", "tag": label})
        headers = {"X-Registry-Auth": "e30="}
        self.ask("POST", f"/images/{self.registry}/{name}/push", params={"tag": label}, headers=headers)
        return f"{self.registry}/{tag}"

    def forget(self, name: str, digest: str) -> None:
        """Have the registry lose an image: `name` with its host. An engine may still know its manifest."""
        host, _, path = name.partition("/")
        with httpx.Client(base_url=f"http://{host}/v2/{path}", trust_env=False) as client:
            found = client.get(f"/manifests/{digest}", headers={"Accept": MANIFEST}).json()
            blobs = [f"/blobs/{one['digest']}" for one in (found["config"], *found["layers"])]
            for one in (*dict.fromkeys(blobs), f"/manifests/{digest}"):
                client.delete(one).raise_for_status()

    def clear(self) -> None:
        """Remove every container, and the networks that compose made: each is a bridge of this machine."""
        for key in self.containers():
            self.ask("DELETE", f"/containers/{key}", params={"force": "true", "v": "true"})
        self.ask("POST", "/networks/prune")


def require() -> None:
    """Skip where there is no engine to start; in CI there must be one."""
    missing = [name for name in PROGRAMS if not program(name)]
    why = f"{', '.join(missing)} not installed" if missing else ""
    if not why and (sys.platform != "linux" or os.geteuid() != 0):
        why = "an engine is only started by root on Linux"
    if why:
        pytest.fail(why) if os.environ.get("CI") else pytest.skip(why)


@contextmanager
def running() -> Generator[DockerEngine]:
    """An engine with the base image, until the end; nothing of it is left."""
    require()
    folder = Path(tempfile.mkdtemp(prefix="engine-"))  # a socket's path may not be long
    try:
        with (
            registry_in(folder) as registry,
            _bridge() as bridge,
            _engine(folder, registry, bridge) as engine,
        ):
            _import_base(engine)
            try:
                yield engine
            finally:
                engine.clear()
    finally:
        _tidy(folder)


@contextmanager
def _engine(folder: Path, registry: str, bridge: str) -> Generator[DockerEngine]:
    path = folder / "docker.sock"
    argv = [
        *(program("dockerd"), "--host", f"unix://{path}", "--pidfile", str(folder / "pid")),
        *("--data-root", str(folder / "data"), "--exec-root", str(folder / "exec")),
        *("--bridge", bridge, "--iptables=false", "--ip-masq=false", "--ip-forward=false"),
        *("--log-level", "error"),
    ]
    with _started(argv, folder / "dockerd.log") as process:
        engine = DockerEngine(str(path), registry, process.pid)
        _until(
            lambda: _listens(path) and engine.ask("GET", "/_ping").is_success, process, folder / "dockerd.log"
        )
        yield engine


@contextmanager
def registry_in(folder: Path) -> Generator[str]:
    """A registry that keeps its images in the folder; its address."""
    address = f"127.0.0.1:{free_port()}"
    config = folder / "registry.yml"
    config.write_text(REGISTRY.format(folder=folder / "registry", port=address.rpartition(":")[2]))
    with _started([program("docker-registry"), "serve", str(config)], folder / "registry.log") as process:
        _until(lambda: _answers(f"http://{address}/v2/"), process, folder / "registry.log")
        yield address


def _listens(path: Path) -> bool:
    """Looked at first: httpx leaves a socket open that could not be connected."""
    with socket.socket(socket.AF_UNIX) as probe:
        return path.exists() and probe.connect_ex(str(path)) == 0


def _answers(url: str) -> bool:
    with httpx.Client(trust_env=False) as client:
        return client.get(url).status_code == 200


@contextmanager
def _started(argv: Sequence[str], log: Path) -> Generator[subprocess.Popen[bytes]]:
    """A server of ours, by its pid; its children end with it."""
    environment = {"PATH": f"{os.defpath}:/usr/sbin:/sbin", "HOME": str(log.parent)}
    with log.open("wb") as output:
        process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment,
            start_new_session=True,
        )  # fmt: skip
    children: list[psutil.Process] = []
    try:
        yield process
        children = psutil.Process(process.pid).children(recursive=True)
    finally:
        process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(30)
        process.kill()
        process.wait()
        for child in psutil.wait_procs(children, timeout=10)[1]:
            with suppress(psutil.NoSuchProcess):
                child.kill()


def _until(is_so: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        with suppress(httpx.TransportError):
            if is_so():
                return
        time.sleep(0.05)
    pytest.fail(f"{process.args!r} did not start: {log.read_text()[-2000:]}")


def _import_base(engine: DockerEngine) -> None:
    with tempfile.TemporaryFile() as file:
        _write_python(file)
        file.seek(0)
        query = {
            "fromSrc": "-", "repo": BASE.partition(":")[0], "tag": BASE.partition(":")[2],
            "changes": [f"ENV LD_LIBRARY_PATH={Path(sys.base_prefix) / 'lib'}", "ENV HOST=0.0.0.0"],
        }  # fmt: skip
        answer = engine.ask("POST", "/images/create", params=query, content=file)
    assert "error" not in answer.text and answer.status_code == 200, answer.text


def _write_python(file: IO[bytes]) -> None:
    """A root file system with `python3` and `sh` in it, and nothing that they do not need."""
    binary = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
    library = Path(sysconfig.get_path("stdlib"))
    modules = [one for one in library.rglob("*") if one.is_file() and not _is_needless(one, library)]
    shared = _libraries([binary, Path("/bin/sh"), *(one for one in modules if one.suffix == ".so")])
    with tarfile.open(fileobj=file, mode="w") as tar:
        for name in ("tmp", "proc", "dev", "sys", "etc"):
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if name == "tmp" else 0o755
            tar.addfile(entry)
        tar.add(binary, arcname=str(binary).lstrip("/"))
        tar.add(Path("/bin/sh").resolve(), arcname="bin/sh")
        link = tarfile.TarInfo("usr/bin/python3")
        link.type, link.linkname = tarfile.SYMTYPE, str(binary)
        tar.addfile(link)
        for path in [*modules, *shared]:
            tar.add(path.resolve(), arcname=str(path).lstrip("/"))


def _is_needless(path: Path, library: Path) -> bool:
    name = path.relative_to(library)
    return bool(NEEDLESS & set(name.parts)) or any(word in str(name) for word in STRANGE)


def _libraries(programs: Sequence[Path]) -> list[Path]:
    found: set[str] = set()
    for program in programs:
        said = subprocess.run(["ldd", str(program)], capture_output=True, text=True, check=False).stdout
        found |= {word for word in said.split() if word.startswith("/") and Path(word).exists()}
    return [Path(one) for one in sorted(found)]


def _tidy(folder: Path) -> None:
    """Unmount what is left, and remove the folder."""
    mounts = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    for mount in sorted((one for one in mounts if one.startswith(f"{folder}/")), reverse=True):
        subprocess.run(["umount", "-l", mount], check=False)
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _bridge() -> Generator[str]:
    """A network of this engine alone: what `ip link` does, which is not installed everywhere."""
    name = f"orch{os.getpid()}"
    add, set_flags, remove = 0x89A0, 0x8914, 0x89A1  # SIOCBRADDBR, SIOCSIFFLAGS, SIOCBRDELBR
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        fcntl.ioctl(handle, add, name.encode() + b"\0")
        try:
            yield name
        finally:
            fcntl.ioctl(handle, set_flags, struct.pack("16sH14s", name.encode(), 0, b""))
            fcntl.ioctl(handle, remove, name.encode() + b"\0")


def program(name: str) -> str:
    return shutil.which(name) or shutil.which(name, path=SYSTEM_PLACES) or ""


if __name__ == "__main__":
    with running() as engine_:
        print(json.dumps(engine_.ask("GET", "/version").json(), indent=1))  # noqa: T201
