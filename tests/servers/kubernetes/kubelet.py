"""A stand-in for a kubelet: one node whose pods are processes of this machine.

It does what a deployment sees of a node: runs the first container's command, asks its readiness probe, tells
the pod's state, starts again what ended (with a pause that grows), ends what is deleted after its preStop
pause, first with SIGTERM, and answers for logs. Images are folders; one that is not there is not pulled.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import cast
from urllib.parse import parse_qs, urlparse

import httpx

from tests.servers.kubernetes.cluster import Cluster
from tests.servers.kubernetes.pods import Images, Json, Pod, give_address, newest, take_address

NODE = "node-1"
PAUSE = 0.1  # seconds between two looks


@dataclass
class Kubelet:
    """The node, and its pods by their uid."""

    cluster: Cluster
    images: Images
    client: httpx.Client
    pods: dict[str, Pod] = field(default_factory=dict[str, Pod])
    told: dict[str, Json] = field(default_factory=dict[str, Json])
    addresses: count[int] = field(default_factory=lambda: count(1))

    def register(self, port: int) -> None:
        """Make the node known, ready for fifty pods; whoever wants logs asks at this port."""
        node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": NODE}}
        self.client.post("/api/v1/nodes", json=node).raise_for_status()
        room = {"cpu": "8", "memory": "16Gi", "pods": "50"}
        status = {
            "capacity": room,
            "allocatable": room,
            "conditions": [
                {"type": "Ready", "status": "True", "reason": "Ready", "message": "it runs"},
                {"type": "DiskPressure", "status": "False", "reason": "KubeletHasNoDiskPressure"},
            ],
            "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
        }
        self._patch(f"/api/v1/nodes/{NODE}/status", {"status": status})

    def look(self) -> None:
        """One round over all pods of this node."""
        asked = self.client.get("/api/v1/pods", params={"fieldSelector": f"spec.nodeName={NODE}"})
        items = cast("list[Json]", asked.raise_for_status().json()["items"])
        here = {str(cast("Json", one["metadata"])["uid"]): one for one in items}
        for uid, one in here.items():
            self._see(uid, one)
        for uid in self.pods.keys() - here.keys():
            self.pods.pop(uid).end()

    def close(self) -> None:
        """End everything that runs here."""
        for pod in self.pods.values():
            pod.end()
        for number in range(1, next(self.addresses)):
            take_address(number)

    def _see(self, uid: str, found: Json) -> None:
        about = cast("Json", found["metadata"])
        if uid not in self.pods:
            self.pods[uid] = Pod(
                name=str(about["name"]),
                namespace=str(about["namespace"]),
                address=give_address(next(self.addresses)),
                spec=cast("Json", found["spec"]),
                folder=self.cluster.folder,
                images=self.images,
            )
        pod = self.pods[uid]
        path = f"/api/v1/namespaces/{pod.namespace}/pods/{pod.name}"
        if "deletionTimestamp" in about:
            if pod.leave():
                self.client.request("DELETE", path, json={"gracePeriodSeconds": 0})
            return
        pod.step()
        status = pod.status()
        if self.told.get(uid) != status and self._patch(f"{path}/status", {"status": status}):
            self.told[uid] = status

    def _patch(self, path: str, body: Json) -> bool:
        headers = {"content-type": "application/strategic-merge-patch+json"}
        return self.client.patch(path, json=body, headers=headers).is_success


@contextmanager
def node(cluster: Cluster, images: Images) -> Generator[Kubelet]:
    """A node that works, until the end."""
    over = threading.Event()
    with cluster.client() as client:
        kubelet = Kubelet(cluster, images, client)
        with _logs(kubelet) as port:
            kubelet.register(port)
            work = threading.Thread(target=_work, args=(kubelet, over), name="kubelet")
            work.start()
            try:
                yield kubelet
            finally:
                over.set()
                work.join()
                kubelet.close()


def _work(kubelet: Kubelet, over: threading.Event) -> None:
    while not over.wait(PAUSE):
        with suppress(httpx.HTTPError):
            kubelet.look()


@contextmanager
def _logs(kubelet: Kubelet) -> Generator[int]:
    """Where the API server asks for logs; what port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = urlparse(self.path)
            _, _, namespace, pod, *_ = asked.path.split("/")
            lines = parse_qs(asked.query).get("tailLines")
            said = newest(_log(kubelet.cluster.folder, namespace, pod), int(lines[0]) if lines else None)
            self.send_response(200)
            self.send_header("content-length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, format: str, *args: object) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    keys = kubelet.cluster.certificate
    context.load_cert_chain(keys, keys.with_suffix(".key"))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, name="kubelet's logs")
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _log(folder: Path, namespace: str, pod: str) -> Path:
    return folder / f"{namespace}_{pod}.log"
