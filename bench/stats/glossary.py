"""What every statistic on screen means, in words; beside `bench.stats.comparison`, which computes them and loads scipy."""

GLOSSARY = (
    (
        "A sample",
        "One timed repetition of the workload on one arm: the wall time of every step on its own, per call. A "
        "step shorter than 5 ms is called several times inside a sample, equally often in both arms, and its time"
        " is the mean of those calls. The whole is the sum of the steps once and of what lies between them.",
    ),
    (
        "A pair",
        "Both arms, one after the other, on the same cores, in random order. What makes the machine slower for a "
        "while hits both samples of a pair alike. A core that has slept starts slowly, so each arm keeps one busy for "
        "5 ms before its clock starts.",
    ),
    (
        "Warm-up",
        "Samples before the race that are shown and do not count. An arm is warm when its last three samples "
        "brought no time more than 3 % below the best before them.",
    ),
    (
        "Median and quartiles",
        "Half of the samples took less time than the median, and the middle half of them lies between the "
        "quartiles. No sample is dropped: those beyond Tukey's fences (1.5 interquartile ranges outside the "
        "quartiles) are marked.",
    ),
    (
        "Percentiles",
        "The 90th is shown from 64 samples on and the 99th from 662, the floors of MLPerf's early stopping "
        "criterion; below them a percentile is a reading of one or two outliers.",
    ),
    (
        "Ratio",
        "Median time of the baseline over median time of the accelerated arm: 2 means half the time. Ratios are "
        "never averaged.",
    ),
    (
        "Interval of the ratio",
        "95 % bootstrap percentile interval from 2,000 resamples of whole pairs, in blocks of neighbours. "
        "Sampling goes on until it is narrower than asked, for every step, or the budget is spent.",
    ),
    (
        "No difference detected",
        "The interval holds 1, or the ratio is within 2 % of it: two processes of the very same program differ by"
        " about as much for as long as they live, and no number of samples averages that away.",
    ),
    (
        "Mann-Whitney p",
        "How often chance alone would order the samples of two equal arms at least as unevenly. It stands beside "
        "the interval and decides nothing.",
    ),
    (
        "Throughput",
        "Units of work over the median time. Rates are derived from times, never averaged.",
    ),
    (
        "Effective cores",
        "Processor time over wall time of an arm, all its threads and processes counted: 'asked 2, used 1.1' "
        "means that most of the time one core was at work.",
    ),
    (
        "Noise at rest",
        "How much a fixed piece of work varies while nothing races: interquartile range over median, plus the "
        "share of repetitions more than 10 % late, of the worst core, in per cent.",
    ),
)
