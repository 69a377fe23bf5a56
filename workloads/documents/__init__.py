"""Documents: a whole pipeline from files to labels, topics and a map, stock against accelerated stage by stage.

This module only declares.
"""

from bench.values.arms import BaselineKind
from bench.workload.cases import Case, Code, StageChoice, Step
from bench.workload.declaration import CacheFolder, Platform, RacePolicy, Suggestion, TimeLimits, Workload
from bench.workload.levers import Lever, LeverValue
from bench.workload.parameters import MAX_TABLE_MB, TABLE_ENDINGS, Parameter, Upload
from bench.workload.preparation import declare_preparation
from bench.workload.tasks import Task, TaskSet
from workloads.documents.catalogue import (
    ACCELERATED,
    CLASSIFIER_LABELS,
    DEEP,
    DEEP_DOCUMENTS,
    DEEP_LENGTH,
    DEEP_PRECISION,
    DEFAULT_STAGES,
    ENVIRONMENT,
    MAX_CORPUS_DOCUMENTS,
    MAX_DOCUMENTS,
    STAGES,
    STOCK,
    TFIDF,
)
from workloads.documents.measurements import CLASSIFY_TASK, MODEL_SETTINGS, ClassifyArguments, ClassifyResult
from workloads.documents.own.limits import AUTOMATIC
from workloads.estimators.options import NO_FILE

ORDER = 6

_LOAD = """\
# load
documents = clean(pd.read_parquet("documents.parquet"))
train, test = split(documents)
# features
"""
_LAST_STAGES = """\
# train, classify
model = SVC(C=10.0).fit(X_train, train.label)
labels = model.predict(X_test)
# topics, map
X = np.concatenate([X_train, X_test])
topics = KMeans(n_clusters=12, init=start, n_init=1, random_state=seed).fit(X)
chosen = np.random.default_rng(seed).permutation(len(X))[:1000]
places = TSNE(max_iter=500, n_jobs=cores, random_state=seed).fit_transform(X[chosen])
"""
_BEFORE = (
    """\
import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.manifold import TSNE
from sklearn.preprocessing import normalize
from sklearn.svm import SVC

"""
    + _LOAD
    + """\
vectorizer = TfidfVectorizer(max_features=10000, sublinear_tf=True)
X_train = vectorizer.fit_transform(train.text)
X_test = vectorizer.transform(test.text)
# reduce
svd = TruncatedSVD(n_components=200, n_iter=2, random_state=seed)
X_train = normalize(svd.fit_transform(X_train))
X_test = normalize(svd.transform(X_test))
"""
    + _LAST_STAGES
)
_AFTER = (
    _BEFORE.replace("from sklearn.cluster", "from sklearnex.cluster")
    .replace("from sklearn.manifold", "from sklearnex.manifold")
    .replace("from sklearn.svm", "from sklearnex.svm")
)

_STEPS = (
    Step(
        "load",
        "load and clean",
        "read the documents, lower their case, leave out what is no letter, empty and repeated documents",
        waits_for_files=True,
    ),
    Step("features", "TF-IDF", "TfidfVectorizer: learn the vocabulary, and count and weight words", changes=False),
    Step("reduce", "truncated SVD", "TruncatedSVD of the TF-IDF matrix, and rows of length 1", changes=False),
    Step("train", "train classifier", "fit the classifier to the labels of the documents to learn from"),
    Step("classify", "classify", "predict the labels of the held-out documents"),
    Step("topics", "topics", "KMeans of all documents, without their labels"),
    Step("map", "map", "t-SNE of some documents"),
)

_DEEP_STEPS = (
    _STEPS[0],
    Step("features", "embeddings", "word pieces through the shipped BERT, the mean of its last hidden states"),
    Step("reduce", "PCA", "principal components of the embeddings, and rows of length 1"),
    *_STEPS[3:],
)
_DEEP_BEFORE = (
    """\
import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from sklearn.preprocessing import normalize
from sklearn.svm import SVC

"""
    + _LOAD
    + """\
graph = build_frozen_graph(checkpoint)
encode = make_encoder(graph)
X_train, X_test = encode(train.text), encode(test.text)
# reduce
pca = PCA(n_components=200, svd_solver="covariance_eigh", random_state=seed)
X_train = normalize(pca.fit_transform(X_train))
X_test = normalize(pca.transform(X_test))
"""
    + _LAST_STAGES
)
_DEEP_AFTER = (
    _DEEP_BEFORE.replace("from sklearn.cluster", "from sklearnex.cluster")
    .replace("from sklearn.decomposition", "from sklearnex.decomposition")
    .replace("from sklearn.manifold", "from sklearnex.manifold")
    .replace("from sklearn.svm", "from sklearnex.svm")
    .replace("encode = make", "graph = quantize_model(graph, config, train.text[:100])\nencode = make")
)
_DEEP_TEXT = """\
- The embeddings are those of the BERT that comes with Fairlap. It was trained to answer questions, not to tell texts
  apart, so its accuracy is lower than that of TF-IDF.
- INT8 is calibrated on documents to learn from only, never on held-out ones.
- For one document in eleven, only one of FP32 and INT8 is right, each for as many. So a few documents tell little about
  the accuracy: the 600 of the default make a race of seconds, but no claim. All 5,000, with an accuracy limit of 0.96,
  can make one in a few minutes; a limit of 0.99 takes about 50,000 documents of your own.
"""


