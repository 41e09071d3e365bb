"""What FITS headers say: all of it, in ASCII, the same bytes for the same map, and nothing that may not be quoted."""

import dataclasses
import gzip
import importlib.util
import io
import json
import math
import re
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.time import Time
from hypothesis import example, given, settings
from hypothesis import strategies as st

import skydriver
from skydriver.errors import ResultError, SettingError
from skydriver.events.utctime import from_iso, to_mjd
from skydriver.skymap.columns import COLUMNS, FITS_COLUMNS
from skydriver.skymap.fits_flat import to_flat_fits
from skydriver.skymap.fits_header import KEYWORDS, LAYOUT, REGION_KEYWORDS, ascii_text, cards, date_obs
from skydriver.skymap.fits_moc import to_moc_fits
from skydriver.skymap.fits_multiorder import to_multiorder_fits
from skydriver.skymap.regions import Errors

REPOSITORY = Path(__file__).parents[3]
OF_REGIONS = re.compile(r"(RA|DE)(PLUS|MIN|LO|HI)\d+|S?AREA\d+|TRUNC\d+|CALIB|SIGMASYS|TESTONLY|REG\w+")
texts = st.text(max_size=200)


@pytest.fixture(scope="module")
def skymap(map_of, provenance):
    return map_of({1: {5: 3.0, 6: math.nan, 0: 9.5}, 2: {20: 2.5}}, provenance)


@pytest.fixture(scope="module")
def publication(skymap, publication_of):
    return publication_of(skymap, 20.0)


def plain_flat(publication):
    return gzip.decompress(to_flat_fits(publication, nside=1))


def headline_moc(publication):
    return to_moc_fits(publication.quote.outline(0.9), publication)


WRITERS = {"multi-order": to_multiorder_fits, "flat": plain_flat, "MOC": headline_moc}
of_all_files = pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)


def opened(data):
    hdus = fits.open(io.BytesIO(data))
    hdus.verify("exception")
    return hdus


def header_of(data):
    return opened(data)[1].header


def said(publication):
    return {card.name: card.value for card in cards(publication)}


@of_all_files
def test_every_file_says_everything(publication, write):
    header = header_of(write(publication))
    for card in cards(publication):
        assert header[card.name] == card.value
    unsaid = {keyword.name for keyword in KEYWORDS} - set(header)
    assert unsaid == {"WHYNOT", "REGION", "NOREPRO"}  # there is none of these


@of_all_files
def test_the_statement_is_there_whole(publication, write):
    assert " ".join(header_of(write(publication))["COMMENT"]) == publication.statement


@of_all_files
def test_the_provenance_is_there_whole(publication, write):
    table = opened(write(publication))["PROVENANCE"].data
    found = {}
    for name, value in zip(table["NAME"].tolist(), table["VALUE"].tolist(), strict=True):
        found[name] = found.get(name, "") + value
    wanted = json.loads(publication.skymap.provenance.to_json())
    assert {name: json.loads(value) for name, value in found.items()} == wanted


def test_a_long_provenance_is_there_too(skymap, provenance, publication_of):
    long = replace(provenance, tables={f"table {k}": "a b  c " * 20 + "ü'\"\\ " for k in range(100)})
    table = opened(to_multiorder_fits(publication_of(replace(skymap, provenance=long), None)))["PROVENANCE"].data
    parts = [value for name, value in zip(table["NAME"], table["VALUE"], strict=True) if name == "tables"]
    assert len(parts) > 10
    assert json.loads("".join(parts)) == dict(long.tables)


def test_it_says_who_made_it(publication):
    header = said(publication)
    assert header["SENDER"] == header["ORIGIN"] == "SkyDriver"
    assert header["CREATOR"] == f"skydriver {skydriver.__version__}"
    assert (header["ALGO"], header["ALGOVER"], header["USE"]) == ("pandel_mpe", "1.0", "caution")


def test_it_says_which_event(publication):
    header = said(publication)
    assert (header["RUNID"], header["EVENTID"], header["EVTTYPE"]) == (138632, 31747601, "gold")
    assert (header["EVENTMJD"], header["DATE-OBS"]) == (60279.76, "2023-12-01T18:14:24.000000")
    assert header["EVTHASH"] == publication.skymap.provenance.event_hash


