"""The operators of graphs in FP32, in BF16, and after Neural Compressor."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

pytest.importorskip("tensorflow", reason="tensorflow is not installed")
pytest.importorskip("neural_compressor", reason="neural_compressor is not installed")

import tensorflow as tf

from tests.support import tiny_bert
from workloads.bert.model import forward
from workloads.bert.profiling import operators
from workloads.bert.profiling.operator_kinds import ModelLocation, classify_operator
from workloads.bert.quantization import convert
from workloads.bert.quantization.config import QuantizationConfig

LAYERS = 2
KEY_PROJECTION = "encoder/layer/1/attention/self/key/MatMul"


@pytest.fixture(scope="module")
def graphs(tmp_path_factory):
    """The same tiny model: FP32, BF16, INT8 but for one projection of its second layer, and INT8 with SmoothQuant."""
    made = tiny_bert.make_checkpoint(tmp_path_factory.mktemp("model"), num_hidden_layers=LAYERS)
    windows = tiny_bert.make_windows(made, count=8)

    def quantized(recipe: QuantizationConfig, **options) -> object:
        return convert.quantize_graph(made, recipe, windows, tiny_bert.ProgressRecorder(), **options)

    return SimpleNamespace(
        checkpoint=made,
        fp32=forward.build_frozen_graph(made),
        bf16=forward.build_frozen_graph(made, tf.bfloat16),
        int8=quantized(QuantizationConfig(), fallback=frozenset([KEY_PROJECTION])),
        smooth=quantized(QuantizationConfig(approach="smooth_quant")),
    )


def count_operators(breakdown: operators.GraphBreakdown) -> dict[tuple[str, str], int]:
    return {(count.kind, count.precision): count.operators for count in breakdown.counts()}


def test_fp32_has_what_a_bert_has(graphs):
    found = operators.describe_graph(graphs.fp32)
    assert count_operators(found) == {
        ("MatMul", "fp32"): 6 * LAYERS + 1,
        ("BatchMatMul", "fp32"): 2 * LAYERS,
        ("Softmax", "fp32"): LAYERS,
        ("Gelu", "fp32"): LAYERS,
        ("LayerNorm", "fp32"): 2 * LAYERS + 1,
        ("BiasAdd", "fp32"): 6 * LAYERS + 1,
        ("Embedding", "fp32"): 2,
        ("Transpose", "fp32"): 4 * LAYERS,
    }
    assert found.projections == operators.Int8Share(0, 13)
    assert found.attention_products == operators.Int8Share(0, 4)


def test_a_layer_norm_counts_once_and_has_its_parts(graphs):
    [norms] = [count for count in operators.describe_graph(graphs.fp32).counts() if count.kind == "LayerNorm"]
    assert (norms.operators, norms.nodes) == (5, 50)


def test_operators_are_in_the_order_of_the_model(graphs):
    locations = [operator.location for operator in operators.describe_graph(graphs.int8).operators]
    assert locations == sorted(locations)
    assert [str(location) for location in dict.fromkeys(locations)] == [
        "embeddings",
        "layer 0, attention",
        "layer 0, feed-forward",
        "layer 1, attention",
        "layer 1, feed-forward",
        "head",
    ]


@pytest.mark.parametrize("name", ["fp32", "bf16", "int8", "smooth"])
def test_every_precision_has_the_same_operators_in_the_same_places(graphs, name):
    found = operators.describe_graph(getattr(graphs, name))
    for layer in range(LAYERS):
        attention = ModelLocation(1 + 2 * layer, f"layer {layer}", "attention")
        feed_forward = ModelLocation(2 + 2 * layer, f"layer {layer}", "feed-forward")
        labels = {"attention": set(), "feed-forward": set()}
        for operator in found.operators:
            if operator.location in (attention, feed_forward) and "MatMul" in operator.kind:
                labels[operator.location.part].add(operator.label)
        products = {"MatMul query", "MatMul key", "MatMul value", "MatMul output"}
        assert labels["attention"] == products | {"BatchMatMul scores", "BatchMatMul context"}
        assert labels["feed-forward"] == {"MatMul widening", "MatMul narrowing"}
        # TensorFlow calls them transpose, transpose_1 and so on: their inputs decide.
        transposes = [operator for operator in found.operators if operator.kind == "Transpose"]
        assert [operator.location for operator in transposes].count(attention) == 4


def test_bf16_multiplies_in_bf16_and_normalises_in_fp32(graphs):
    found = count_operators(operators.describe_graph(graphs.bf16))
    assert found["MatMul", "bf16"] == 13
    assert found["Softmax", "bf16"] == LAYERS
    assert found["LayerNorm", "fp32"] == 5
    # Before each LayerNorm but the first, after each, of the mask, and of the logits. Casts of constants do not count.
    assert found["Cast", "fp32"] == 2 * LAYERS + 1
    assert found["Cast", "bf16"] == 2 * LAYERS + 2
    assert ("MatMul", "fp32") not in found


def test_operators_that_stayed_in_fp32_are_listed(graphs):
    found = operators.describe_graph(graphs.int8)
    assert found.projections == operators.Int8Share(12, 13)
    assert found.attention_products == operators.Int8Share(0, 4)
    kept = [operator for operator in found.operators if operator.kind == "MatMul" and operator.precision == "fp32"]
    assert [(str(operator.location), operator.label) for operator in kept] == [("layer 1, attention", "MatMul key")]
    quantized = [count for count in found.counts() if count.kind == "MatMul" and count.precision == "int8"]
    assert [count.type for count in quantized] == ["QuantizedMatMulWithBiasAndDequantize"]
    # Query, key and value read the same tensor, which is quantized once.
    assert count_operators(found)["Quantize", "int8"] == 4 * LAYERS + 1


def test_a_quantization_belongs_to_the_layer_that_it_feeds(graphs):
    first = ModelLocation(1, "layer 0", "attention")
    fed = [o for o in operators.describe_graph(graphs.int8).operators if o.kind == "Quantize" and o.location == first]
    # One of them reads the embeddings, and is named after both.
    assert len(fed) == 2
    assert any("quantize_embeddings" in operator.name for operator in fed)


def test_smooth_quant_leaves_its_scales(graphs):
    found = count_operators(operators.describe_graph(graphs.smooth))
    assert found["Scale", "fp32"] >= 4 * LAYERS
    assert ("Scale", "fp32") not in count_operators(operators.describe_graph(graphs.int8))


def test_sizes_are_those_of_the_graph(graphs):
    fp32, int8 = operators.describe_graph(graphs.fp32), operators.describe_graph(graphs.int8)
    assert fp32.bytes_on_disk == len(graphs.fp32.SerializeToString())
    held = {constants.precision: constants.bytes for constants in fp32.constants}
    parameters = graphs.checkpoint.config.parameters()
    # The graph has a few scalars besides the parameters.
    assert 4 * parameters <= held["fp32"] < 4 * parameters + 256
    weights = {constants.precision: constants.bytes for constants in int8.constants}
    shapes = graphs.checkpoint.config.shapes()
    linear = sum(
        rows * columns for name, (rows, *rest) in shapes.items() if forward.is_linear(name) for columns in rest
    )
    kept = 32 * 32
    assert weights["int8"] == linear - kept
    assert weights["fp32"] < held["fp32"] - 4 * weights["int8"] + 4_096


def test_describing_leaves_the_graph_alone(graphs):
    before = graphs.int8.SerializeToString(deterministic=True)
    operators.describe_graph(graphs.int8)
    assert graphs.int8.SerializeToString(deterministic=True) == before


def test_the_table_has_before_and_after(graphs):
    changes = operators.compare_graphs(operators.describe_graph(graphs.fp32), operators.describe_graph(graphs.int8))
    table = {(str(change.location), change.operator): change for change in changes}
    query = table["layer 1, attention", "MatMul query"]
    assert (query.before, query.after) == ("fp32", "int8")
    key = table["layer 1, attention", "MatMul key"]
    assert (key.before, key.after) == ("fp32", "fp32")
    quantize_row = table["head", "Quantize"]
    assert (quantize_row.before, quantize_row.count_before, quantize_row.count_after) == ("", 0, 1)
    bias = table["layer 0, feed-forward", "BiasAdd"]
    assert (bias.count_before, bias.after, bias.count_after) == (2, "", 0)
    softmax = table["layer 0, attention", "Softmax"]
    assert (softmax.before, softmax.count_before) == (softmax.after, softmax.count_after)
    assert [change.location for change in changes] == sorted(change.location for change in changes)


def test_casts_of_both_directions_share_a_row(graphs):
    changes = operators.compare_graphs(operators.describe_graph(graphs.fp32), operators.describe_graph(graphs.bf16))
    [casts] = [c for c in changes if str(c.location) == "layer 0, attention" and c.operator == "Cast"]
    assert (casts.before, casts.after, casts.count_after) == ("", "bf16 + fp32", 2)


@pytest.mark.parametrize(
    ("type", "name", "wanted"),
    [
        # As TensorFlow runs them: a product with a fused GELU has the name of the GELU.
        ("_MklNativeFusedMatMul", "encoder/layer/0/intermediate/Gelu/mul_2", "MatMul"),
        ("_MklFusedBatchMatMulV2", "encoder/layer/0/attention/scores/add", "BatchMatMul"),
        ("_MklQuantizedMatMulWithBiasAndDequantize", "qa_outputs/MatMul_eightbit_requantize", "MatMul"),
        ("QuantizedBatchMatMulV2AndDequantize", "encoder/layer/0/attention/scores/MatMul", "BatchMatMul"),
        ("_QuantizedMatMul", "encoder/layer/0/output/dense/MatMul", "MatMul"),
        ("_MklQuantizeV2", "qa_outputs/MatMul_eightbit_quantize_x", "Quantize"),
        ("Dequantize", "x", "Dequantize"),
        ("RequantizePerChannel", "x", "Requantize"),
        ("RequantizationRangePerChannel", "x", "Requantize"),
        ("_MklSoftmax", "x", "Softmax"),
        ("_MklLayerNorm", "x", "LayerNorm"),
        ("Erfc", "encoder/layer/0/intermediate/Gelu/Erfc", "Gelu"),
        ("Const", "encoder/layer/0/intermediate/Gelu/mul/x", "other"),
        ("AddV2", "add_3", "other"),
    ],
)
def test_kinds(type, name, wanted):
    assert classify_operator(type, name) == wanted


def test_a_graph_that_reads_itself_is_refused():
    graph = tf.compat.v1.GraphDef()
    graph.node.add(name="a", op="Neg", input=["b"])
    graph.node.add(name="b", op="Neg", input=["a:0"])
    with pytest.raises(ValueError, match="reads its own result"):
        operators.describe_graph(graph)


def test_an_empty_graph_has_nothing():
    found = operators.describe_graph(tf.compat.v1.GraphDef())
    assert (found.operators, found.constants, found.counts()) == ((), (), ())