def _offer_stages(case: str, explanation: str) -> Parameter:
    """Which stages of a case the accelerated arm accelerates."""
    return Parameter(
        "accelerate",
        "Accelerated stages",
        "several",
        ",".join(DEFAULT_STAGES[case]),
        help=f"The stages that the accelerated arm accelerates. {explanation}Loading by Modin starts Ray in the "
        "accelerated arm, and loses with so few documents.",
        choices={stage.name: f"{stage.label}: {stage.replacement}" for stage in STAGES[case] if stage.replacement},
    )


def _list_stages(case: str) -> StageChoice:
    return StageChoice("accelerate", {stage.name: stage.steps for stage in STAGES[case] if stage.replacement})


_TEXT = """\
- Every stage is timed. What is between the stages, such as converting a table to texts, is part of the total.
- The TF-IDF matrix and its truncated SVD have no accelerated version: both arms run the same code. However fast the
  other stages get, the total cannot get faster than these two allow.
- **Accelerated stages**, under **More**, chooses what the accelerated arm accelerates.
"""

_OWN_DOCUMENTS = (
    Parameter(
        "file",
        "Own documents",
        "text",
        NO_FILE,
        help="Documents of yours instead of the documentation strings: a folder that has one folder of text files for "
        "each class, or a CSV or Parquet file with a column of texts and one of labels. Enter a path, or upload a "
        "table.",
        choices={NO_FILE: "none"},
        upload=Upload("CSV or Parquet file", TABLE_ENDINGS, MAX_TABLE_MB, "workloads.documents.own.table:check"),
        path="always",
    ),
    Parameter(
        "text_column",
        "Text column",
        "text",
        AUTOMATIC,
        help="The column of your table that has the texts. Automatic: one with an obvious name, such as text. A folder "
        "has no columns.",
        choices={AUTOMATIC: "automatic"},
        only_with="file",
        column_of="file",
    ),
    Parameter(
        "label_column",
        "Label column",
        "text",
        AUTOMATIC,
        help="The column of your table that has the classes. Automatic: one with an obvious name, such as label. In a "
        "folder, the names of its folders are the classes.",
        choices={AUTOMATIC: "automatic"},
        only_with="file",
        column_of="file",
    ),
)

