"""Allowed signers in orchestrate.yaml: found beside it, and every mistake is told with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrate.errors import SettingsInvalid
from orchestrate.models.fact import digest
from orchestrate.settings import Settings, load

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGjlRPT2JCL2CByqtHBcxVhJQ9dSVYCMPuajRdKgEZfE"
SETTINGS = """\
service: shop
environments:
  production:
    type: production
    artifact: RULES
    components: [{name: web, run: [x]}]
"""


def loaded(folder: Path, rules: str, signers: str | bytes | None = f"ada@example.test {KEY}\n") -> Settings:
    if signers is not None:
        (folder / "signers.allowed").write_bytes(signers.encode() if isinstance(signers, str) else signers)
    (folder / "orchestrate.yaml").write_text(SETTINGS.replace("RULES", rules))
    return load(folder / "orchestrate.yaml")


def refused(folder: Path, rules: str, signers: str | bytes | None) -> SettingsInvalid:
    with pytest.raises(SettingsInvalid) as caught:
        loaded(folder, rules, signers)
    return caught.value


def test_nobody_has_to_sign_unless_it_is_said(tmp_path: Path) -> None:
    assert loaded(tmp_path, "{}", None).environment("production").artifact.signed_by is None


@pytest.mark.parametrize("path", ["signers.allowed", "./signers.allowed"])
def test_the_list_lies_beside_the_settings(tmp_path: Path, path: str) -> None:
    found = loaded(tmp_path, f"{{signed_by: {path}}}").environment("production").artifact.signed_by

    assert found == tmp_path / "signers.allowed"


def test_demanding_a_signature_is_another_setting(tmp_path: Path) -> None:
    free, bound = loaded(tmp_path, "{}"), loaded(tmp_path, "{signed_by: signers.allowed}")

    assert digest(free.environment("production")) != digest(bound.environment("production"))


@pytest.mark.parametrize(
    "line",
    [
        f"ada@example.test,*@shop.test {KEY} a comment",
        f'"ada lovelace" {KEY}',
        f'ada namespaces="git,file" {KEY}',
        f'ada cert-authority,valid-before="20300101" {KEY}',
        f'ada namespaces="git",valid-after="20200101" {KEY}',
        f"# nobody\n\n   # nor here\nada {KEY}",
    ],
)
def test_what_ssh_keygen_reads_is_read(tmp_path: Path, line: str) -> None:
    assert loaded(tmp_path, "{signed_by: signers.allowed}", line)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("garbage", "'garbage' has no key"),
        ("ada ssh-ed25519", "'ada' has no key"),
        (KEY, "expected options or a type of key after 'ssh-ed25519'"),
        (f"ada trusted {KEY}", "expected options or a type of key after 'ada', found 'trusted'"),
        ("ada ssh-ed25519 AAAA", "the key of 'ada' is no ssh-ed25519 key"),
        ("ada ssh-ed25519 %%%", "the key of 'ada' is no ssh-ed25519 key"),
        (KEY.replace("ssh-ed25519", "ada ssh-rsa"), "the key of 'ada' is no ssh-rsa key"),
        (f'"ada {KEY}', "a quotation mark is not closed"),
    ],
)
def test_a_line_that_names_nobody_is_told_with_its_place(tmp_path: Path, line: str, said: str) -> None:
    fault = refused(tmp_path, "{signed_by: signers.allowed}", f"# us\nada {KEY}\n{line}\n")

    assert (fault.file, fault.line) == (str(tmp_path / "signers.allowed"), 3)
    assert said in fault.problem and fault.cure.startswith("one signer a line")


@pytest.mark.parametrize(
    ("rules", "signers", "said"),
    [
        ("signed_by: signers.allowed", None, "cannot be read: "),
        ("signed_by: .", None, "Is a directory"),
        ("signed_by: signers.allowed", "# nobody\n\n", "names nobody"),
        ("signed_by: signers.allowed", b"#" * 1_100_000, "larger than 1 MiB"),
        ("signed_by: [a]", None, "signed_by: expected a path, found a list"),
        ("signedby: signers.allowed", None, "unknown key 'signedby'; did you mean 'signed_by'?"),
        ("yes", None, "artifact: expected keys and values, found 'yes'"),
    ],
)
def test_a_list_that_cannot_be_used_is_told_where_it_is_named(
    tmp_path: Path, rules: str, signers: str | bytes | None, said: str
) -> None:
    rules = rules if rules == "yes" else f"{{{rules}}}"
    fault = refused(tmp_path, rules, signers)

    assert (fault.file, fault.line) == (str(tmp_path / "orchestrate.yaml"), 5)
    assert said in fault.problem
