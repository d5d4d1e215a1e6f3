"""The folder of contents that the hub can make again."""

from __future__ import annotations

import pathlib

from hub.deployment.cache_folder import CACHE, CacheFolder
from hub.deployment.deployment import open_deployment


def test_a_content_is_kept_whole_and_for_its_owner_alone(tmp_path: pathlib.Path) -> None:
    cache = CacheFolder(tmp_path)
    assert cache.read("a") is None
    cache.write("a", b"one")
    cache.write("a", b"two")
    assert cache.read("a") == b"two"
    folder = tmp_path / CACHE
    assert [path.name for path in folder.iterdir()] == ["a"]
    assert (folder.stat().st_mode & 0o777, (folder / "a").stat().st_mode & 0o777) == (0o700, 0o600)


def test_a_content_that_others_could_have_written_is_not_read(tmp_path: pathlib.Path) -> None:
    cache = CacheFolder(tmp_path)
    cache.write("a", b"one")
    for place in (tmp_path / CACHE / "a", tmp_path / CACHE):
        mode = place.stat().st_mode
        place.chmod(mode | 0o020)
        assert cache.read("a") is None
        place.chmod(mode)
        assert cache.read("a") == b"one"


def test_nothing_is_kept_where_the_folder_cannot_be_made(tmp_path: pathlib.Path) -> None:
    (tmp_path / ".orderhub").write_bytes(b"a file")
    cache = CacheFolder(tmp_path)
    cache.write("a", b"one")
    assert cache.read("a") is None


def test_a_deployment_keeps_its_external_objects_and_a_folder_without_settings_nothing(tmp_path: pathlib.Path) -> None:
    assert "ORDERS" in open_deployment(tmp_path).external_objects["Mainframe Order"].definition.root.tag
    assert not (tmp_path / ".orderhub").exists()
    (tmp_path / "orderhub.toml").write_text("")
    first = open_deployment(tmp_path).external_objects["Mainframe Order"]
    assert len(list((tmp_path / CACHE).iterdir())) == 1
    kept = open_deployment(tmp_path).external_objects["Mainframe Order"]
    assert ("model" in vars(first.schema), "model" in vars(kept.schema)) == (True, False)