WORKLOAD = Workload(
    name="documents",
    title="Document analysis",
    icon=":material/library_books:",
    summary="A text pipeline end to end: load, features, reduce, classify, topics, map; accelerated stage by stage.",
    story=(
        "The speedup of a kernel is not the speedup of an application. Here a whole pipeline is raced, from a file of "
        "documents to their labels, topics and a map.",
        "The documents are the documentation strings of eleven libraries that are installed with Fairlap, and of "
        "Python's standard library. The pipeline finds out which of them a text is about. The names of the libraries "
        "and of their modules are masked, because they would give it away. **Own documents**, under **More**, takes a "
        "folder or a table of yours instead.",
        "Each stage has its own libraries. The accelerated arm replaces those that have a faster version; the others "
        "run the same code in both arms, and limit what the rest can gain (Amdahl's law).",
        "Both arms classify the same held-out documents. The accuracy must stay the same.",
    ),
    lever=Lever(
        name="libraries",
        label="libraries",
        values=(
            LeverValue(
                STOCK,
                "stock libraries",
                BaselineKind.LIBRARY,
                environment=ENVIRONMENT,
                packages=("sklearn", "pandas", "pyarrow"),
            ),
            LeverValue(
                ACCELERATED,
                "accelerated pipeline",
                BaselineKind.BEST_KNOWN,
                subject="The accelerated pipeline",
                environment=ENVIRONMENT,
                packages=("sklearn", "sklearnex", "pandas", "pyarrow"),
            ),
        ),
        baseline=STOCK,
        accelerated=ACCELERATED,
        changes_arithmetic=True,
    ),
    cases=(
        Case(
            TFIDF,
            "TF-IDF",
            "Weighted counts of words, reduced by a truncated SVD.",
            steps=_STEPS,
            code=Code(before=_BEFORE, after=_AFTER),
            text=_TEXT,
            budget_s=90,
            stages=_list_stages(TFIDF),
            parameters=(
                _offer_stages(TFIDF, "TF-IDF and truncated SVD have no accelerated version. "),
                Parameter(
                    "features",
                    "Features",
                    "integer",
                    10_000,
                    "Words of the vocabulary: the most frequent ones.",
                    minimum=200,
                    maximum=50_000,
                    noun="word",
                    stops=(200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000),
                ),
            ),
        ),
        Case(
            DEEP,
            "Deep features",
            "Embeddings by the shipped BERT, in FP32 and in INT8 or BF16, reduced by PCA.",
            steps=_DEEP_STEPS,
            code=Code(before=_DEEP_BEFORE, after=_DEEP_AFTER),
            text=_DEEP_TEXT,
            budget_s=120,
            stages=_list_stages(DEEP),
            batch=DEEP_DOCUMENTS,
            parameters=(
                _offer_stages(DEEP, ""),
                Parameter(
                    "precision",
                    "Precision of the accelerated encoder",
                    "choice",
                    DEEP_PRECISION,
                    "The baseline computes in FP32.",
                    choices={"int8": "INT8", "bf16": "BF16"},
                ),
                Parameter(
                    "length",
                    "Sequence length",
                    "integer",
                    DEEP_LENGTH,
                    "Word pieces at the beginning of a document that the encoder reads.",
                    minimum=16,
                    maximum=512,
                    stops=(16, 32, 64, 128, 256, 512),
                ),
            ),
        ),
    ),
    parameters=(
        *_OWN_DOCUMENTS,
        Parameter("classifier", "Classifier", "choice", "svc", "What learns the labels.", choices=CLASSIFIER_LABELS),
        Parameter(
            "components",
            "Components",
            "integer",
            200,
            "Numbers that describe a document after the reduction: fewer than features and documents.",
            minimum=10,
            maximum=1_000,
            stops=(10, 20, 50, 100, 150, 200, 300, 500, 1_000),
        ),
        Parameter("topics", "Topics", "integer", 12, "Clusters of K-Means.", minimum=2, maximum=100),
        Parameter(
            "mapped",
            "Documents on the map",
            "integer",
            1_000,
            "Drawn by the seed. t-SNE takes longer than everything else together if it gets many.",
            minimum=100,
            maximum=MAX_CORPUS_DOCUMENTS,
            noun="document",
            stops=(100, 200, 500, 1_000, 2_000, 5_000, MAX_CORPUS_DOCUMENTS),
        ),
    ),
    batch=Parameter(
        "batch",
        "Documents",
        "integer",
        5_000,
        help="The first documents of the corpus, of all classes alike; all of them if it has fewer. Own documents are "
        "drawn by the seed. A quarter is held out.",
        minimum=240,
        maximum=MAX_DOCUMENTS,
        noun="document",
        stops=(240, 600, 1_200, 2_400, 3_600, 5_000, MAX_CORPUS_DOCUMENTS, 20_000, MAX_DOCUMENTS),
    ),
    unit="documents",
    end_to_end=True,
    quality="same accuracy",
    suggestions=(
        Suggestion("Accelerate the classifier only", {"accelerate": "classifier"}, cases=(TFIDF,)),
        Suggestion("Accelerate the map only", {"accelerate": "map"}, cases=(TFIDF,)),
        Suggestion("Use a random forest", {"classifier": "random-forest"}),
    ),
    arm="workloads.documents.arm:DocumentPipeline",
    tasks=TaskSet(
        entries=(
            declare_preparation(
                "read the documents, and quantize the encoder", 40, ("case", "batch", "file", "length", "precision")
            ),
            Task(
                CLASSIFY_TASK,
                "Text classification",
                ClassifyResult,
                ClassifyArguments,
                depends_on=MODEL_SETTINGS,
                resident=True,
            ),
        ),
        handler="workloads.documents.tasks:DocumentTasks",
        environment=ENVIRONMENT,
    ),
    input_check="workloads.documents.input_check:check_inputs",
    checks_every_plan=True,
    caches=(CacheFolder("documents", "documents"),),
    # Ray, if Modin loads the documents.
    policy=RacePolicy(resume_delay_s=0.1),
    source="https://uxlfoundation.github.io/scikit-learn-intelex/",
    platform=Platform(
        systems=("Linux", "Windows"),
        note="scikit-learn-intelex is built for x86-64 processors under Linux and Windows only.",
    ),
    limits=TimeLimits(prepare_s=600.0, sample_s=600.0),
)
