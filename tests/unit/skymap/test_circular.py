"""The circular's text: read back, it says what the map says; rounding changes no sign and loses no error."""

import math
import re
from dataclasses import replace
from itertools import pairwise

import hpgeom
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from skydriver.errors import ResultError
from skydriver.skymap.circular import MAX_LISTED, WIDTH, circular
from skydriver.skymap.offsets import separation_deg
from skydriver.skymap.publication import Direction
from skydriver.skymap.quotable import size_text
from skydriver.skymap.regions import Errors
from skydriver.skymap.sources import nearest_source, sources_inside

NUMBER = r"(\d+\.\d+)"
RA_LINE = re.compile(rf"^RA: {NUMBER} \(\+{NUMBER}/-{NUMBER} deg 90% PSF containment\) J2000$", re.MULTILINE)
DEC_LINE = re.compile(rf"^Dec: ([+-]\d+\.\d+) \(\+{NUMBER}/-{NUMBER} deg 90% PSF containment\) J2000$", re.MULTILINE)
SIZES = st.floats(1e-9, 180.0)


def with_place(publication, ra_deg, dec_deg, errors):
    """The same region, said to be elsewhere and to reach so far."""
    outlines = tuple(line._replace(errors=errors) for line in publication.quote.outlines)
    best = publication.best._replace(ra_deg=ra_deg, dec_deg=dec_deg)
    return replace(publication, best=best, quote=replace(publication.quote, outlines=outlines))


def ulp(text):
    """Half of the last decimal."""
    return 0.5 * 10.0 ** -len(text.partition(".")[2])


def test_the_alerts_text(published):
    event = replace(published().skymap.event, mjd=60280.71416774572)
    publication = with_place(published(event=event), 138.69140625, 1.904, Errors(1.849, 1.761, 1.7, 1.75))
    publication = replace(publication, stated={"reco.energy.mpe_muex": 17235.35364})
    lines = circular(publication).splitlines()
    assert lines[0] == "TEST: not to be distributed as an alert."
    for line in (
        "Event: run 138632, event 31747601",
        "Date: 2023-12-02",
        "Time: 17:08:24.093230 UTC",
        "RA: 138.69 (+1.85/-1.76 deg 90% PSF containment) J2000",
        "Dec: +1.90 (+1.70/-1.75 deg 90% PSF containment) J2000",
        "Kind of event: through-going.",
    ):
        assert line in lines
    flat = " ".join(lines)
    most, half = publication.quote.outline(0.9), publication.quote.outline(0.5)
    assert most.area_deg2 > 3 * half.area_deg2
    assert f"90% {most.area_deg2:.2f}, 50% {half.area_deg2:.2f} square degrees" in flat
    assert publication.statement in flat
    assert "reco.energy.mpe_muex 17235.4" in flat
    assert "three-alert floor, is for tests only" in flat
    assert "source" not in flat


@given(st.floats(0.0, 360.0, exclude_max=True), st.floats(-90.0, 90.0), st.tuples(SIZES, SIZES, SIZES, SIZES))
@example(359.9999, -0.0, (1.0, 1.0, 1.0, 1.0))
@example(0.0, -0.001, (0.004, 3.0, 3.0, 0.004))
@example(10.0, 0.0, (0.0996, 0.1, 0.09999, 0.0999999))
@example(10.0, 90.0, (180.0, 180.0, 1e-9, 2.0))
def test_read_back_it_is_the_best_fit_and_its_errors(published, ra, dec, sides):
    text = circular(with_place(published(), ra, dec, Errors(*sides)))
    (ra_texts,), (dec_texts,) = RA_LINE.findall(text), DEC_LINE.findall(text)
    assert 0.0 <= float(ra_texts[0]) < 360.0
    away = (float(ra_texts[0]) - ra + 180.0) % 360.0 - 180.0
    assert abs(away) <= ulp(ra_texts[0]) * (1 + 1e-9) + 1e-13
    assert abs(float(dec_texts[0]) - dec) <= ulp(dec_texts[0]) * (1 + 1e-9)
    assert (dec_texts[0][0] == "-") == (dec < 0.0)
    for told, side in zip((*ra_texts[1:], *dec_texts[1:]), sides, strict=True):
        assert abs(float(told) - side) <= ulp(told) * (1 + 1e-9)
        assert float(told) > 0.0
        assert len(told.partition(".")[2]) >= 2
        assert abs(float(told) - side) <= max(0.05 * side, 0.005) * (1 + 1e-9)


