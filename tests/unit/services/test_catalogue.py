"""Catalogues of sources: what astropy writes is read back, and what is wrong is named with its place."""

import contextlib
import math
import os

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from skydriver.errors import SettingError
from skydriver.services import catalogue as module
from skydriver.services.angles import angle_deg
from skydriver.services.catalogue import COLUMNS, MAX_NAME, read_catalogue
from skydriver.skymap.publication import Direction

RA_NAMES, DEC_NAMES, NAME_NAMES = COLUMNS.values()
RA, DEC = st.floats(0.0, 360.0, exclude_max=True), st.floats(-90.0, 90.0)
PRINTED = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20)
ROWS = st.lists(st.tuples(PRINTED, RA, DEC), min_size=1, max_size=20)


@pytest.fixture(scope="session")
def written(tmp_path_factory):
    """A function from bytes or text to a file that holds them."""
    folder = tmp_path_factory.mktemp("catalogues")

    def write(content, name="catalogue.csv"):
        path = folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def table_of(rows, names, units=(None, None)):
    """An astropy table with columns that nobody asks for before and after."""
    from astropy.table import Column, Table

    text, ra, dec = zip(*rows, strict=True)
    columns = [
        Column(np.zeros((len(rows), 8)), name="Flux_History"),
        Column(np.array(ra), name=names[0], unit=units[0]),
        Column(np.array(dec), name=names[1], unit=units[1]),
        Column(np.array(text), name=names[2]),
        Column(np.ones(len(rows), bool), name="Flag"),
    ]
    return Table(columns)


def names_of_columns():
    cased = st.sampled_from([str.upper, str.lower, str.title])
    names = st.tuples(st.sampled_from(RA_NAMES), st.sampled_from(DEC_NAMES), st.sampled_from(NAME_NAMES))
    return st.tuples(names, cased).map(lambda pair: tuple(map(pair[1], pair[0])))


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(ROWS, names_of_columns())
@example([("a,b", 359.9, -90.0), ('q"q', 0.0, 90.0)], ("ra", "dec", "name"))
def test_what_astropy_writes_as_csv_is_read_back(tmp_path_factory, rows, names):
    from astropy.io import ascii as text_tables

    table = table_of(rows, names)
    del table["Flux_History"]
    path = tmp_path_factory.getbasetemp() / "written.csv"
    text_tables.write(table, path, format="csv", overwrite=True)
    found = read_catalogue(path)
    assert found.sources == tuple(Direction(name, ra, dec) for name, ra, dec in rows)
    assert (found.name, found.n_skipped) == ("written.csv", 0)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(ROWS, names_of_columns(), st.booleans())
def test_what_astropy_writes_as_fits_is_read_back(tmp_path_factory, rows, names, has_units):
    path = tmp_path_factory.getbasetemp() / "written.fits"
    table_of(rows, names, ("deg", "deg") if has_units else (None, None)).write(path, format="fits", overwrite=True)
    assert read_catalogue(path).sources == tuple(Direction(name, ra, dec) for name, ra, dec in rows)


@pytest.mark.parametrize(("unit", "per_degree"), [("rad", math.pi / 180.0), ("hourangle", 1.0 / 15.0), ("deg", 1.0)])
def test_the_columns_unit_counts(tmp_path, written, unit, per_degree):
    from astropy.io import fits

    ra, dec, path = 200.0 * per_degree, -30.0 * per_degree, tmp_path / "units.fits"
    angles = [fits.Column(name, "D", unit, array=[value]) for name, value in (("ra", ra), ("dec", dec))]
    fits.BinTableHDU.from_columns([*angles, fits.Column("name", "A1", array=["a"])]).writeto(path)
    for file in (path, written(f"ra [{unit}],dec ({unit}),name\n{ra!r},{dec!r},a\n")):
        (found,) = read_catalogue(file).sources
        assert found == ("a", pytest.approx(200.0, rel=1e-12), pytest.approx(-30.0, rel=1e-12))


def test_rows_of_fits_without_a_direction_are_counted(tmp_path):
    path = tmp_path / "nan.fits"
    rows = [("a", math.nan, 1.0), ("b", 1.0, math.nan), ("c", 1.0, 2.0)]
    table_of(rows, ("RAJ2000", "DEJ2000", "Source_Name"), ("deg", "deg")).write(path)
    found = read_catalogue(path)
    assert (found.sources, found.n_skipped) == ((Direction("c", 1.0, 2.0),), 2)


