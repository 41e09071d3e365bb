"""The notice: valid under the public schema, never IceCube's, and nothing in it is guessed."""

import datetime as dt
import json
import math
from dataclasses import replace

import hpgeom
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from skydriver.errors import ResultError, SettingError
from skydriver.skymap.notice import SCHEMA, SCHEMA_VERSION, TENSES, TOPOLOGIES, TYPES, notice, to_notice
from skydriver.skymap.offsets import separation_deg
from skydriver.skymap.quotable import containing_radius_deg

NOW = dt.datetime(2026, 11, 24, 9, 30, tzinfo=dt.UTC)
KNOWN_MJD = 60280.71416774572
STATED = {"reco.energy.mpe_muex": 17235.35, "neutrino.bdt_up": 0.18, "signalness": 0.4, "nu_energy": 120.0}


def event_of(published, **changes: object):
    return replace(published().skymap.event, **changes)


def for_real(publication):
    """The same, with a calibration that is not for tests only."""
    return replace(publication, quote=replace(publication.quote, tests_only=False))


@pytest.fixture(scope="session")
def schemas(notice_schemas):
    """Every schema of the package by its own id; nothing is looked up elsewhere."""
    found = [json.loads(path.read_text()) for path in notice_schemas.rglob("*.schema.json")]
    return {schema["$id"]: schema for schema in found}


@pytest.fixture(scope="session")
def validator(schemas):
    """A function from a schema's id to its validator."""
    from jsonschema import Draft202012Validator
    from referencing import Registry, Resource

    registry = Registry().with_resources((name, Resource.from_contents(schema)) for name, schema in schemas.items())
    return lambda name: Draft202012Validator(schemas[name], registry=registry)


@pytest.fixture(scope="session")
def additional_info(schemas):
    """Id of the package's schema of additional information, which that of alerts does not refer to."""
    (name,) = (name for name in schemas if name.endswith("/core/AdditionalInfo.schema.json"))
    return name


def properties(name, schemas):
    """All properties that a schema and those it refers to define."""
    from urllib.parse import urljoin

    schema = schemas[name]
    found = set(schema.get("properties", ()))
    for part in schema.get("allOf", ()):
        found |= properties(urljoin(name, part["$ref"]), schemas)
    return found


def test_the_schema_is_that_of_the_installed_package(notice_schemas, schemas):
    assert SCHEMA in schemas
    assert f"v{json.loads((notice_schemas / 'package.json').read_text())['version']}" == SCHEMA_VERSION


def all_kinds(published):
    """Notices of all kinds of maps."""
    yield notice(published(), now=NOW)
    yield notice(published(event=event_of(published, is_real_event=False, run_id=1)), now=NOW)
    yield notice(published(event=event_of(published, mjd=math.nan)), now=NOW)
    yield notice(published(stated=STATED, reasons=("caution: odd",), answer="caution"), now=NOW)
    for topology in (*TOPOLOGIES, "unknown"):
        yield notice(published(topology=topology), now=NOW)
    for tense in TENSES:
        for alert_type in TYPES:
            full = {"event_name": "IceCube-231202A", "healpix_url": "https://example.org/map.fits"}
            yield notice(for_real(published()), now=NOW, tense=tense, alert_type=alert_type, **full)


def test_every_notice_is_valid(published, validator, additional_info):
    for kind in all_kinds(published):
        document = json.loads(json.dumps(kind, allow_nan=False))
        for name in (SCHEMA, additional_info):
            assert list(validator(name).iter_errors(document)) == []


