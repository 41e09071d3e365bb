import numpy as np
import pytest

from skydriver.events.event import Pulses


def test_columns_of_different_length_are_no_pulses():
    with pytest.raises(ValueError, match="equally long"):
        Pulses([1, 2], [1, 2], [0.0], [1.0, 1.0], [1.0, 1.0], [True, True])


def test_pulses_keep_no_tie_to_what_they_were_made_from():
    times = np.array([1.0, 2.0])
    pulses = Pulses([1, 1], [1, 2], times, [1.0, 1.0], [1.0, 1.0], [True, False])
    times[0] = 99
    assert pulses.time_ns[0] == 1.0
    with pytest.raises(ValueError, match="read-only"):
        pulses.charge_pe[0] = 0


def test_the_photomultiplier_is_0_where_none_is_named():
    assert Pulses([1, 1], [1, 2], [0.0, 1.0], [1.0, 1.0], [1.0, 1.0], [True, False]).pmt.tolist() == [0, 0]


def test_modules_are_counted_once():
    pulses = Pulses([1, 1, 2, 86], [1, 1, 1, 60], np.arange(4.0), np.ones(4), np.ones(4), np.ones(4, bool))
    assert (pulses.n_dom, pulses.qtot_pe) == (3, 4.0)
    assert pulses.select(pulses.string == 1).n_dom == 1
    assert hash(pulses) == hash(pulses.select(np.ones(4, bool)))