@pytest.mark.parametrize("level", [50, 90])
def test_reach_and_rectangle_are_not_swapped(publication, level):
    lines = []
    for k, line in enumerate(publication.quote.outlines):
        lines.append(line._replace(errors=Errors(1.0 + k, 11.0 + k, 21.0 + k, 31.0 + k), area_deg2=41.0 + k))
    header = said(replace(publication, quote=replace(publication.quote, outlines=tuple(lines))))
    k = {50: 0, 90: 1}[level]
    reach = [header[f"{name}{level}"] for name in ("RAPLUS", "RAMIN", "DEPLUS", "DEMIN", "AREA", "SAREA")]
    assert reach == [1.0 + k, 11.0 + k, 21.0 + k, 31.0 + k, 41.0 + k, 43.0 + k]
    edges = [header[f"{name}{level}"] for name in ("RALO", "RAHI", "DELO", "DEHI")]
    assert edges == list(publication.quote.outline(level / 100).rectangle)
    assert len(set(edges)) == 4


def test_where_nothing_may_be_quoted_no_region_is_in_it(skymap, publication_of, publication):
    silent = publication_of(skymap, None, {"why_not": "the topology is unknown"})
    assert any(OF_REGIONS.fullmatch(name) for name in said(publication))
    for write in (to_multiorder_fits, plain_flat):
        header = header_of(write(silent))
        assert not [name for name in header if OF_REGIONS.fullmatch(name)]
        assert header["WHYNOT"] == "the topology is unknown"
        assert (header["SYSDENS"], header["SYSINCL"]) == (False, False)
    with pytest.raises(ResultError, match="the topology is unknown"):
        to_moc_fits(publication.quote.outline(0.9), silent)


def test_it_says_where_systematics_are_in(publication):
    assert (said(publication)["SYSDENS"], said(publication)["SYSINCL"]) == (True, True)
    by_levels = replace(publication, quote=replace(publication.quote, posterior=None, sigma_sys_deg=None))
    header = said(by_levels)
    assert (header["SYSDENS"], header["SYSINCL"]) == (False, True)
    assert "SIGMASYS" not in header


def test_a_region_says_which(publication):
    for line in publication.quote.outlines:
        header = header_of(to_moc_fits(line, publication))
        assert (header["REGNAME"], header["REGKIND"], header["REGLEVEL"]) == (line.name, line.kind, line.level)
        assert header["REGAREA"] == line.area_deg2


def test_a_map_from_elsewhere_has_no_provenance(map_of, publication_of):
    hdus = opened(to_multiorder_fits(publication_of(map_of({1: {5: 3.0}}), None)))
    assert len(hdus) == 2
    assert not {"EVTHASH", "NSIDES", "MACHINE"} & set(hdus[1].header)


def test_a_version_that_is_not_known_is_left_out(publication):
    assert "ALGOVER" in opened(to_multiorder_fits(publication))[1].header
    unknown = dataclasses.replace(publication, algorithm_version="")
    assert "ALGOVER" not in opened(to_multiorder_fits(unknown))[1].header


@of_all_files
def test_equal_maps_are_equal_bytes(map_of, provenance, publication_of, write, monkeypatch):
    stages = {1: {5: 3.0, 6: math.nan, 0: 9.5}, 2: {20: 2.5}}
    first = write(publication_of(map_of(stages, provenance), 20.0))
    monkeypatch.setattr(time, "time", lambda: 1.0)
    assert write(publication_of(map_of(stages, provenance), 20.0)) == first


def test_compression_adds_no_time(publication, monkeypatch):
    first = to_flat_fits(publication)
    monkeypatch.setattr(time, "time", lambda: 1.0)
    assert to_flat_fits(publication) == first


@settings(max_examples=20)
@given(texts, texts, texts)
@example("Übermäßig → ☃", "it's 'quoted'" * 20, "&" * 70 + "\n\x7f\ud800")
@example("&", "a" * 66 + "'", "a" * 67 + "'''&")
def test_any_text_is_kept_in_ascii(skymap, publication, event_type, name, reason):
    named = replace(skymap, event=replace(skymap.event, event_type=event_type))
    shown = replace(publication, skymap=named, reasons=(reason,), topology=name)
    for write in WRITERS.values():
        data = write(shown)
        header = header_of(data)
        assert data[: 2880 * 4].isascii()
        for keyword, text in (("EVTTYPE", event_type), ("USEWHY", reason), ("TOPOLOGY", name)):
            assert header.get(keyword, "").rstrip() == ascii_text(text).rstrip(" ")


