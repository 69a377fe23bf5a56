"""The code that the page shows for each value of the lever: what a user would write, without Fairlap's caches."""


def _set_onednn(value: int) -> str:
    return f"""\
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "{value}"                  # before the import of TensorFlow
"""


_FP32_GRAPH = """\
graph = build_frozen_graph(checkpoint)                     # FP32
"""
_BF16_GRAPH = """\
graph = build_frozen_graph(checkpoint, tf.bfloat16)        # BF16
"""
_TENSORFLOW_INT8 = """\
config = StaticQuantConfig(weight_granularity="per_channel")
graph = quantize_model(graph, config, calibration).graph_def
"""
_TENSORFLOW_RUN = """\
with tf.Graph().as_default():
    tf.import_graph_def(graph, name="")
    session = tf.compat.v1.Session()
start, end = session.run(["start_logits:0", "end_logits:0"], windows)
"""
_OPENVINO_MODEL = """\
give_reductions_axis_lists(graph)                          # without, OpenVINO cannot fuse LayerNorm
Path("graph.pb").write_bytes(graph.SerializeToString())
model = openvino.Core().read_model("graph.pb")
"""
_OPENVINO_INT8 = """\
model = nncf.quantize(
    model,
    nncf.Dataset(calibration),
    model_type=nncf.ModelType.TRANSFORMER,
)
"""


def _run_on_openvino(precision: str) -> str:
    return f"""\
hints = {{"INFERENCE_PRECISION_HINT": "{precision}"}}
compiled = openvino.compile_model(model, "CPU", hints)
logits = compiled(windows)
start, end = logits["start_logits:0"], logits["end_logits:0"]
"""


FP32_STOCK = _set_onednn(0) + _FP32_GRAPH + _TENSORFLOW_RUN
FP32 = _set_onednn(1) + _FP32_GRAPH + _TENSORFLOW_RUN
BF16 = _set_onednn(1) + _BF16_GRAPH + _TENSORFLOW_RUN
INT8 = (
    _set_onednn(1)
    + "from neural_compressor.tensorflow import StaticQuantConfig, quantize_model\n\n"
    + _FP32_GRAPH
    + _TENSORFLOW_INT8
    + _TENSORFLOW_RUN
)
OPENVINO_FP32 = "import openvino\n\n" + _FP32_GRAPH + _OPENVINO_MODEL + _run_on_openvino("f32")
OPENVINO_BF16 = "import openvino\n\n" + _FP32_GRAPH + _OPENVINO_MODEL + _run_on_openvino("bf16")
OPENVINO_INT8 = "import nncf, openvino\n\n" + _FP32_GRAPH + _OPENVINO_MODEL + _OPENVINO_INT8 + _run_on_openvino("f32")
