"""Colour quantization of a photo with K-Means: stock scikit-learn against scikit-learn-intelex.

After the scikit-learn example 'Color Quantization using K-Means' and the post about it. This module only declares.
"""

from bench.workload.declaration import (
    Case,
    Code,
    Lever,
    LeverValue,
    Parameter,
    Platform,
    PublishedRatio,
    Step,
    Workload,
)

ORDER = 2

_POST = "Intel's post on scikit-learn-intelex: colour quantization of china.jpg"
_OTHER_TIMES = (
    "The post does not name its processor. It was written for scikit-learn 0.2x, whose K-Means has since been "
    "rewritten (1.1 made Lloyd's iterations and their chunking several times faster), so that the stock arm of today "
    "is a harder rival"
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
        "A photo of the Summer Palace has 96,615 different colours; K-Means finds the 64 that show it best.",
        "K-Means learns them from a sample of 1,000 pixels (fit), then every pixel takes the nearest (predict); a code "
        "book of random colours (random assignment) shows what the learning is worth.",
        "scikit-learn-intelex swaps scikit-learn's implementation for oneDAL's when two lines are added, and "
        "falls back to the stock one, saying so, where it has none.",
        "Both arms run in processes of their own on the same cores, take turns in random order, and must end with "
        "pictures of the same quality.",
    ),
    lever=Lever(
        name="sklearnex",
        label="scikit-learn-intelex",
        values=(
            LeverValue("stock", "stock scikit-learn", packages=("sklearn",)),
            LeverValue("sklearnex", "scikit-learn-intelex", packages=("sklearn", "sklearnex")),
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
                        f"{_OTHER_TIMES}; and of the milliseconds that fitting 1,000 pixels lasts, much is fixed cost "
                        "in both.",
                    ),
                ),
                Step(
                    "predict",
                    "predict",
                    "KMeans.predict of every pixel",
                    published=PublishedRatio(
                        4.0, _POST, f"{_OTHER_TIMES}; and the ratio grows with the number of cores."
                    ),
                ),
                Step(
                    "assign",
                    "random assignment",
                    "pairwise_distances_argmin of every pixel to the random code book",
                    published=PublishedRatio(
                        1.52,
                        _POST,
                        "Today's scikit-learn-intelex does not patch pairwise_distances_argmin: both arms run the same "
                        "stock code, as the evidence shows, so an honest ratio is 1.",
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
            help="A photo that comes with scikit-learn, or your own (PNG or JPEG, up to 10 MB and 24 megapixels).",
            choices={"china": "China: Summer Palace", "flower": "Flower: dahlia"},
        ),
        Parameter("colours", "Colours", "integer", 64, "Clusters that K-Means looks for.", minimum=2, maximum=256),
        Parameter(
            "sample",
            "Sample to learn from",
            "integer",
            1_000,
            help="Pixels that K-Means is fitted to. More than there are means all of them.",
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
            help="Each library's own k-means++ draws its own starting colours, and may then need another number of "
            "iterations. From shared colours both do the same iterations.",
            choices={"own": "each library's k-means++", "shared": "the same for both"},
        ),
    ),
    batch=Parameter(
        "batch",
        "Batch",
        "integer",
        1,
        help="How often the image is repeated in one predict and one assignment.",
        minimum=1,
        maximum=32,
    ),
    unit="pixels",
    arm="workloads.colour_quantization.arm:ColourQuantization",
    source="https://scikit-learn.org/stable/auto_examples/cluster/plot_color_quantization.html",
    platform=Platform(
        systems=("Linux", "Windows"),
        note="scikit-learn-intelex is built for x86-64 processors under Linux and Windows only.",
    ),
)
