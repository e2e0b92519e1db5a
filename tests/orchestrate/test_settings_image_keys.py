"""Public keys for images in orchestrate.yaml: beside it; every mistake is told with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from orchestrate.errors import SettingsInvalid
from orchestrate.settings import Settings, load
from tests.servers.cosigning import key_pair, public

SETTINGS = """\
service: shop
environments:
  production:
    type: production
    artifact: {image_signed_by: cosign.pub}
    components: [{name: web, run: [x]}]
"""
KEY = key_pair()


def loaded(folder: Path, text: bytes | None) -> Settings:
    if text is not None:
        (folder / "cosign.pub").write_bytes(text)
    (folder / "orchestrate.yaml").write_text(SETTINGS)
    return load(folder / "orchestrate.yaml")


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo)


def private() -> bytes:
    return KEY.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())


def test_the_key_lies_beside_the_settings(tmp_path: Path) -> None:
    rules = loaded(tmp_path, public(KEY)).environment("production").artifact

    assert rules.image_signed_by == tmp_path / "cosign.pub" and rules.signed_by is None


WRONG = {
    "no file": (None, "cannot be read"),
    "nothing": (b"", "holds no public key"),
    "an OpenSSH key": (b"ssh-ed25519 AAAA\n", "holds no public key"),
    "a private key": (private(), "holds a PRIVATE KEY, and not a public key alone"),
    "another curve": (pem(ec.generate_private_key(ec.SECP384R1())), "not on the curve P-256"),
    "another kind": (pem(rsa.generate_private_key(65537, 2048)), "not on the curve P-256"),
    "half of one": (public(KEY).replace(b"M", b"*"), "cannot be read"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_such_key_is_told_with_its_line(tmp_path: Path, name: str) -> None:
    text, said = WRONG[name]

    with pytest.raises(SettingsInvalid) as caught:
        loaded(tmp_path, text)

    assert said in str(caught.value) and "orchestrate.yaml:5" in str(caught.value)
    assert "P-256" in caught.value.cure
