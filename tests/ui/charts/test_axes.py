"""Units of time, and ticks of logarithmic axes."""

import pytest

from ui.charts import axes


@pytest.mark.parametrize(
    ("low", "high", "texts"),
    [
        (0.1, 48, ["0.1", "0.3", "1", "3", "10", "30"]),
        (4, 700, ["5", "10", "20", "50", "100", "200", "500"]),
        (1.9, 10.5, ["2", "3", "5", "7", "10"]),
        (900, 2100, ["1,000", "1,200", "1,400", "1,600", "1,800", "2,000", "2,200"]),
        (0.00002, 0.00009, ["0.00002", "0.00003", "0.00005", "0.00007"]),
        (1 / 64, 512, ["0.01", "0.1", "1", "10", "100"]),
        (1e-9, 1e9, ["0.000000001", "0.000001", "0.001", "1", "1,000", "1,000,000", "1,000,000,000"]),
        (3, 3, ["2.9", "2.95", "3", "3.05", "3.1", "3.15"]),
    ],
)
def test_ticks_of_a_logarithmic_axis_are_round_numbers_written_in_full(low, high, texts):
    axis = axes.build_log_axis([high, 0.0, low])
    assert axis["ticktext"] == texts
    assert [float(text.replace(",", "")) for text in texts] == axis["tickvals"]


@pytest.mark.parametrize("ratio", [1.0001, 1.01, 1.3, 1.75, 2, 4.99, 5, 7, 30, 1e3, 1e5, 1e20])
def test_every_logarithmic_axis_has_two_to_eight_ticks(ratio):
    for low in (1e-7, 0.37, 1, 8.6, 100, 950):
        ticks = axes.choose_log_ticks(low, ratio * low)
        assert 2 <= len(ticks) <= axes.MAX_TICKS, (low, ratio, ticks)


def test_ticks_of_times_have_the_unit_that_suits_them():
    assert axes.log_time_axis([3e-4, 0.2])["ticktext"] == ["300 µs", "1 ms", "3 ms", "10 ms", "30 ms", "100 ms"]
    assert axes.log_time_axis([0.6, 40])["ticktext"] == ["500 ms", "1 s", "2 s", "5 s", "10 s", "20 s"]


@pytest.mark.parametrize(
    ("times", "name"), [([], "ms"), ([0.0], "ms"), ([2e-7], "ns"), ([4e-5, 5e-5, 3.0], "µs"), ([0.9996], "s")]
)
def test_the_unit_of_several_times_suits_their_median(times, name):
    assert axes.TimeUnit.of_all(times).name == name