@given(st.floats(1e-9, 1e5))
def test_a_size_keeps_two_digits(size):
    assert abs(float(size_text(size)) - size) <= 0.0501 * size


def test_nothing_is_told_as_nothing():
    assert size_text(0.0) == "0.00"


def test_a_region_around_a_pole_says_so(published):
    publication = published(10.0, 89.5, 2.0)
    text = " ".join(circular(publication).split())
    assert "(+180.00/-180.00 deg" in text
    assert "every right ascension" in text
    assert "pole" not in circular(published())


def test_a_simulated_event_is_so_in_the_first_line(published):
    event = replace(published().skymap.event, is_real_event=False)
    publication = published(event=event)
    assert circular(publication).splitlines()[0].startswith("SIMULATED EVENT: ")
    quote = replace(publication.quote, tests_only=False)
    assert (
        circular(replace(publication, quote=quote)).splitlines()[0] == "SIMULATED EVENT: nothing was seen in the sky."
    )


def test_a_text_for_more_than_tests_begins_with_who_made_it(published):
    publication = published()
    text = circular(replace(publication, quote=replace(publication.quote, tests_only=False)))
    assert text.startswith("Made by SkyDriver pandel_mpe 1.0, independent of and not endorsed by IceCube.")
    assert "TEST" not in text
    assert "not restricted to tests" in " ".join(text.split())


def test_what_speaks_against_its_use_is_told(published):
    text = circular(published(answer="caution", reasons=("caution: it is odd", "yes: it is a track")))
    assert "caution: it is odd" in text
    assert "yes: it is a track" not in text


def test_what_is_not_known_is_unknown(published):
    event = replace(published().skymap.event, mjd=math.nan)
    text = circular(published(event=event, topology="unknown"))
    assert "Date: unknown\nTime: unknown UTC" in text
    assert "not determined" in text
    assert "states" not in text


def test_without_a_quote_or_of_a_partial_map_there_is_none(published):
    with pytest.raises(ResultError, match="it is a cascade"):
        circular(published(quote=None, why_not="it is a cascade"))
    publication = published()
    with pytest.raises(ResultError, match="partial"):
        circular(replace(publication, skymap=replace(publication.skymap, complete={256: False})))


def test_lines_are_short_enough_to_be_sent(published):
    text = circular(published(stated={f"reco.energy.x{k}": 1.0 / 3 for k in range(30)}), [], "a catalogue")
    assert max(map(len, text.splitlines())) <= WIDTH
    assert text.endswith(".\n")


# Sources


def listed(text):
    """Of each source in the text: name, place and distance."""
    rows = re.findall(r"^  (.*): RA (\S+), Dec (\S+) deg, (\S+) deg from the best fit$", text, re.MULTILINE)
    return [(name, *map(float, numbers)) for name, *numbers in rows]


PLACES = st.tuples(st.floats(0.0, 360.0, exclude_max=True), st.floats(-90.0, 90.0))


@st.composite
def sources_around(draw):
    """A place (often at a pole or where right ascension begins again) and sources near it and elsewhere."""
    ra = draw(st.sampled_from([0.0, 359.95, 0.05, 180.0]) | st.floats(0.0, 360.0, exclude_max=True))
    dec = draw(st.sampled_from([0.0, 89.9, -90.0, 90.0]) | st.floats(-90.0, 90.0))
    near = st.tuples(st.floats(-4.0, 4.0), st.floats(-4.0, 4.0)).map(
        lambda by: ((ra + by[0]) % 360.0 % 360.0, min(90.0, max(-90.0, dec + by[1])))
    )
    places = draw(st.lists(near | PLACES, max_size=30))
    return ra, dec, [Direction(f"S{k}", *place) for k, place in enumerate(places)]


