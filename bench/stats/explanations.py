"""Explanations of every statistic on screen. They are apart from the code that computes them, which imports scipy."""

EXPLANATIONS: tuple[tuple[str, str], ...] = (
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
        "Samples before the first pair that counts. They are shown, but they are in no statistic. An arm is warm when "
        "none of its last three samples is more than 3 % faster than the fastest sample before them. If that was not "
        "seen before the pairs, first pairs are excluded too: as long as the median of the next three is more than 5 % "
        "faster in an arm, and if they show that a step has to be called more often within a sample.",
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
        "stopping criterion. With fewer samples, a percentile depends on one or two outliers. If calls are requests of "
        "a service, percentiles (with p50, from 11 on) are those of single requests, and their numbers count requests.",
    ),
    (
        "Ratio",
        "Median time of the baseline divided by the median time of the accelerated arm. A ratio of 2 means half the "
        "time. It is always a ratio of two medians, and never a mean of ratios.",
    ),
    (
        "Interval of the ratio",
        "Where the ratio, averaged over many launches of both programs, lies with 95 % confidence. The "
        "ratio of a single next race varies more. The race is divided into five blocks of consecutive pairs; Student's "
        "t interval from the ratios of medians of the blocks, with 2 % for the difference between two processes of the "
        "same program, which one race cannot see. Below 20 pairs, 5 % are added for slow phases that last as long as "
        "the race, falling to none at 20. If the blocks differ by more than their pairs explain, the interval spans "
        "all of them.",
    ),
    (
        "Change between two runs",
        "The ratio of the second run over that of the first. On a logarithmic scale, the reach of its 95 % interval is "
        "the root of the sum of the squares of the reaches of both ratios. If it includes 1, the two runs cannot be "
        "distinguished; whether the intervals of both ratios overlap is no test. Intervals of several steps are "
        "widened for their number.",
    ),
    (
        "Sampling error",
        "Half of the width that the interval would have by the samples alone, relative to the ratio. More pairs make "
        "it smaller. Sampling continues until it is as small as requested for every step, or the time budget is spent. "
        "The interval is wider, by what one race cannot see.",
    ),
    (
        "Interval of a difference in accuracy",
        "95 % interval of the mean difference between the arms over the same questions or pixels: 5,000 resamples of "
        "the pairs, to which one that lost everything and one that gained everything are added, so that few questions "
        "without a difference do not look certain. Questions on one passage are not independent, so whole passages are "
        "resampled, and the interval is widened to Student's t for their number. Pixels are resampled in tiles. Right "
        "and wrong answers (exact match) get Tango's score interval, shares of equal answers the exact one of Clopper "
        "and Pearson, both with the number of independent questions that would be as precise. The whole interval of "
        "the loss has to be within the limit, and fewer than 30 passages are never enough.",
    ),
    (
        "No difference detected",
        "The interval includes 1, or p is 0.05 or more: a step's own interval may exclude 1, and yet be chance among "
        "many steps. Two processes of the same program differ by about 2 % for as "
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
