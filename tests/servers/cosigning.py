"""Signs images in a registry as cosign does, by its published specification, or wrongly in one point."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
PAYLOAD = "application/vnd.dev.cosign.simplesigning.v1+json"


def sha256(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def key_pair() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def public(key: ec.EllipticCurvePrivateKey) -> bytes:
    """As `cosign generate-key-pair` writes it into cosign.pub."""
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, form)


def written(file: Path, *keys: ec.EllipticCurvePrivateKey) -> Path:
    file.write_bytes(b"".join(public(one) for one in keys))
    return file


@dataclass(frozen=True)
class Shelf:
    """One repository in a registry."""

    registry: str
    name: str = "shop/web"
    client: httpx.Client = field(default_factory=lambda: httpx.Client(trust_env=False, timeout=30))

    def blob(self, data: bytes) -> dict[str, object]:
        """Upload it; its descriptor, without a media type."""
        base = f"http://{self.registry}/v2/{self.name}/blobs/uploads/"
        begun = self.client.post(base).raise_for_status().headers["location"]
        query = {"digest": sha256(data)}
        url = httpx.URL(begun).copy_merge_params(query)
        self.client.put(url, content=data).raise_for_status()
        return {"digest": sha256(data), "size": len(data)}

    def manifest(self, tag: str, layers: list[dict[str, object]]) -> str:
        """Store a manifest under a tag; its digest."""
        config = {"mediaType": CONFIG, **self.blob(b"{}")}
        words = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers}
        return self.put(tag, json.dumps(words).encode(), MANIFEST)

    def put(self, tag: str, body: bytes, kind: str) -> str:
        url = f"http://{self.registry}/v2/{self.name}/manifests/{tag}"
        self.client.put(url, content=body, headers={"content-type": kind}).raise_for_status()
        return sha256(body)

    def image(self, text: str = "files") -> str:
        """An image; host/name@digest."""
        layer = {"mediaType": "application/vnd.oci.image.layer.v1.tar", **self.blob(text.encode())}
        return f"{self.registry}/{self.name}@{self.manifest('v1', [layer])}"

    def sign(self, image: str, *signatures: dict[str, object]) -> None:
        """Store signatures where cosign would."""
        digest = image.rpartition("@")[2]
        self.manifest(f"{digest.replace(':', '-')}.sig", list(signatures))

    def signature(
        self,
        image: str,
        key: ec.EllipticCurvePrivateKey,
        *,
        reference: str = "",
        digest: str = "",
        kind: str = "cosign container image signature",
        signed: bytes | None = None,
    ) -> dict[str, object]:
        """A layer with the payload and its signature; `signed`: that was signed instead of the payload."""
        name, _, right = image.rpartition("@")
        critical = {
            "identity": {"docker-reference": reference or name},
            "image": {"docker-manifest-digest": digest or right},
            "type": kind,
        }
        payload = json.dumps({"critical": critical, "optional": None}, separators=(",", ":")).encode()
        made = key.sign(payload if signed is None else signed, ec.ECDSA(hashes.SHA256()))
        annotations = {"dev.cosignproject.cosign/signature": base64.b64encode(made).decode()}
        return {"mediaType": PAYLOAD, **self.blob(payload), "annotations": annotations}