@given(sources_around())
def test_sources_inside_are_those_in_the_regions_pixels_the_nearest_first(published, drawn):
    ra, dec, sources = drawn
    publication = published(ra, dec, 2.0)
    outline, best = publication.quote.outline(0.9), publication.best
    found = sources_inside(outline, sources, best)
    pixels = set(outline.pixel.tolist())
    expected = [s for s in sources if int(hpgeom.angle_to_pixel(256, s.ra_deg, s.dec_deg, nest=False)) in pixels]
    assert sorted(source.direction for source in found) == sorted(expected)
    for (_, one, other), away in found:
        assert away == pytest.approx(separation_deg(best.ra_deg, best.dec_deg, one, other), abs=1e-12)
        assert away < 2.0 + float(hpgeom.max_pixel_radius(256))
    assert all(one.away_deg <= other.away_deg + 2e-9 for one, other in pairwise(found))
    text = circular(publication, sources, "cat")
    nearest = nearest_source(sources, best)
    if found:
        assert [name for name, *_ in listed(text)] == [source.direction.name for source in found]
        assert f"{len(found)} source" in text
        assert found[0] == nearest
    elif sources:
        least = min(separation_deg(best.ra_deg, best.dec_deg, s.ra_deg, s.dec_deg) for s in sources)
        ((name, *_, away),) = listed(text)
        assert name == nearest.direction.name
        assert away == pytest.approx(least, abs=0.0051)
        assert "no source of cat; the nearest:" in text
    else:
        assert "There is no source in cat." in text


def test_inside_is_the_region_and_not_a_circle(published):
    """Two islands: what lies between them is outside."""
    publication = published()
    best, outline = publication.best, publication.quote.outline(0.9)
    islands = [hpgeom.query_circle(256, best.ra_deg + side, best.dec_deg, 0.5, nest=False) for side in (-1.0, 1.0)]
    outline = outline._replace(pixel=np.sort(np.concatenate(islands)).astype(np.int64))
    east = Direction("east", best.ra_deg + 1.0, best.dec_deg)
    between = Direction("between", best.ra_deg, best.dec_deg)
    assert [source.direction for source in sources_inside(outline, [between, east], best)] == [east]


@pytest.mark.parametrize("ra", [0.0, 200.0])
@pytest.mark.parametrize("dec", [0.0, 60.0])
def test_of_equally_far_sources_the_first_by_name_goes_first(published, ra, dec):
    publication = published(ra, dec)
    best = publication.best
    sides = [Direction(name, (best.ra_deg + by) % 360.0, best.dec_deg) for name, by in (("b", 0.7), ("a", -0.7))]
    for sources in (sides, sides[::-1]):
        assert [name for name, *_ in listed(circular(publication, sources, "cat"))] == ["a", "b"]
    far = [
        source._replace(ra_deg=(best.ra_deg + side) % 360.0) for source, side in zip(sides, (21.0, -21.0), strict=True)
    ]
    for sources in (far, far[::-1]):
        assert nearest_source(sources, best).direction.name == "a"


def test_many_are_counted(published):
    best = published().best
    sources = [Direction(f"S{k}", best.ra_deg, best.dec_deg + k * 1e-3) for k in range(MAX_LISTED + 5)]
    text = circular(published(), sources, "cat")
    assert f"{MAX_LISTED + 5} sources of cat" in text
    assert len(listed(text)) == MAX_LISTED
    assert "and 5 more" in text


def test_without_a_catalogue_nothing_is_said_of_sources(published):
    assert "source" not in circular(published(), None)
    assert "source" in circular(published(), [])
