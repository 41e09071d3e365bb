"""The catalogue: a tag names the newest image that is of use here, or it is said why there is none."""

from __future__ import annotations

import json

import pytest

from skydriver import __version__
from skydriver.clusters.images import ENGINE, MARKER, Catalogue, Image
from skydriver.errors import ImpossibleError, SettingError


@pytest.fixture
def image(tmp_path):
    """Makes an image's folder; without an engine it holds no marker."""

    def make(tag: str, engine: object = None):
        folder = tmp_path / f"skymap_scanner:{tag}"
        folder.mkdir()
        if engine is not None:
            (folder / MARKER).write_text(json.dumps({"engine": engine}))
        return folder

    return make


@pytest.mark.parametrize("tag", ["latest", "0.1.0", "v0.1.0", "v0.1", "0", "V0.1"])
def test_the_installed_package_is_always_there(tag):
    assert Catalogue().resolve(tag) == Image(__version__, ENGINE)


def test_external_is_always_there():
    assert Catalogue().resolve("external") == Image("external", "external")


@pytest.mark.parametrize("tag", ["v3.5", "main", "latest ", "0.1.0.0.0", "", "v", "vlatest", "LATEST"])
def test_what_is_not_there_is_refused_with_what_is(tag):
    with pytest.raises(SettingError, match=r"docker_tag: there is no image .* here, only 0\.1\.0, latest, external"):
        Catalogue().resolve(tag)


def test_a_short_tag_is_the_newest_by_number(tmp_path, image):
    for tag in ("3.9.1", "3.10.0", "3.10.0-gpu", "4.0.0"):
        image(tag, ENGINE)
    catalogue = Catalogue([tmp_path])
    assert catalogue.resolve("v3").tag == "3.10.0"
    assert catalogue.resolve("v3.9").tag == "3.9.1"
    assert catalogue.resolve("latest").tag == "4.0.0"
    assert catalogue.resolve("3.10.0-gpu").tag == "3.10.0-gpu"


def test_a_folder_counts_only_with_our_worker_in_it(tmp_path, image):
    image("3.1.4")
    image("3.1.5", "skydriver-9.9.9")
    (image("3.1.6", ENGINE) / MARKER).write_text("{")
    catalogue = Catalogue([tmp_path])
    for tag, why in (("3.1.4", "no worker"), ("3.1.5", r"skydriver-9\.9\.9, but"), ("3.1.6", "no worker")):
        with pytest.raises(ImpossibleError, match=rf"docker_tag: the image {tag} holds {why}"):
            catalogue.resolve(tag)
    assert [entry.tag for entry in catalogue.entries() if entry.problem is None] == [__version__]
    assert catalogue.resolve("latest").tag == __version__


@pytest.mark.parametrize("engine", [[], 7, "x\n" * 5, "a" * 10_000])
def test_a_marker_of_nonsense_is_told_in_one_line(tmp_path, image, engine):
    image("5.0.0", engine)
    with pytest.raises(ImpossibleError) as caught:
        Catalogue([tmp_path]).resolve("v5")
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 200


def test_an_unusable_newer_image_does_not_hide_a_usable_one(tmp_path, image):
    image("3.1.4", ENGINE)
    image("3.1.5")
    assert Catalogue([tmp_path]).resolve("v3.1").tag == "3.1.4"


def test_a_root_that_is_away_holds_nothing(tmp_path):
    assert len(Catalogue([tmp_path / "cvmfs"]).entries()) == 1
