"""BERT question answering: FP32 against what oneDNN, bfloat16 and INT8 by Intel Neural Compressor make of it.

After the posts on quantizing BERT for SQuAD with Intel Neural Compressor. This module only declares.
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
    Task,
    TaskSet,
    TimeLimits,
    Upload,
    Workload,
)
from workloads.bert.measurements import (
    AskArguments,
    AskResult,
    BaselineAccuracy,
    OperatorsArguments,
    OperatorsResult,
    QuantizeArguments,
    QuantizeResult,
    TuningPlan,
    TuningTrial,
)

ORDER = 1

_POST = "Intel's post on Neural Compressor: BERT on SQuAD, 1557.3 s to 1201.0 s"
_WHY = (
    "The post times the whole of an evaluation, tokenization and answer search included, of a larger model with an "
    "older TensorFlow on a processor that it does not name. 1.30x is the ratio of the times; the same figures are "
    "22.9 % less time. Its F1 went from 92.99 to 92.41."
)

BEFORE = """\
graph = build_frozen_graph(checkpoint)                     # FP32
session = tf.compat.v1.Session(graph=graph)
start, end = session.run(["start_logits:0", "end_logits:0"], windows)
"""
AFTER = """\
from neural_compressor.tensorflow import StaticQuantConfig, quantize_model

graph = build_frozen_graph(checkpoint)                     # FP32
graph = quantize_model(graph, StaticQuantConfig(weight_granularity="per_channel"), calibration)
session = tf.compat.v1.Session(graph=graph)
start, end = session.run(["start_logits:0", "end_logits:0"], windows)
"""

WORKLOAD = Workload(
    name="bert",
    title="BERT: FP32 to INT8",
    icon=":material/quiz:",
    summary="BERT answers questions about a passage, in FP32 and quantized to INT8 by Intel Neural Compressor.",
    story=(
        "A BERT reads a question and a passage and marks the words of the passage that answer it.",
        "Neural Compressor watches the FP32 model read some calibration passages, then puts its matrix products to "
        "8-bit integers, for which oneDNN has kernels that use VNNI, or AMX where there is one.",
        "What oneDNN can fuse is fused in every arm that uses it: GELU and residual sums into the products, each "
        "LayerNorm into one operator.",
        "Both arms answer the same questions; F1 and exact match, as SQuAD defines them, tell what the speed costs.",
        "FP32 without oneDNN and bfloat16 are there too: any two can race.",
    ),
    lever=Lever(
        name="precision",
        label="precision",
        values=(
            LeverValue(
                "fp32-stock", "FP32, oneDNN off", environment={"TF_ENABLE_ONEDNN_OPTS": "0"}, packages=("tensorflow",)
            ),
            LeverValue("fp32", "FP32", environment={"TF_ENABLE_ONEDNN_OPTS": "1"}, packages=("tensorflow",)),
            LeverValue("bf16", "BF16", environment={"TF_ENABLE_ONEDNN_OPTS": "1"}, packages=("tensorflow",)),
            LeverValue(
                "int8",
                "INT8",
                environment={"TF_ENABLE_ONEDNN_OPTS": "1"},
                packages=("tensorflow", "neural_compressor"),
            ),
        ),
        baseline="fp32",
        accelerated="int8",
        changes_arithmetic=True,
    ),
    cases=(
        Case(
            "squad",
            "SQuAD",
            "Answer questions about passages, as in the SQuAD data set.",
            code=Code(before=BEFORE, after=AFTER),
            steps=(
                Step("tokenize", "tokenization", "questions and passages to windows of word pieces", changes=False),
                Step(
                    "inference",
                    "inference",
                    "BERT's forward pass over the windows",
                ),
                Step(
                    "extract", "answer extraction", "the likeliest span among the best starts and ends", changes=False
                ),
            ),
            published=PublishedRatio(1.30, _POST, _WHY),
        ),
    ),
    parameters=(
        Parameter(
            "model",
            "Model",
            "text",
            "fairlap-minilm-squad",
            help="The one that comes with Fairlap; an untrained shape, for speed alone; or any BERT for question "
            "answering: a folder in the Hugging Face layout, or a hub name such as owner/model.",
            choices={
                "fairlap-minilm-squad": "MiniLM, 6 × 384, trained",
                "bert-base-untrained": "BERT-base shape, untrained",
                "bert-large-untrained": "BERT-large shape, untrained",
            },
            path="if there",
        ),
        Parameter(
            "length",
            "Sequence length",
            "integer",
            128,
            help="Word pieces of a window: question and passage. Longer passages are read in overlapping windows.",
            minimum=64,
            maximum=512,
            stops=(64, 96, 128, 192, 256, 384, 512),
        ),
        Parameter(
            "instances",
            "Instances",
            "integer",
            1,
            help="Models that answer at once, each on cores of its own; the cores are shared out among them.",
            minimum=1,
            maximum=64,
        ),
        Parameter(
            "quantization",
            "Quantization",
            "text",
            "default",
            help="How INT8 is made: as the model's own quantization.json says (that of the shipped one is what basic "
            "tuning found), else all operators, static and per channel; or as a tuning on the Quantize tab has found.",
            choices={"default": "the model's own"},
        ),
        Parameter(
            "evaluation",
            "Questions",
            "text",
            "shipped",
            help="The set that comes with Fairlap, or the path of any file in the SQuAD v1.1 layout; or hand one in.",
            choices={"shipped": "Fairlap's own"},
            upload=Upload("SQuAD v1.1 file", ("json",), 64, "workloads.bert.squad:check"),
            path="always",
        ),
    ),
    batch=Parameter(
        "batch", "Batch", "integer", 8, help="Queries that an instance answers at once.", minimum=1, maximum=128
    ),
    unit="queries",
    arm="workloads.bert.arm:QuestionAnswering",
    tasks=TaskSet(
        entries=(
            Task("ask", "Question answering", AskResult, AskArguments, resident=True),
            Task(
                "quantize",
                "Quantization",
                QuantizeResult,
                QuantizeArguments,
                reports={"baseline": BaselineAccuracy, "plan": TuningPlan, "trial": TuningTrial},
                depends_on=("model", "evaluation", "length"),
            ),
            Task(
                "operators",
                "Operators",
                OperatorsResult,
                OperatorsArguments,
                depends_on=("model", "evaluation", "length", "quantization", "batch"),
            ),
        ),
        handler="workloads.bert.tasks:BertTasks",
        # TensorFlow enables oneDNN by default only on processors with INT8 instructions, but without oneDNN its INT8
        # operators have no kernels.
        environment={"TF_ENABLE_ONEDNN_OPTS": "1"},
    ),
    source="https://github.com/intel/neural-compressor",
    platform=Platform(
        machines=("x86_64",),
        systems=("Linux",),
        note="Neural Compressor quantizes TensorFlow graphs for x86-64 processors under Linux only.",
    ),
    limits=TimeLimits(prepare_s=600.0, sample_s=300.0),
)
