"""What is quoted of an event, for each topology."""

import pytest

from skydriver.services.headline import NOTHING, headline
from skydriver.services.topology import LABELS


@pytest.fixture
def quote(by_hand):
    """A function from a label to what is quoted of the Gaussian's map."""

    def make(label, *, looks=None, calibrated=True):
        return by_hand.findings(label, looks=looks, calibrated=calibrated).headline

    return make


def test_of_a_track_through_the_detector_the_region_is_quoted(quote, by_hand):
    best, regions = by_hand.gaussian_map().best_fit(), by_hand.regions_of(by_hand.gaussian_map())
    quoted = quote("through-going")
    assert (quoted.kind, quoted.source) == ("region", "three-alert floor")
    assert (quoted.ra_deg, quoted.dec_deg) == (best.ra_deg, best.dec_deg)
    assert (quoted.area50_deg2, quoted.area90_deg2) == (regions.region50.area_deg2, regions.region90.area_deg2)
    reach = (quoted.ra_plus_deg, quoted.ra_minus_deg, quoted.dec_plus_deg, quoted.dec_minus_deg)
    assert reach == regions.errors90
    assert (quoted.sigma_sys_deg, quoted.truncated) == (0.8, False)
    assert (quoted.error_deg, quoted.x_m) == (None, None)


@pytest.mark.parametrize("label", ["starting", "skimming"])
def test_of_a_track_that_starts_or_skims_the_events_own_look_is_quoted(quote, by_hand, label):
    looks = [by_hand.look_at("BestFit", 0.3), by_hand.look_at("SplineMPE", 0.1, error_deg=0.159)]
    quoted = quote(label, looks=looks)
    assert (quoted.kind, quoted.source) == ("first_look", "SplineMPE")
    assert (quoted.ra_deg, quoted.dec_deg) == looks[1][1:3]
    assert (quoted.error_deg, quoted.error_name) == (0.159, "bootstrap")
    assert (quoted.area90_deg2, quoted.sigma_sys_deg, quoted.truncated, quoted.x_m) == (None,) * 4


@pytest.mark.parametrize("label", ["starting", "skimming"])
def test_without_a_look_of_a_track_nothing_stands_in_for_it(quote, by_hand, label):
    assert quote(label, looks=[]) == NOTHING
    assert quote(label, looks=[by_hand.look_at("SplineMPE", is_track=False)]) == NOTHING


def test_of_a_cascade_the_vertex_is_quoted_and_no_direction(quote):
    quoted = quote("cascade")
    assert quoted.kind == "vertex"
    assert (quoted.x_m, quoted.y_m, quoted.z_m, quoted.t_ns) == (10.4, 20.0, -30.6, 9000.0)
    assert (quoted.ra_deg, quoted.dec_deg, quoted.area90_deg2, quoted.error_deg) == (None,) * 4


def test_of_what_is_not_known_nothing_is_quoted(quote):
    assert quote("unknown") == NOTHING
    assert quote(None) == NOTHING


def test_without_a_calibration_no_region_is_quoted(quote):
    assert quote("through-going", calibrated=False) == NOTHING
    assert quote("starting", calibrated=False).kind == "first_look"


@pytest.mark.parametrize("label", LABELS)
def test_without_a_best_fit_nothing_is_quoted(by_hand, label):
    assert headline(None, by_hand.topology_of(label), None, [by_hand.look_at()]) == NOTHING


@pytest.mark.parametrize("label", [*LABELS, None])
def test_what_does_not_apply_is_null(quote, label):
    content = quote(label).as_dict()
    assert (content["ra_deg"] is None) == (content["kind"] in {"none", "vertex"})
    assert (content["area90_deg2"] is None) == (content["kind"] != "region")
    assert (content["x_m"] is None) == (content["kind"] != "vertex")
    assert content.keys() == NOTHING.as_dict().keys()


@pytest.mark.parametrize(
    ("label", "words"),
    [
        ("through-going", ("RA 100.", "Dec +20.", "deg (90%), ", "0.8 deg three-alert floor")),
        ("starting", ("the event's own SplineMPE: RA 100.000 Dec +20.100 +- 0.20 deg (bootstrap)",)),
        ("skimming", ("SplineMPE: RA 100.000",)),
        ("cascade", ("vertex x 10 y 20 z -31 m, no direction",)),
        ("unknown", ("nothing is quoted",)),
        (None, ("nothing is quoted",)),
    ],
)
def test_what_is_quoted_is_said_in_a_line_that_fits_the_picture(quote, label, words):
    text = quote(label).text
    assert all(word in text for word in words)
    assert text == quote(label).as_dict()["text"]
    assert len(text.splitlines()) == 1
    assert len(text) < 105


def test_a_look_without_an_error_states_none(quote, by_hand):
    assert "+-" not in quote("starting", looks=[by_hand.look_at(error_deg=None)]).text