def test_it_has_no_field_that_the_schemas_do_not_know(published, schemas, additional_info):
    known = properties(SCHEMA, schemas) | properties(additional_info, schemas) | {"$schema"}
    assert "ra_dec_error" in known
    for document in all_kinds(published):
        assert set(document) <= known


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("alert_tense", "soon"),
        ("alert_type", "first"),
        ("alert_topology", "through-going"),
        ("alert_datetime", 5),
        ("messenger", "Muon"),
        ("ra", "138.7"),
        ("dec", None),
        ("ra_dec_error", [1.0, 2.0, 3.0, 4.0]),
        ("id", [5]),
        ("number_of_events", "1"),
        ("systematic_included", "yes"),
        ("nu_energy", "17 TeV"),
        ("pipeline", "pandel_mpe"),
    ],
)
def test_the_schema_refuses_what_is_wrong(published, validator, field, value):
    document = notice(published(), now=NOW)
    assert validator(SCHEMA).is_valid(document)
    assert not validator(SCHEMA).is_valid({**document, field: value})


def test_it_says_what_is_known_of_the_alert(published):
    event = event_of(published, mjd=KNOWN_MJD)
    publication = published(event=event)
    document = notice(publication, now=NOW)
    best = publication.best
    assert document["trigger_time"] == "2023-12-02T17:08:24.093230Z"
    assert document["id"] == ["138632_31747601"]
    assert (document["ra"], document["dec"]) == (pytest.approx(best.ra_deg, abs=1e-6), pytest.approx(best.dec_deg))
    assert (document["alert_datetime"], document["alert_tense"]) == ("2026-11-24T09:30:00.000000Z", "test")
    assert (document["alert_topology"], document["number_of_events"], document["messenger"]) == ("Track", 1, "Neutrino")
    assert (document["containment_probability"], document["systematic_included"]) == (0.9, True)


def test_it_is_not_icecubes_and_says_so(published):
    document = notice(published(), now=NOW)
    assert document["mission"] == "SkyDriver"
    assert published().statement in document["additional_info"]
    assert not {"pipeline", "instrument", "event_name", "healpix_url", "far", "record_number"} & set(document)
    values = [str(value) for name, value in document.items() if name not in {"$schema", "additional_info"}]
    assert not any("icecube" in value.lower() for value in values)


def test_what_is_not_known_is_left_out(published):
    assert "trigger_time" not in notice(published(event=event_of(published, mjd=math.nan)), now=NOW)
    assert "alert_topology" not in notice(published(topology="unknown"), now=NOW)
    assert not {"p_astro", "nu_energy"} & set(notice(published(stated=None), now=NOW))


def test_energies_of_muons_are_passed_on_by_their_own_names_only(published):
    document = notice(published(stated={"reco.energy.mpe_muex": 17235.35, "far": 1e-8}), now=NOW)
    assert not {"nu_energy", "far"} & set(document)
    assert "reco.energy.mpe_muex 17235.3" in document["additional_info"]
    assert "far 1e-08" in document["additional_info"]


@pytest.mark.parametrize(
    ("stated", "fields"),
    [
        ({"signalness": 0.4}, {"p_astro": 0.4}),
        ({"neutrino.signalness": 0.4, "p_astro": 0.4}, {"p_astro": 0.4}),
        ({"neutrino.signalness": 0.4, "p_astro": 0.5}, {}),
        ({"signalness": 40.0}, {}),
        ({"signalness": -1.0, "nu_energy": -1.0}, {}),
        ({"nu_energy": 120.0, "energy": 5.0}, {"nu_energy": 120.0}),
    ],
)
def test_what_means_a_field_of_the_schema_becomes_that(published, stated, fields):
    document = notice(published(stated=stated), now=NOW)
    assert {name: document[name] for name in ("p_astro", "nu_energy") if name in document} == fields


@pytest.mark.parametrize("tense", sorted(set(TENSES) - {"test"}))
def test_only_a_test_is_made_with_a_calibration_for_tests_and_of_a_simulated_event(published, tense):
    simulated = for_real(published(event=event_of(published, is_real_event=False)))
    for publication in (published(), simulated):
        with pytest.raises(SettingError, match="tense") as caught:
            notice(publication, now=NOW, tense=tense)
        assert caught.value.argument == "tense"
    assert notice(for_real(published()), now=NOW, tense=tense)["alert_tense"] == tense