@given(texts)
def test_no_two_texts_look_alike_but_for_backslashes(text):
    shown = ascii_text(text)
    assert all(" " <= letter <= "~" for letter in shown)
    if "\\" not in text:
        assert shown.encode().decode("unicode_escape") == text


@pytest.mark.parametrize("mjd", [math.nan, 9.9e6, -9.9e6])
def test_a_time_that_is_none_is_left_out(skymap, publication_of, mjd):
    header = header_of(to_multiorder_fits(publication_of(replace(skymap, event=replace(skymap.event, mjd=mjd)))))
    assert "DATE-OBS" not in header
    assert ("EVENTMJD" in header) == math.isfinite(mjd)


@given(st.floats(51544.0, 88068.0))
@example(57753.999999)  # just before a leap second
@example(60279.714165862036)
def test_date_obs_is_the_mjd(mjd):
    """To half of its microseconds, and an MJD's own 0.4."""
    assert to_mjd(*from_iso(f"{date_obs(mjd)}Z")) == pytest.approx(mjd, rel=0, abs=0.9e-6 / 86400.0)


def test_date_obs_is_astropys_but_for_days_with_a_leap_second():
    mjds = np.random.default_rng(3).uniform(58000.0, 62000.0, 100)
    away = Time([date_obs(mjd) for mjd in mjds], scale="utc") - Time(mjds, format="mjd", scale="utc")
    assert np.abs(away.to_value("s")).max() < 1e-6


@pytest.mark.parametrize("nside", [0, 3, -8, 8192, 100])
def test_an_nside_that_is_none_is_refused_by_name(publication, nside):
    with pytest.raises(SettingError, match=f"nside: {nside} is not a power of two"):
        to_flat_fits(publication, nside=nside)


@pytest.mark.parametrize(
    ("stages", "sigma_deg", "wanted"),
    [
        ({8: {1: 1.0}}, None, 8),
        ({8: {1: 1.0}, 64: {}}, None, 8),
        ({8: {1: 1.0}}, 5.0, 128),
        ({2048: {7: 1.0}}, None, 512),
    ],
)
def test_a_flat_file_is_as_fine_as_it_must_but_no_finer_than_512(map_of, publication_of, stages, sigma_deg, wanted):
    header = header_of(gzip.decompress(to_flat_fits(publication_of(map_of(stages), sigma_deg))))
    assert (header["NSIDE"], header["LASTPIX"]) == (wanted, 12 * wanted**2 - 1)


@of_all_files
def test_a_comment_stands_beside_every_number(publication, write):
    """Whole: with its unit it has room beside the longest number."""
    header = header_of(write(publication))
    for keyword in (*KEYWORDS, *REGION_KEYWORDS):
        assert len(keyword.comment) <= 47
        assert len(keyword.name) <= 8
        if keyword.name in header and not isinstance(header[keyword.name], str):
            assert header.comments[keyword.name] == keyword.comment


def test_names_are_given_once():
    names = [keyword.name for keyword in (*KEYWORDS, *REGION_KEYWORDS)] + list(LAYOUT)
    assert len(names) == len(set(names))


def test_the_document_has_every_keyword_and_column_with_its_meaning():
    path = REPOSITORY / "tools" / "describe_files.py"
    spec = importlib.util.spec_from_file_location("describe_files", path)
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    document = (REPOSITORY / "docs" / "products.md").read_text()
    assert tool.columns() in document
    assert tool.keywords() in document
    rows = document.splitlines()
    for keyword in (*KEYWORDS, *REGION_KEYWORDS):
        assert any(row.startswith(f"| `{keyword.name}` |") and keyword.meaning in row for row in rows)
    for column in (*COLUMNS, *FITS_COLUMNS):
        assert any(row.startswith(f"| `{column.name}` |") and column.meaning in row for row in rows)
