"""The declaration of the BERT workload: question answering in FP32, in BF16, and in INT8 by Intel Neural Compressor, on
TensorFlow; and in the same types on OpenVINO, with INT8 by NNCF.

It follows Intel's posts on quantizing BERT for SQuAD with Neural Compressor.
"""

from bench.values.arms import BaselineKind
from bench.workload.cases import Case, Code, PublishedRatio, Step
from bench.workload.declaration import CacheFolder, Platform, Suggestion, TimeLimits, Workload
from bench.workload.levers import Lever, LeverValue
from bench.workload.parameters import Parameter, Upload
from bench.workload.preparation import declare_preparation
from bench.workload.tasks import Task, TaskSet
from workloads.bert import shown_code
from workloads.bert.bf16_support import explain_openvino_bf16
from workloads.bert.measurements import (
    LOADED_MODEL_SETTINGS,
    AskArguments,
    AskResult,
    BaselineAccuracy,
    LoadResult,
    OperatorsArguments,
    OperatorsResult,
    QuantizeArguments,
    QuantizeResult,
    TuningPlan,
    TuningTrial,
)

ORDER = 2

_POST = "Intel's post on Neural Compressor: BERT on SQuAD, 1557.3 s to 1201.0 s"
_WHY = (
    "The post times a whole evaluation, with tokenization and answer search, of a larger model with an older "
    "TensorFlow on a processor that it does not name. 1.30x is the ratio of the times, which is the same as 22.9 % "
    "less time. F1 fell from 92.99 to 92.41."
)

