"""Releases of a static site: uploaded once, whole or not at all, and never overwritten."""

from __future__ import annotations

import pytest

from orchestrate.errors import (
    AccessDenied,
    BuildFailed,
    CredentialsExpired,
    DigestDiffers,
    ImageMissing,
    ObjectMissing,
    OutsideFailed,
    Unreachable,
)
from tests.servers.sample_service import checkout, silent
from tests.tools.providers.cloudfront.conftest import ONE, TWO, Opening, Shop

pytestmark = pytest.mark.slow


async def test_a_release_is_uploaded_with_what_browsers_are_told_and_its_manifest_last(shop: Shop) -> None:
    built = await shop.build(ONE)

    told = shop.site.client("s3").head_object(Bucket=shop.own.bucket, Key=shop.key(ONE, "index.html"))
    assert (told["ContentType"], told["CacheControl"]) == ("text/html", "public, max-age=300")
    assert built.location == f"s3://{shop.own.bucket}/releases/web/{ONE.tree}"
    assert shop.manifest(ONE)["digest"] == built.digest
    assert shop.asked("PUT")[-1].endswith(f"{ONE.tree}.json")


async def test_an_upload_that_was_interrupted_is_completed(shop: Shop) -> None:
    health = f"PUT /{shop.own.bucket}/{shop.key(ONE, 'index.html')}"
    shop.trouble(health, "InternalError", status=500)
    with pytest.raises(Unreachable, match="PutObject"):
        await shop.build(ONE)
    assert await shop.provider.artifact(shop.web, ONE) is None

    shop.provider = shop.another()
    built = await shop.build(ONE)

    assert await shop.provider.artifact(shop.web, ONE) == built
    puts = shop.asked("PUT")
    assert [sum(one.endswith(end) for one in puts) for end in ("health", "index.html", ".json")] == [1, 2, 1]


async def test_an_upload_whose_answer_was_lost_is_not_taken_for_another_one(shop: Shop) -> None:
    shop.trouble(
        f"PUT /{shop.own.bucket}/releases/web/{ONE.tree}.json", "InternalError", status=500, is_made=True
    )
    with pytest.raises(Unreachable):
        await shop.build(ONE)

    built = await shop.build(ONE)

    assert built.digest == shop.manifest(ONE)["digest"]
    assert len([one for one in shop.asked("PUT") if one.endswith(".json")]) == 1


async def test_what_is_there_already_and_is_not_what_was_built_is_refused(shop: Shop) -> None:
    shop.put(shop.key(ONE, "index.html"), "somebody else's")

    with pytest.raises(DigestDiffers, match=r"index\.html is there already, and is not what was built"):
        await shop.build(ONE)

    assert await shop.provider.artifact(shop.web, ONE) is None


async def test_what_is_no_part_of_a_release_is_refused_in_its_place(shop: Shop) -> None:
    shop.put(shop.key(ONE, "miner.js"), "somebody else's")

    with pytest.raises(DigestDiffers, match="miner.js, which is no part of what was built"):
        await shop.build(ONE)


@pytest.mark.parametrize("path", ["index.html", "added.js"])
async def test_a_release_that_was_changed_is_none_any_more(shop: Shop, path: str) -> None:
    await shop.build(ONE)
    shop.put(shop.key(ONE, path), "somebody else's")

    assert await shop.provider.artifact(shop.web, ONE) is None
    with pytest.raises(DigestDiffers):
        await shop.build(ONE)


async def test_an_object_that_was_removed_is_brought_back(shop: Shop) -> None:
    built = await shop.build(ONE)
    shop.remove(shop.key(ONE, "index.html"))
    assert await shop.provider.artifact(shop.web, ONE) is None

    assert await shop.build(ONE) == built


async def test_another_build_does_not_fill_the_gaps_of_a_release(shop: Shop) -> None:
    await shop.build(ONE)
    shop.remove(shop.key(ONE, "index.html"))
    words = ("sh", "-c", "mkdir site; echo other > site/index.html; echo {} > site/health")
    web = shop.web.model_copy(update={"build": (words,)})
    shop.folder = shop.folder / "another"

    with pytest.raises(
        DigestDiffers, match="index.html is not there any more; what was built now is sha256:"
    ):
        await shop.another().build(web, ONE, checkout(), silent)


async def test_a_manifest_that_is_none_is_told(shop: Shop) -> None:
    await shop.build(ONE)
    shop.put(f"releases/web/{ONE.tree}.json", "{}")

    with pytest.raises(OutsideFailed, match="is not the manifest of a release"):
        await shop.provider.artifact(shop.web, ONE)


async def test_environments_with_one_bucket_show_the_same_release_by_its_digest(shop: Shop) -> None:
    built = await shop.build(ONE)
    shop.folder = shop.folder / "production"
    renamed = ONE.model_copy(update={"commit": "e" * 40})

    found = await shop.another().adopt(shop.web, renamed, built.digest, checkout(), silent)

    assert (found.digest, found.location, found.version) == (built.digest, built.location, renamed)
    with pytest.raises(ImageMissing, match="is not sha256:0"):
        await shop.another().adopt(shop.web, renamed, "sha256:0", checkout(), silent)


async def test_a_list_of_many_objects_is_read_to_its_end(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "4")
    many = "mkdir site; echo {} > site/health; for n in $(seq 9) 'ä +%'; do echo $n > site/\"$n\".txt; done"
    web = shop.web.model_copy(update={"build": (("sh", "-c", many),)})

    built = await shop.provider.build(web, TWO, checkout(), silent)

    assert await shop.provider.artifact(web, TWO) == built
    assert len(shop.manifest(TWO)["files"]) == 11


async def test_a_build_without_its_folder_is_told(opened: Opening) -> None:
    shop = opened(output="dist")

    with pytest.raises(BuildFailed, match="no folder './dist'"):
        await shop.build(ONE)


async def test_a_bucket_that_is_not_there_is_told(shop: Shop) -> None:
    web = shop.web.model_copy(update={"cloudfront": shop.own.model_copy(update={"bucket": "nowhere"})})

    with pytest.raises(ObjectMissing, match="NoSuchBucket"):
        await shop.provider.artifact(web, ONE)


@pytest.mark.parametrize(
    ("code", "status", "error"),
    [("ExpiredToken", 400, CredentialsExpired), ("AccessDenied", 403, AccessDenied)],
)
async def test_an_upload_that_is_not_allowed_is_named(
    shop: Shop, code: str, status: int, error: type[OutsideFailed]
) -> None:
    shop.trouble(f"PUT /{shop.own.bucket}/{shop.key(ONE, 'health')}", code, status=status)

    with pytest.raises(error, match="s3:PutObject"):
        await shop.build(ONE)