def test_rows_of_text_without_a_direction_are_counted(written):
    text = "name,ra,dec\na,,1\nb,nan,1\nc,1,--\nd,1,N/A\ne,1,2\n"
    found = read_catalogue(written(text))
    assert (found.sources, found.n_skipped) == ((Direction("e", 1.0, 2.0),), 4)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_text_as_people_write_it(written, delimiter):
    lines = [
        "# TXS and others",
        "",
        " Name ,RA, Dec ,note",
        '"TXS 0506+056",77.3582,+5.6931,"blazar"',
        "",
        "b,-10,\u22125,",
    ]
    text = "\ufeff" + "\r\n".join(lines).replace(",", delimiter)
    found = read_catalogue(written(text))
    assert found.sources == (Direction("TXS 0506+056", 77.3582, 5.6931), Direction("b", 350.0, -5.0))


def test_the_best_known_of_several_columns_counts(written):
    text = "RAJ2000,_RAJ2000,DEJ2000,_DEJ2000,name,Source_Name\n05 09 25.9,77.4,+05 41 35,5.7,x,y\n"
    assert read_catalogue(written(text)).sources == (Direction("y", 77.4, 5.7),)


def test_a_name_is_one_line_that_can_be_printed(written):
    rows = ["a\x1b[31m b", '"a\nRA: 1.00"', "  ", "x" * 1000, "\u202eabc"]
    found = read_catalogue(written("name,ra,dec\n" + "".join(f"{row},1,2\n" for row in rows)))
    assert [source.name for source in found.sources] == ["a [31m b", "a RA: 1.00", "(line 5)", "x" * MAX_NAME, "abc"]


def test_an_integer_may_be_the_name(tmp_path):
    path = tmp_path / "numbers.fits"
    table_of([(17, 1.0, 2.0)], ("ra", "dec", "id")).write(path)
    assert read_catalogue(path).sources == (Direction("17", 1.0, 2.0),)


def test_a_table_in_ascii_is_read(tmp_path):
    from astropy.io import fits

    places = [fits.Column(name, "F9.4", array=[value]) for name, value in (("RA", 77.3582), ("DEC", -5.5))]
    table = fits.TableHDU.from_columns([*places, fits.Column("NAME", "A3", array=["TXS"])])
    table.writeto(tmp_path / "ascii.fits")
    assert read_catalogue(tmp_path / "ascii.fits").sources == (Direction("TXS", 77.3582, -5.5),)


def test_the_first_table_that_has_the_columns_counts(tmp_path):
    from astropy.io import fits

    tables = [
        table_of([(name, 1.0, 2.0)], names) for name, names in (("a", ("x", "y", "z")), ("b", ("ra", "dec", "name")))
    ]
    units = [fits.PrimaryHDU(), *map(fits.table_to_hdu, tables)]
    fits.HDUList(units).writeto(tmp_path / "two.fits")
    assert read_catalogue(tmp_path / "two.fits").sources == (Direction("b", 1.0, 2.0),)


# What is wrong is named


