"""Explanations of every statistic on screen. They are apart from the code that computes them, which imports scipy."""

GLOSSARY: tuple[tuple[str, str], ...] = (
    (
        "Sample",
        "One timed repetition of the workload in one arm: the wall time of every step, per call. A step shorter than "
        "20 ms is called several times inside a sample, equally often in both arms, after one call that is not timed. "
        "Its time is the mean of the other calls. The total counts every step once and adds the time between the "
        "steps.",
    ),
    (
        "Pair",
        "One sample of each arm, one after the other, on the same cores. The order is shuffled and balanced: each arm "
        "begins half of the pairs. A temporary slowdown of the machine affects both samples of a pair. An idle core "
        "starts slowly, so each arm keeps one core busy for 5 ms before its clock starts.",
    ),
    (
        "Warm-up",
        "Samples before the race. They are shown, but they are in no statistic. An arm is warm when none of its last "
        "three samples is more than 3 % faster than the fastest sample before them.",
    ),
    (
        "Median and quartiles",
        "Half of the samples are faster than the median, and the middle half of them lies between the quartiles. No "
        "sample is dropped: outliers beyond Tukey's fences (1.5 interquartile ranges outside the quartiles) are only "
        "marked.",
    ),
    (
        "Percentiles",
        "The 90th percentile is shown from 64 samples on and the 99th from 662, the minimum numbers of MLPerf's early "
        "stopping criterion. With fewer samples, a percentile depends on one or two outliers.",
    ),
    (
        "Ratio",
        "Median time of the baseline divided by the median time of the accelerated arm. A ratio of 2 means half the "
        "time. Ratios are never averaged.",
    ),
    (
        "Interval of the ratio",
        "Where the ratio of the next race of the same plan lies, in 95 of 100 cases. The race is divided into five "
        "blocks of consecutive pairs; Student's t interval of the blocks' mean log ratios, with 2 % for the difference "
        "between two processes of the same program, which one race cannot see. If the blocks differ by more than their "
        "pairs explain, the interval spans all of them. Sampling continues until the part of the interval that more "
        "pairs make narrower is as narrow as requested for every step, or the time budget is spent.",
    ),
    (
        "Interval of a difference in accuracy",
        "95 % interval of the mean difference between the arms over the same questions or pixels: 5,000 resamples of "
        "the pairs, to which one that lost everything and one that gained everything are added, so that few questions "
        "without a difference do not look certain. Pixels are resampled in tiles. Right and wrong answers (exact "
        "match) get Tango's score interval, shares of equal answers the exact one of Clopper and Pearson. The whole "
        "interval of the loss has to be within the limit.",
    ),
    (
        "No difference detected",
        "The interval includes 1, or p is 0.05 or more. Two processes of the same program differ by about 2 % for as "
        "long as they run, and more samples do not average that away.",
    ),
    (
        "p",
        "The probability that two equal arms produce blocks at least as different by chance. Those of the steps are "
        "adjusted by Holm's method: of 28 steps without a difference, one would otherwise often seem to have one.",
    ),
    (
        "Throughput",
        "Units of work divided by the median time. Rates are derived from times and never averaged.",
    ),
    (
        "Effective cores",
        "CPU time of an arm, all its threads and processes included, divided by wall time. 'Asked for 2, used 1.1' "
        "means that only one core was busy most of the time.",
    ),
    (
        "Noise at rest",
        "How much the time of a fixed amount of work varies while nothing races: interquartile range divided by the "
        "median, plus the share of repetitions that are more than 10 % late, both in percent, on the worst core.",
    ),
)
