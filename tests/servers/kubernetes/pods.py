"""Pods of the stand-in for a kubelet: each a process of this machine, at an address of its own."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import httpx

Json = dict[str, object]
Images = Mapping[str, Path]
"""What an image holds, by the end of its name: the folder in which its containers run."""

PAUSES = (0.5, 1.0, 2.0, 4.0)
"""Seconds before an ended container is started again; a kubelet's own are twenty times as long."""


@dataclass
class Pod:
    """One pod, from its first sight to its end."""

    name: str
    namespace: str
    address: str
    spec: Json
    folder: Path  # for its log
    images: Images
    process: subprocess.Popen[bytes] | None = None
    restarts: int = 0
    last_exit: int | None = None
    starts_at: float = 0.0  # monotonic seconds; not before
    is_ready: bool = False
    waits_for: str = ""  # why there is no process
    leaves_at: float | None = None  # monotonic seconds at which it is asked to end
    killed_at: float | None = None

    @property
    def container(self) -> Json:
        """The first one; this node runs no other."""
        return cast("list[Json]", self.spec["containers"])[0]

    @property
    def log(self) -> Path:
        return self.folder / f"{self.namespace}_{self.name}.log"

    def step(self) -> None:
        """What a kubelet does again and again: start, look, start again."""
        if self.leaves_at is not None:
            return
        if self.process is not None and self.process.poll() is not None:
            self.last_exit, self.process, self.is_ready = self.process.returncode, None, False
            self.starts_at = time.monotonic() + PAUSES[min(self.restarts, len(PAUSES) - 1)]
            self.restarts += 1
            self.waits_for = "CrashLoopBackOff"
        if self.process is None and time.monotonic() >= self.starts_at:
            self._start()
        self.is_ready = self.process is not None and self._answers()

    def leave(self) -> bool:
        """Ask it to end after its preStop pause, and end it after its grace; whether it is gone."""
        now = time.monotonic()
        if self.leaves_at is None:
            self.leaves_at = now + self._pause()
        if self.process is None or self.process.poll() is not None:
            return True
        if now >= self.leaves_at and self.killed_at is None:
            self.process.send_signal(signal.SIGTERM)
            self.killed_at = now + float(cast("int", self.spec.get("terminationGracePeriodSeconds", 30)))
        if self.killed_at is not None and now >= self.killed_at:
            self.end()
        return False

    def end(self) -> None:
        """At once."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def status(self) -> Json:
        """As the API server is told it."""
        ready = "True" if self.is_ready else "False"
        began = {"startedAt": "2026-01-01T00:00:00Z"}
        state: Json = (
            {"running": began} if self.process else {"waiting": {"reason": self.waits_for or "Starting"}}
        )
        ended: Json = {"terminated": {"exitCode": self.last_exit, "reason": "Error"}}
        return {
            "phase": "Running" if self.process or self.restarts else "Pending",
            "podIP": self.address,
            "podIPs": [{"ip": self.address}],
            "hostIP": "127.0.0.1",
            "conditions": [
                {"type": "Initialized", "status": "True"},
                {"type": "PodScheduled", "status": "True"},
                {"type": "ContainersReady", "status": ready},
                {"type": "Ready", "status": ready},
            ],
            "containerStatuses": [
                {
                    "name": self.container["name"],
                    "image": self.container["image"],
                    "imageID": self.container["image"],
                    "ready": self.is_ready,
                    "started": self.process is not None,
                    "restartCount": self.restarts,
                    "state": state,
                    "lastState": ended if self.last_exit is not None else {},
                }
            ],
        }

    def _start(self) -> None:
        image = str(self.container["image"])
        where = next((folder for end, folder in self.images.items() if image.endswith(end)), None)
        if where is None:
            self.waits_for, self.starts_at = "ErrImagePull", time.monotonic() + 1
            return
        words = [
            *cast("list[str]", self.container.get("command", [])),
            *cast("list[str]", self.container.get("args", [])),
        ]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                words, cwd=where, env=self._environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        self.waits_for = ""

    def _environment(self) -> dict[str, str]:
        """Values as they stand, and the pod's own facts."""
        known = {
            "status.podIP": self.address,
            "metadata.name": self.name,
            "metadata.namespace": self.namespace,
        }
        found = {"PATH": os.defpath}
        for one in cast("list[Json]", self.container.get("env", [])):
            source = cast("Json", one.get("valueFrom", {})).get("fieldRef")
            value = known[str(cast("Json", source)["fieldPath"])] if source else str(one.get("value", ""))
            found[str(one["name"])] = value
        return found

    def _answers(self) -> bool:
        """What its readiness probe says; without one it is ready when it runs."""
        probe = cast("Json | None", self.container.get("readinessProbe"))
        if probe is None:
            return True
        if "tcpSocket" in probe:
            port = cast("int", cast("Json", probe["tcpSocket"])["port"])
            with suppress(OSError), socket.create_connection((self.address, port), timeout=1):
                return True
            return False
        asked = cast("Json", probe["httpGet"])
        url = f"http://{self.address}:{asked['port']}{asked.get('path', '/')}"
        # It is plain HTTP: reading the machine's certificates each time takes most of the node's time.
        with suppress(httpx.HTTPError), httpx.Client(trust_env=False, timeout=1, verify=False) as client:  # noqa: S501
            return 200 <= client.get(url).status_code < 400
        return False

    def _pause(self) -> float:
        hooks = cast("Json", cast("Json", self.container.get("lifecycle", {})).get("preStop", {}))
        return float(cast("int", cast("Json", hooks.get("sleep", {})).get("seconds", 0)))


def newest(log: Path, lines: int | None) -> bytes:
    """The end of a log."""
    if not log.exists():
        return b""
    said = log.read_bytes().splitlines(keepends=True)
    return b"".join(said if lines is None else said[len(said) - min(lines, len(said)) :])


SIOCSIFADDR, SIOCSIFNETMASK, SIOCSIFFLAGS = 0x8916, 0x891C, 0x8914


def give_address(number: int) -> str:
    """An address of this machine that is no loopback address, on the loopback device. Needs root.

    Two test runs beside each other have a block and names of their own.
    """
    address = f"10.{100 + os.getpid() % 144}.{number // 250}.{number % 250 + 1}"
    name = _alias(number)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        for request, value in ((SIOCSIFADDR, address), (SIOCSIFNETMASK, "255.255.255.255")):
            told = struct.pack("16sH2x4s8x", name, socket.AF_INET, socket.inet_aton(value))
            fcntl.ioctl(handle, request, told)
    return address


def _alias(number: int) -> bytes:
    return f"lo:{os.getpid():x}.{number}".encode()


def take_address(number: int) -> None:
    """Give it back."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle, suppress(OSError):
        fcntl.ioctl(handle, SIOCSIFFLAGS, struct.pack("16sH14s", _alias(number), 0, b""))
