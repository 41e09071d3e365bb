"""Every map that a scan of ours can write may be published, however far it came, unless hardly a pixel has a value."""

import numpy as np
import pytest

from skydriver.detector.geometry import dom_positions
from skydriver.errors import ResultError
from skydriver.events.cleaning import clean
from skydriver.events.realtime import read_event
from skydriver.services.inline_scan import _report
from skydriver.services.local_scan import LocalScan
from skydriver.services.pixel_tasks import PixelTasks, finished
from skydriver.services.preparation import ScanRequest
from skydriver.services.result import sky_map
from skydriver.services.sky_region import SkyRegion
from skydriver.skymap.checks import check_publishable
from skydriver.skymap.json_format import write_json
from skydriver.skymap.npz_format import write_npz
from skydriver.skymap.read import read_map
from skydriver.testing.events import toy_event

EVENT = read_event(toy_event())
CLEANED = clean(EVENT.pulses, dom_positions())
REGIONS = {
    "whole sky": SkyRegion(),
    "disc": SkyRegion.from_text("120,-35", 25.0),
    "small disc": SkyRegion.from_text("120,-35", 0.1),
    "all of it as a disc": SkyRegion.from_text("0,90", 180.0),
    "band": SkyRegion.from_text(zenith_band="60,75"),
}


def maps_of(request):
    """The maps that a scan would leave if it was interrupted after each of its fits, and the last one."""
    scan = LocalScan(request, CLEANED.pulses, EVENT.header.mjd)
    tasks = PixelTasks(scan.ledger, EVENT.header.mjd)
    fitter = request.algorithm().bind(CLEANED.pulses)
    while wanted := scan.ledger.plan().certain:
        for fit in wanted:
            scan.ledger.add(finished(fit, _report(fitter, tasks.task(fit))))
            yield sky_map(scan, EVENT, CLEANED)


def n_values(skymap):
    return sum(np.isfinite(rows["llh"]).sum() for rows in skymap.stages.values())


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("reco", ["dummy:3", "crash_dummy:0.4:nan", "crash_dummy:0.4", "crash_dummy:0.7"])
def test_a_scan_can_be_published_however_far_it_came(reco, region):
    skymap = None
    for skymap in maps_of(ScanRequest(reco, "1:0,2:2,8:3", region=REGIONS[region])):
        if n_values(skymap) > 1:
            assert check_publishable(skymap) == skymap.best_fit()
        else:
            with pytest.raises(ResultError, match=r"has no best fit|only one pixel"):
                check_publishable(skymap)
    assert not skymap.partial


@pytest.mark.parametrize("region", ["whole sky", "disc"])
def test_what_was_written_passes_as_well_and_is_the_same(region, tmp_path):
    for skymap in maps_of(ScanRequest("crash_dummy:0.3", "1:0,2:2", region=REGIONS[region])):
        for path in (write_json(skymap, tmp_path / "a.json")[0], write_npz(skymap, tmp_path / "a.npz")):
            assert read_map(path) == skymap