WORKLOAD = Workload(
    name="bert",
    title="BERT: FP32 to INT8",
    icon=":material/quiz:",
    summary="BERT answers questions about a passage, in FP32 and quantized to INT8: on TensorFlow by Intel Neural "
    "Compressor, on OpenVINO by NNCF.",
    story=(
        "A BERT reads a question and a passage and marks the words of the passage that answer it.",
        "Neural Compressor measures the ranges of tensors while the FP32 model reads some calibration passages. Then "
        "it converts the matrix products to 8-bit integers, for which oneDNN has kernels that use VNNI, or AMX if the "
        "processor has it.",
        "All arms with oneDNN have the same fusions: GELU and residual sums are part of the products, and each "
        "LayerNorm is one operator.",
        "Both arms answer the same questions. F1 and exact match, as SQuAD defines them, show how much accuracy the "
        "speed costs.",
        "OpenVINO is another runtime for the same checkpoint, with INT8 by NNCF and the same calibration questions. "
        "A user could have it instead, so its FP32 is a baseline too.",
        "Any two of these can race: FP32 without oneDNN, FP32, BF16 and INT8 on TensorFlow, and FP32, BF16 and INT8 on "
        "OpenVINO.",
    ),
    lever=Lever(
        name="precision",
        label="precision",
        values=(
            LeverValue(
                "fp32-stock",
                "FP32, oneDNN off",
                # TensorFlow has oneDNN switched on by default.
                BaselineKind.NAIVE,
                environment={"TF_ENABLE_ONEDNN_OPTS": "0"},
                packages=("tensorflow",),
                traits={"library": "TensorFlow without oneDNN", "precision": "FP32"},
                code=shown_code.FP32_STOCK,
            ),
            LeverValue(
                "fp32",
                "FP32",
                BaselineKind.LIBRARY,
                environment={"TF_ENABLE_ONEDNN_OPTS": "1"},
                packages=("tensorflow",),
                traits={"library": "TensorFlow", "precision": "FP32"},
                code=shown_code.FP32,
            ),
            LeverValue(
                "bf16",
                "BF16",
                BaselineKind.LIBRARY,
                environment={"TF_ENABLE_ONEDNN_OPTS": "1"},
                packages=("tensorflow",),
                traits={"library": "TensorFlow", "precision": "BF16"},
                code=shown_code.BF16,
            ),
            LeverValue(
                "int8",
                "INT8",
                BaselineKind.LIBRARY,
                environment={"TF_ENABLE_ONEDNN_OPTS": "1"},
                packages=("tensorflow", "neural_compressor"),
                traits={"library": "TensorFlow", "precision": "INT8"},
                code=shown_code.INT8,
            ),
            LeverValue(
                "openvino-fp32",
                "OpenVINO FP32",
                BaselineKind.LIBRARY,
                packages=("tensorflow", "openvino"),
                optional=True,
                traits={"library": "OpenVINO", "precision": "FP32"},
                code=shown_code.OPENVINO_FP32,
            ),
            LeverValue(
                "openvino-bf16",
                "OpenVINO BF16",
                BaselineKind.LIBRARY,
                packages=("tensorflow", "openvino"),
                optional=True,
                traits={"library": "OpenVINO", "precision": "BF16"},
                explain_obstacle=explain_openvino_bf16,
                code=shown_code.OPENVINO_BF16,
            ),
            LeverValue(
                "openvino-int8",
                "OpenVINO INT8",
                BaselineKind.LIBRARY,
                packages=("tensorflow", "openvino", "nncf"),
                optional=True,
                traits={"library": "OpenVINO", "precision": "INT8"},
                code=shown_code.OPENVINO_INT8,
            ),
        ),
        baseline="fp32",
        accelerated="int8",
        changes_arithmetic=True,
        rival_trait="library",
    ),
    cases=(
        Case(
            "squad",
            "SQuAD",
            "Answer questions about passages, as in the SQuAD data set.",
            code=Code(before=shown_code.FP32, after=shown_code.INT8),
            steps=(
                Step("tokenize", "tokenization", "questions and passages to windows of word pieces", changes=False),
                Step("inference", "inference", "BERT's forward pass over the windows"),
                Step("extract", "answer extraction", "the best span from the logits of starts and ends", changes=False),
            ),
            published=PublishedRatio(1.30, _POST, _WHY, values=("fp32", "int8")),
        ),
    ),
    parameters=(
        Parameter(
            "model",
            "Model",
            "text",
            "fairlap-minilm-squad",
            help="The model that comes with Fairlap; an untrained one, to measure speed only; or any BERT for question "
            "answering: a folder in the Hugging Face layout, or a name of the Hugging Face hub such as owner/model.",
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
            help="Word pieces of question and passage that the model reads at once. Longer passages are read in "
            "overlapping windows.",
            minimum=64,
            maximum=512,
            stops=(64, 96, 128, 192, 256, 384, 512),
        ),
        Parameter(
            "instances",
            "Instances",
            "integer",
            1,
            help="Number of models that compute at the same time. The cores are divided among them.",
            minimum=1,
            maximum=64,
            cores_per="instance",
        ),
        Parameter(
            "quantization",
            "Quantization",
            "text",
            "default",
            help="How the INT8 model is made. The default is the model's own quantization.json (for the shipped model, "
            "the result of basic tuning); without that file, all operators become INT8, static and per channel. A "
            "tuning on the Quantize tab adds its result. A race judges a tuned model only by questions whose passages "
            "the tuning did not read.",
            choices={"default": "recommended for the model"},
            pattern="tuned-[0-9a-f]{12}",
        ),
        Parameter(
            "evaluation",
            "Questions",
            "text",
            "shipped",
            help="The questions that come with Fairlap, or a file: SQuAD 1.1 or 2.0, or rows of the library datasets "
            "as JSON or JSON lines. Enter a path or upload it.",
            choices={"shipped": "the shipped questions"},
            upload=Upload("SQuAD file", ("json", "jsonl"), 64, "workloads.bert.question_file:check"),
            path="always",
        ),
    ),
    batch=Parameter(
        "batch",
        "Batch",
        "integer",
        8,
        help="Questions that an instance answers at once.",
        minimum=1,
        maximum=128,
        noun="question",
    ),
    unit="queries",
    quality="same accuracy",
    suggestions=(
        Suggestion("Answer one question at a time", {"batch": 1}),
        Suggestion("Use a larger model (speed only)", {"model": "bert-base-untrained"}),
        Suggestion("Race BF16 against FP32", {"accelerated": "bf16"}),
        Suggestion("Race FP32 on OpenVINO against it", {"accelerated": "openvino-fp32"}),
    ),
    arm="workloads.bert.arm:QuestionAnswering",
    caches=(CacheFolder("bert", "converted and quantized models of TensorFlow and OpenVINO"),),
    input_check="workloads.bert.input_check:check_inputs",
    tasks=TaskSet(
        entries=(
            Task("load_models", "Model preparation", LoadResult, depends_on=LOADED_MODEL_SETTINGS, resident=True),
            Task("ask", "Question answering", AskResult, AskArguments, depends_on=LOADED_MODEL_SETTINGS, resident=True),
            declare_preparation("quantize BERT", 45, ("model", "length", "quantization", "baseline", "accelerated")),
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
        note="Neural Compressor quantizes TensorFlow graphs only for x86-64 processors on Linux.",
    ),
    limits=TimeLimits(prepare_s=600.0, sample_s=300.0),
    # The 224 shipped questions that judge the shipped INT8 model show its loss of about 1 % to ± 4 % only. A limit of
    # 1 % takes thousands of questions, and so a file of the user's.
    accuracy_limit=0.94,
)