def problem(path):
    with pytest.raises(SettingError) as caught:
        read_catalogue(path)
    assert caught.value.argument == "catalogue"
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no column of right ascension"),
        ("\n\n", "no column of right ascension"),
        ("ra,name\n1,a\n", "no column of declination"),
        ("ra,dec\n1,2\n", "no column of name"),
        ("ra,dec,name\n1,x,a\n", "line 2, dec: 'x' is no angle"),
        ("# a\n\nra,dec,name\n1,2,a\n\n1,2\n", "line 6 has 2 columns, not the 3"),
        ("ra,dec,name\n1,91,a\n", "line 2, dec: 91 deg"),
        ("ra,dec,name\n361,1,a\n", "line 2, ra: 361 deg"),
        ("ra,dec,name\ninf,1,a\n", "line 2, ra: inf is no angle"),
        ("ra,dec,name\n1e999,1,a\n", "line 2, ra"),
        ("ra,dec,name\n10:61:00,1,a\n", "line 2, ra: '10:61:00' has more than 59"),
        ("ra [pc],dec,name\n1,1,a\n", "line 2, ra: 'pc' is no unit"),
        ('ra,dec,name\n1,1,"' + "x" * 200_000 + '"\n', "line 2"),
        (b"ra,dec,name\n1,1,\xff\n", "line 2 no UTF-8"),
        (b"\x1f\x8b\x08rest", "no UTF-8"),
        (b"SIMPLE  = rubbish", "as a FITS table"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(written, text, words):
    assert words in problem(written(text))


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    assert "No such file" in problem(tmp_path / "none.csv")
    assert "no regular file" in problem(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    assert "no regular file" in problem(tmp_path / "pipe")


def test_wrong_columns_of_fits_are_named(tmp_path):
    from astropy.io import fits
    from astropy.table import Table

    path = tmp_path / "wrong.fits"
    table_of([("a", 1.0, 95.0)], ("ra", "dec", "name")).write(path)
    assert "row 1, dec: 95 deg" in problem(path)
    Table({"ra": [1.0], "dec": [2.0]}).write(path, overwrite=True)
    assert "no column of name" in problem(path)
    Table({"ra": [[1.0, 2.0]], "dec": [2.0], "name": ["a"]}).write(path, overwrite=True)
    assert "column ra has more than one value" in problem(path)
    places = [fits.Column(name, "D", array=[1.0]) for name in ("ra", "dec")]
    fits.BinTableHDU.from_columns([*places, fits.Column("name", "PA()", array=["a"])]).writeto(path, overwrite=True)
    assert "column name has more than one value" in problem(path)
    fits.PrimaryHDU(np.zeros((3, 3))).writeto(path, overwrite=True)
    assert "holds no table" in problem(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_damaged_fits_file_is_refused_or_read(tmp_path, data):
    """Never anything but a sentence."""
    path = tmp_path / "damaged.fits"
    table_of([("a", 1.0, 2.0), ("b", 3.0, 4.0)], ("ra", "dec", "name")).write(path, overwrite=True)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(0, 4))):
        content[data.draw(st.integers(9, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(9, len(content)))])
    with contextlib.suppress(SettingError):
        read_catalogue(path)


@given(st.binary(max_size=300) | st.text(st.sampled_from('ra,dec,name\n0123:;"#. '), max_size=100).map(str.encode))
def test_any_bytes_are_refused_or_read(written, content):
    with contextlib.suppress(SettingError):
        read_catalogue(written(b"ra,dec,name\n" + content))


def test_too_many_rows_or_bytes_are_refused(tmp_path, written, monkeypatch):
    monkeypatch.setattr(module, "MAX_ROWS", 2)
    path = tmp_path / "long.fits"
    for n, fits in ((2, True), (3, False)):
        table_of([("a", 1.0, 2.0)] * n, ("ra", "dec", "name")).write(path, overwrite=True)
        text = written("ra,dec,name\n" + "1,2,a\n" * n)
        for file in (path, text):
            if fits:
                assert len(read_catalogue(file).sources) == 2
            else:
                assert "more than 2 rows" in problem(file)
    monkeypatch.setattr(module, "MAX_BYTES", 10)
    assert "larger than 10 bytes" in problem(path)


# Angles


@given(RA, DEC)
def test_sexagesimal_angles_are_those_of_astropy(ra, dec):
    from astropy.coordinates import Angle

    hours, degrees = Angle(ra, "deg"), Angle(dec, "deg")
    for separator in (":", " ", "hms", "dms"):
        unit = "deg" if separator == "dms" else "hourangle"
        text = hours.to_string(unit=unit, sep=separator, precision=6)
        if not text.startswith(("360", "24")):
            assert angle_deg(text, "", is_ra=True) == pytest.approx(ra, abs=1e-8)
    for separator in (":", " ", "dms"):
        text = degrees.to_string(unit="deg", sep=separator, precision=6, alwayssign=True)
        assert angle_deg(text, "", is_ra=False) == pytest.approx(dec, abs=1e-8)
        assert angle_deg(text.encode(), "", is_ra=False) == angle_deg(text, "", is_ra=False)


def test_a_minus_before_0_degrees_counts():
    assert angle_deg("-00:30:00", "", is_ra=False) == -0.5
    assert angle_deg("-00 30", "", is_ra=False) == -0.5


@pytest.mark.parametrize("content", [b"name,ra,dec\rA,1,2\r", b"name,ra,dec\nA,1,2\rB,3,4\n", b'"na\rme",ra,dec\n'])
def test_lines_that_end_as_on_old_computers_are_an_error_that_names_the_line(written, content):
    with pytest.raises(SettingError, match=r"line [12] has a carriage return"):
        read_catalogue(written(content))