@pytest.mark.parametrize("argument", ["tense", "alert_type"])
def test_a_word_that_is_not_the_schemas_is_refused(published, argument):
    with pytest.raises(SettingError) as caught:
        notice(for_real(published()), now=NOW, **{argument: "soon"})
    assert caught.value.argument == argument


def test_without_a_quote_there_is_none(published):
    with pytest.raises(ResultError, match="it is a cascade"):
        notice(published(quote=None, why_not="it is a cascade"), now=NOW)


def test_of_a_partial_map_there_is_none(published):
    publication = published()
    partial = replace(publication.skymap, complete={256: False})
    with pytest.raises(ResultError, match="partial"):
        notice(replace(publication, skymap=partial), now=NOW)


def test_a_time_that_no_event_can_have_is_refused(published):
    with pytest.raises(ResultError, match="mjd 5"):
        notice(published(event=event_of(published, mjd=5.0)), now=NOW)


def test_simulated_and_test_are_its_first_words(published):
    simulated = event_of(published, is_real_event=False)
    assert notice(published(event=simulated), now=NOW)["additional_info"].startswith("SIMULATED EVENT. TEST. Made by")
    assert notice(published(), now=NOW)["additional_info"].startswith("TEST. Made by")
    assert notice(for_real(published()), now=NOW)["additional_info"].startswith("Made by")


def test_now_is_utc(published):
    east = dt.timezone(dt.timedelta(hours=2))
    assert notice(published(), now=NOW.astimezone(east)) == notice(published(), now=NOW)
    with pytest.raises(SettingError, match="time zone"):
        notice(published(), now=NOW.replace(tzinfo=None))


def test_its_bytes_are_its_json(published):
    data = to_notice(published(stated=STATED), now=NOW)
    assert json.loads(data) == notice(published(stated=STATED), now=NOW)
    assert data == to_notice(published(stated=STATED), now=NOW)


@given(st.floats(0.0, 360.0), st.floats(-90.0, 90.0), st.floats(0.3, 100.0), st.sampled_from([16, 64]))
@example(0.0, 0.0, 5.0, 64)
@example(10.0, 90.0, 5.0, 64)
@example(359.999, -89.9, 100.0, 16)
@example(0.0, 0.0, 180.0, 16)
def test_the_circle_holds_the_region_and_no_smaller_one_does(published, ra, dec, radius, nside):
    publication = published(ra, dec, radius, nside=nside)
    document = notice(publication, now=NOW)
    outline, best = publication.quote.outline(0.9), publication.best
    vertices = [place for line in outline.contours for place in zip(line.ra_deg, line.dec_deg, strict=True)]
    farthest = max((separation_deg(best.ra_deg, best.dec_deg, *place) for place in vertices), default=180.0)
    assert farthest - 1e-5 <= document["ra_dec_error"] <= 180.0
    if radius < 90.0:
        assert document["ra_dec_error"] == pytest.approx(farthest, abs=2e-4)
    centres = zip(*hpgeom.pixel_to_angle(nside, outline.pixel, nest=False), strict=True)
    assert max(separation_deg(best.ra_deg, best.dec_deg, *place) for place in centres) <= document["ra_dec_error"]
    assert 0.0 <= document["ra"] < 360.0


def test_a_region_that_holds_the_opposite_place_needs_a_circle_of_the_whole_sky(published):
    publication = published(20.0, 10.0, 180.0, nside=16)
    outline = publication.quote.outline(0.9)
    assert len(outline.pixel) == 12 * 16**2
    assert containing_radius_deg(outline, publication.best.ra_deg, publication.best.dec_deg) == 180.0


def test_a_right_ascension_that_rounds_to_360_is_0(published):
    publication = published()
    close = replace(publication, best=publication.best._replace(ra_deg=math.nextafter(360.0, 0.0)))
    assert notice(close, now=NOW)["ra"] == 0.0
