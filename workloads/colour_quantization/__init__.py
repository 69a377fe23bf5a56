"""Colour quantization of a photo with K-Means: stock scikit-learn against scikit-learn-intelex.

After the scikit-learn example 'Color Quantization using K-Means' and the post about it. This module only declares.
"""

from bench.values.arms import BaselineKind
from bench.workload.cases import Case, Code, PublishedRatio, Step
from bench.workload.declaration import Platform, Suggestion, Workload
from bench.workload.levers import Lever, LeverValue
from bench.workload.parameters import Parameter, Upload
from bench.workload.preparation import declare_preparation
from bench.workload.tasks import TaskSet

ORDER = 1

_POST = "Intel's post on scikit-learn-intelex: colour quantization of china.jpg"
_OTHER_TIMES = (
    "The post does not name its processor. It used scikit-learn 0.2x. K-Means has been rewritten since then: version "
    "1.1 made Lloyd's iterations and their chunking several times faster, so today's stock arm is faster"
)

BEFORE = """\
from sklearn.cluster import KMeans
from sklearn.metrics import pairwise_distances_argmin

kmeans = KMeans(n_clusters=64, random_state=0).fit(sample)
labels = kmeans.predict(pixels)
labels_random = pairwise_distances_argmin(codebook_random, pixels, axis=0)
"""

WORKLOAD = Workload(
    name="colour-quantization",
    title="Colour quantization",
    icon=":material/palette:",
    summary="Stock scikit-learn against scikit-learn-intelex, reducing a photo to a few colours with K-Means.",
    story=(
        "A photo has many thousand different colours, that of the Summer Palace 96,615. K-Means finds a few that "
        "represent it best, by default 64.",
        "K-Means learns them from a sample of the pixels (fit), then every pixel gets the nearest colour (predict). "
        "A code book of random colours (random assignment) shows how much the learning improves the picture.",
        "Two more lines of code make scikit-learn-intelex replace scikit-learn's implementation by that of oneDAL. If "
        "it has no implementation of its own, it falls back to stock scikit-learn and says so in its log.",
        "Both arms run in processes of their own on the same cores and take turns in balanced order. Their pictures "
        "must have the same quality.",
    ),
    lever=Lever(
        name="sklearnex",
        label="scikit-learn-intelex",
        values=(
            LeverValue("stock", "stock scikit-learn", BaselineKind.LIBRARY, packages=("sklearn",)),
            LeverValue("sklearnex", "scikit-learn-intelex", BaselineKind.BEST_KNOWN, packages=("sklearn", "sklearnex")),
        ),
        baseline="stock",
        accelerated="sklearnex",
        changes_arithmetic=True,
    ),
    cases=(
        Case(
            "photo",
            "Photo",
            "Reduce a photo to a few colours.",
            code=Code(
                before=BEFORE,
                after="from sklearnex import patch_sklearn\npatch_sklearn()\n" + BEFORE,
            ),
            steps=(
                Step(
                    "fit",
                    "fit",
                    "KMeans.fit on the sample",
                    published=PublishedRatio(
                        10.44,
                        _POST,
                        f"{_OTHER_TIMES}. Fitting 1,000 pixels takes milliseconds, much of which is overhead in both "
                        "arms.",
                    ),
                ),
                Step(
                    "predict",
                    "predict",
                    "KMeans.predict of every pixel",
                    published=PublishedRatio(
                        4.0, _POST, f"{_OTHER_TIMES}. The ratio also grows with the number of cores."
                    ),
                ),
                Step(
                    "assign",
                    "random assignment",
                    "pairwise_distances_argmin of every pixel to the random code book",
                    published=PublishedRatio(
                        1.52,
                        _POST,
                        "Today's scikit-learn-intelex does not accelerate pairwise_distances_argmin. Both arms run the "
                        "same stock code, as the evidence shows, so the true ratio is 1.",
                    ),
                ),
            ),
        ),
    ),
    parameters=(
        Parameter(
            "image",
            "Image",
            "image",
            "china",
            help="A photo that comes with scikit-learn, or your own: PNG, JPEG, WebP, GIF or TIFF, up to 10 MB and 24 "
            "megapixels.",
            choices={"china": "China: Summer Palace", "flower": "Flower: dahlia"},
            upload=Upload(
                "PNG, JPEG, WebP, GIF or TIFF",
                ("png", "jpg", "jpeg", "webp", "gif", "tif", "tiff"),
                10,
                "workloads.colour_quantization.image:check",
            ),
        ),
        Parameter(
            "colours",
            "Colours",
            "integer",
            64,
            "Number of clusters for K-Means: at most the number of colours of the sample.",
            minimum=2,
            maximum=256,
        ),
        Parameter(
            "sample",
            "Sample size",
            "integer",
            1_000,
            help="Number of pixels that K-Means learns from. If the image has fewer, all of its pixels are used.",
            minimum=1_000,
            maximum=1_000_000_000,
            stops=(1_000, 3_000, 10_000, 30_000, 100_000, 1_000_000_000),
            stop_labels={1_000_000_000: "all pixels"},
        ),
        Parameter(
            "start",
            "Starting colours",
            "choice",
            "own",
            help="With k-means++, each library draws its own starting colours, and the numbers of iterations may "
            "differ: without a claim if one does more than twice as many. With the same starting colours, both arms do "
            "the same iterations, at most 5.",
            choices={"own": "each library draws its own (k-means++)", "shared": "the same in both arms"},
        ),
    ),
    batch=Parameter(
        "batch",
        "Batch",
        "integer",
        1,
        help="How many copies of the image each predict and each assignment processes.",
        minimum=1,
        maximum=32,
        noun="image",
    ),
    unit="pixels",
    quality="same picture quality",
    suggestions=(
        Suggestion("Learn from all pixels", {"sample": 1_000_000_000}),
        Suggestion("Use 256 colours", {"colours": 256}),
        Suggestion("Process 8 images at once", {"batch": 8}),
    ),
    arm="workloads.colour_quantization.arm:ColourQuantization",
    tasks=TaskSet(
        entries=(declare_preparation("load scikit-learn and its extension", 5),),
        handler="workloads.colour_quantization.tasks:ColourQuantizationTasks",
    ),
    input_check="workloads.colour_quantization.input_check:check_inputs",
    source="https://scikit-learn.org/stable/auto_examples/cluster/plot_color_quantization.html",
    platform=Platform(
        systems=("Linux", "Windows"),
        note="scikit-learn-intelex is built for x86-64 processors under Linux and Windows only.",
    ),
)
