"""Files of lines around regions, read by numpy and by astropy's package of regions."""

import dataclasses
import io

import healpy
import numpy as np
import pytest
import regions

from skydriver.errors import ResultError
from skydriver.skymap.cells import cells_of
from skydriver.skymap.contour_files import to_contour_text, to_ds9
from skydriver.skymap.contours import contours_of
from skydriver.skymap.outline import Outline, Rectangle
from skydriver.skymap.publication import Publication, Quote
from skydriver.skymap.regions import Errors

EVENT = "Run 138632, event 31747601, MJD 60279.760000 UTC"


def outline(kind, level, name, value, edge=0.0):
    """A region of some sky of nside 16, its pixels' values being a function of place."""
    lines = contours_of(16, np.arange(3072), value(*healpy.pix2ang(16, np.arange(3072), lonlat=True)), edge)
    area = sum(line.area_deg2 for line in lines)
    errors, rectangle = Errors(1.0, 2.0, 3.0, 4.0), Rectangle(10.0, 20.0, -5.0, 5.0)
    return Outline(name, kind, level, 16, np.arange(3), area, lines, errors, rectangle, truncated=level == 0.9)


@pytest.fixture
def publication(new_map):
    """Of a ring with an island in it across right ascension 0, and of a cap around the pole."""
    skymap = new_map({4: [5.0, 3.0, 9.0]})

    def ring(ra, dec):
        away = np.hypot((ra + 180.0) % 360.0 - 180.0, dec)
        return np.maximum(8.0 - np.abs(away - 30.0), 6.0 - away)

    outlines = (
        outline("headline", 0.5, "50 % with {some} error;\nso", lambda _, dec: dec, 60.0),
        outline("headline", 0.9, "90 % with 0.8 deg", ring),
        outline("statistical", 0.9, "90 % by Wilks", lambda _, dec: dec, 80.0),
    )
    quote = Quote("a table", tests_only=True, sigma_sys_deg=0.8, outlines=outlines, posterior=None)
    return Publication(
        skymap, skymap.best_fit(), cells_of(skymap), "pandel_mpe", "1.0", quote, "", "through-going", "yes", ()
    )


def without_quote(publication):
    return dataclasses.replace(publication, quote=None, why_not="there is no calibration for cascades")


def lines_of(publication):
    return [(line, contour) for line in publication.quote.outlines for contour in line.contours]


def test_the_text_holds_every_vertex_of_every_line(publication):
    number, ra, dec = np.loadtxt(io.BytesIO(to_contour_text(publication)), unpack=True)
    wanted = lines_of(publication)
    assert len(wanted) == 5
    assert sorted(set(number)) == [1, 2, 3, 4, 5]
    for k, (_, contour) in enumerate(wanted, 1):
        assert ra[number == k] == pytest.approx(contour.ra_deg, abs=1e-6)
        assert dec[number == k] == pytest.approx(contour.dec_deg, abs=1e-6)


def test_the_text_says_what_each_line_is(publication):
    comments = [line for line in to_contour_text(publication).decode().splitlines() if line.startswith("#")]
    text = "\n".join(comments)
    assert publication.statement in text
    assert EVENT in text
    best = publication.best
    assert f"Best fit: RA {best.ra_deg:.6f} Dec {best.dec_deg:+.6f} deg (ICRS)" in text
    assert "# 50 % with {some} error; so: level 0.5, headline, " in text
    assert text.count("not enclosed") == 2
    for k, (_, contour) in enumerate(lines_of(publication), 1):
        kind = "island" if contour.area_deg2 > 0.0 else "hole"
        said = f"#   polygon {k}: {kind}, {abs(contour.area_deg2):.6f} deg2, {len(contour.ra_deg)} vertices"
        assert said in comments
        owner = max(i for i in range(comments.index(said)) if "level" in comments[i])
        assert f"level {lines_of(publication)[k - 1][0].level:g}" in comments[owner]
    assert text.count(": hole, ") == 1


def test_a_region_without_a_line_is_said_to_be_the_whole_sky(publication):
    whole = publication.quote.outlines[0]._replace(contours=())
    quote = dataclasses.replace(publication.quote, outlines=(whole,))
    text = to_contour_text(dataclasses.replace(publication, quote=quote)).decode()
    assert "no polygon: it is the whole sky" in text
    assert all(line.startswith("#") for line in text.splitlines())


def test_an_unknown_time_is_said_to_be(publication):
    event = dataclasses.replace(publication.skymap.event, mjd=float("nan"))
    skymap = dataclasses.replace(publication.skymap, event=event)
    assert "at an unknown time" in to_contour_text(dataclasses.replace(publication, skymap=skymap)).decode()


def test_astropys_regions_reads_every_polygon_and_the_best_fit(publication):
    read = regions.Regions.parse(to_ds9(publication).decode(), format="ds9")
    wanted = lines_of(publication)
    assert len(read) == len(wanted) + 1
    for shape, (owner, contour) in zip(read, wanted, strict=False):
        assert isinstance(shape, regions.PolygonSkyRegion)
        assert shape.vertices.frame.name == "icrs"
        assert shape.vertices.ra.deg == pytest.approx(contour.ra_deg, abs=1e-6)
        assert shape.vertices.dec.deg == pytest.approx(contour.dec_deg, abs=1e-6)
        assert bool(shape.meta["include"]) is (contour.area_deg2 > 0.0)
        assert shape.meta["text"].split()[0] == f"{100.0 * owner.level:g}"
    assert read[0].meta["text"] == "50 % with (some) error, so"
    point = read[-1]
    assert (point.center.ra.deg, point.center.dec.deg) == pytest.approx(publication.best[:2], abs=1e-6)
    assert point.meta["text"] == "best fit"


def test_both_begin_with_whose_they_are(publication):
    for data in (to_contour_text(publication), to_ds9(publication)):
        assert data.decode().splitlines()[0].startswith("# ")
        assert publication.statement in data.decode()
        assert EVENT in data.decode()


@pytest.mark.parametrize("write", [to_contour_text, to_ds9])
def test_without_anything_to_quote_there_is_no_file(publication, write):
    with pytest.raises(ResultError, match=r"^there is no calibration for cascades$"):
        write(without_quote(publication))
