"""The files of a site: what is published of a build, and as what."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrate.errors import BuildFailed
from tools.providers.cloudfront.files import digest_of, files_in, kind_of


def test_files_are_known_by_their_names_and_contents(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b.css").write_text("x")

    found = files_in(tmp_path)

    assert list(found) == ["a/b.css"]
    assert digest_of(found) != digest_of({"a/c.css": found["a/b.css"]})


@pytest.mark.parametrize("is_folder", [True, False])
def test_what_a_link_leads_to_is_not_published(tmp_path: Path, is_folder: bool) -> None:
    (tmp_path / "index.html").write_text("x")
    (tmp_path / "leak").symlink_to("/etc" if is_folder else "/etc/passwd")

    with pytest.raises(BuildFailed, match="'leak' is no plain file"):
        files_in(tmp_path)


@pytest.mark.parametrize("name", ["a\nb", "a\udcff"])
def test_a_name_that_is_no_text_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("x")

    with pytest.raises(BuildFailed, match="cannot be the name of an object"):
        files_in(tmp_path)


def test_a_build_without_files_is_none(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()

    with pytest.raises(BuildFailed, match="no file"):
        files_in(tmp_path)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("index.html", "text/html"),
        ("a/app.mjs", "application/javascript"),
        ("logo.svg", "image/svg+xml"),
        ("text.WOFF2", "font/woff2"),
        ("health", "application/octet-stream"),
        ("dump.sql.gz", "application/gzip"),
        ("dump.tar.xz", "application/octet-stream"),
        ("app.webmanifest", "application/manifest+json"),
    ],
)
def test_the_content_type_is_what_the_name_says(path: str, kind: str) -> None:
    assert kind_of(path) == kind
