"""Images for a registry: a folder as one layer, pushed in the registry's own words."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from pathlib import Path

import httpx

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


def push(registry: str, name: str, tag: str, folder: Path) -> str:
    """Push the folder as an image; its digest."""
    with httpx.Client(base_url=f"http://{registry}", trust_env=False, timeout=30) as client:
        layer = _blob(client, name, LAYER, _packed(folder))
        about = {
            "architecture": "amd64",
            "os": "linux",
            "rootfs": {"type": "layers", "diff_ids": list[str]()},
        }
        config = _blob(client, name, CONFIG, json.dumps(about).encode())
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer]}
        told = client.put(
            f"/v2/{name}/manifests/{tag}", content=json.dumps(manifest), headers={"content-type": MANIFEST}
        )
        return str(told.raise_for_status().headers["docker-content-digest"])


def _blob(client: httpx.Client, name: str, kind: str, data: bytes) -> dict[str, object]:
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    begun = client.post(f"/v2/{name}/blobs/uploads/").raise_for_status().headers["location"]
    url = httpx.URL(begun).copy_merge_params({"digest": digest})
    client.put(url, content=data).raise_for_status()
    return {"mediaType": kind, "digest": digest, "size": len(data)}


def _packed(folder: Path) -> bytes:
    """Without times, so that the same folder is the same image."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for path in sorted(folder.rglob("*")):
            entry = tar.gettarinfo(path, arcname=str(path.relative_to(folder)))
            entry.mtime = 0
            with path.open("rb") as file:
                tar.addfile(entry, file)
    return gzip.compress(packed.getvalue(), mtime=0)
