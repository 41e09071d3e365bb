"""What is known of the real events."""

import numpy as np
import pytest

from skydriver.events.archive import Archive, Budget
from skydriver.events.classes import DECODERS, decode
from skydriver.events.cleaning import clean
from skydriver.events.frame import parse_frame
from skydriver.events.realtime import load_event
from skydriver.events.shell import open_document, parse_json, unwrap_frames
from skydriver.events.superdst_writer import encode_superdst

ALERT = "138632_31747601"
HESE = ("hese_event_01", "hese_event_02")
ALL = (ALERT, *HESE)


def slots(path):
    document = open_document(parse_json(path.read_bytes()))
    for stop, where, data in unwrap_frames(document.frames, document.frames_at):
        for slot in parse_frame(data, stop, where):
            yield stop, slot


@pytest.fixture
def positions_m(shared):
    table = np.loadtxt(shared / "detector" / "icecube86.csv", delimiter=",", skiprows=1)
    assert np.array_equal((table[:, 0] - 1) * 60 + table[:, 1] - 1, np.arange(5160))
    return table[:, 2:]


@pytest.mark.parametrize("name", ALL)
def test_every_frame_has_its_checksum_and_every_known_object_is_read_to_its_last_byte(real_event, name):
    found = list(slots(real_event(name)))
    assert {stop for stop, _ in found} == set("GCDQP")
    known = [slot for _, slot in found if Archive(slot.blob, slot.name, Budget()).root_class() in DECODERS]
    assert len(known) >= 17
    for slot in known:
        archive = Archive(slot.blob, slot.name, Budget())
        DECODERS[archive.root_class()](archive)
        assert archive.remaining == 0, slot.name


def test_cleaning_gives_exactly_what_the_event_states(real_event, positions_m):
    event = load_event(real_event(ALERT))
    cleaned = clean(event.pulses, positions_m)
    assert (cleaned.nch, cleaned.npulses, cleaned.qtot) == (175, 888, 830.4)
    assert (cleaned.nch, cleaned.npulses, cleaned.qtot) == tuple(
        event.stated[key] for key in ("nch", "npulses", "qtot")
    )


def test_header_of_the_alert(real_event):
    event = load_event(real_event(ALERT))
    assert (event.header.run_id, event.header.event_id, event.header.sub_event_stream) == (
        138632,
        31747601,
        "InIceSplit",
    )
    assert event.header.start_time_utc == "2023-12-02T17:08:24.0932302199Z"
    assert (event.format_version, event.is_real, event.main_series) == ("2023a", True, "SplitInIcePulses")


@pytest.mark.parametrize(
    ("seed", "statement"), [("l2_online_SplineMPE", "splinempe"), ("l2_online_BestFit", "l2_online_bestfit")]
)
def test_first_look_directions_are_those_that_the_json_states(real_event, seed, statement):
    event = load_event(real_event(ALERT))
    found = {seed.name: seed for seed in event.seeds}[seed]
    assert abs(found.zenith_rad - event.stated[f"reco.{statement}.zen"]) <= 1e-5
    assert abs(found.azimuth_rad - event.stated[f"reco.{statement}.azi"]) <= 1e-5


@pytest.mark.parametrize("name", HESE)
def test_superdst_agrees_with_the_full_precision_series(real_event, name):
    event = load_event(real_event(name))
    full, packed = event.series["UncleanedInIcePulses"], event.series["InIceDSTPulses"]
    assert len(full) == len(packed)
    assert np.array_equal(full.string, packed.string)
    assert np.array_equal(full.om, packed.om)
    assert np.array_equal(full.hlc, packed.hlc)
    assert np.abs(full.time_ns - packed.time_ns).max() <= 0.50
    assert np.abs(full.charge_pe - packed.charge_pe).max() <= 0.025


@pytest.mark.parametrize("name", HESE)
def test_an_event_of_2016_has_no_version_and_starts_from_the_uncleaned_split(real_event, name):
    event = load_event(real_event(name))
    assert (event.format_version, event.main_series, dict(event.stated)) == (
        "unversioned",
        "SplitUncleanedInIcePulses",
        {},
    )
    assert [seed.name for seed in event.seeds] == sorted(seed.name for seed in event.seeds)
    assert {"HESE_SPEFit2", "HESE_CascadeLlhVertexFit"} <= {seed.name for seed in event.seeds}
    assert event.vertex is not None


def test_faulty_spans_are_decoded(real_event):
    windows = load_event(real_event("hese_event_02")).time_windows
    assert set(windows) == {"CalibrationErrata", "SaturationWindows"}
    assert set(windows["CalibrationErrata"]) == {(28, 51), (28, 52), (47, 31), (47, 32)}
    ((start, stop),) = windows["SaturationWindows"][47, 31]
    assert (round(start), round(stop)) == (11089, 11106)


def test_our_packing_is_byte_for_byte_that_of_icetray(real_event):
    path = real_event("hese_event_01")
    (original,) = (slot.blob for _, slot in slots(path) if slot.name == "I3SuperDST")
    assert encode_superdst(load_event(path).series["I3SuperDST"]) == original


@pytest.mark.parametrize("name", ALL)
def test_unknown_objects_are_listed_by_name_type_and_size(real_event, name):
    event = load_event(real_event(name))
    sizes = {(stop, slot.name, slot.type_name, len(slot.blob)) for stop, slot in slots(real_event(name))}
    assert {(found.stream, found.name, found.type_name, found.n_bytes) for found in event.objects} == sizes
    assert {"I3CalibrationDiff", "DSTTriggers"} <= {found.name for found in event.objects if not found.decoded}


@pytest.mark.parametrize("name", ALL)
def test_an_event_cannot_be_changed(real_event, name):
    event = load_event(real_event(name))
    with pytest.raises(ValueError, match="read-only"):
        event.pulses.time_ns[0] = 0
    with pytest.raises(TypeError):
        event.series["I3SuperDST"] = event.pulses
    with pytest.raises(TypeError):
        event.time_windows["CalibrationErrata"] = {}


def test_decoding_names_the_place(real_event):
    slot = next(slot for _, slot in slots(real_event(ALERT)) if slot.name == "I3EventHeader")
    assert decode(slot, "P frame, I3EventHeader", Budget()).run_id == 138632
