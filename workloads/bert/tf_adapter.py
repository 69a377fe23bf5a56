"""Adapter of TensorFlow: the only module of this workload that uses names that TensorFlow does not document.

These are the operators that TensorFlow's oneDNN build registers under private names, the format of the nodes in a
full trace, and the function of `tensorflow.python` by which Neural Compressor reads constants. Importing this module
raises `UnsupportedLibrary` if the installed TensorFlow is not one that was tested, or lacks one of the names.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from unittest import mock

import numpy as np

from bench.workload.library_guard import LibraryGuard, UnsupportedLibrary
from workloads.bert.light_tensorflow import tf

GUARD = LibraryGuard("tensorflow", "==2.21.*", "build fused oneDNN operators and to trace and quantize graphs")

INT8_PRODUCT = "_QuantizedMatMul"
CONVERTED_PRODUCT = "QuantizedMatMulWithBiasAndDequantize"
"""The operator that Neural Compressor puts in place of a MatMul and its BiasAdd; TensorFlow registers it publicly."""
LAYER_NORM = "_MklLayerNorm"
BATCH_PRODUCT = "_MklFusedBatchMatMulV2"
FLOAT_PRODUCT = "_FusedMatMul"
_OPERATOR_ATTRIBUTES = {
    INT8_PRODUCT: {
        *("Tdevice_inputs", "Thost_inputs", "Tdevice_outputs", "Thost_outputs", "T1", "T2", "Tbias", "U", "Tout"),
        *("fused_ops", "transpose_a", "transpose_b", "input_quant_mode"),
    },
    LAYER_NORM: {"T", "epsilon"},
    BATCH_PRODUCT: {"T", "adj_x", "adj_y", "num_args", "fused_ops"},
    FLOAT_PRODUCT: {"T", "transpose_a", "transpose_b", "num_args", "fused_ops"},
}
"""Private operators, each with the attributes that are set here."""
_PRIVATE_PREFIX = "_Mkl"

FLOAT, BF16, INT8, UINT8 = (kind.as_datatype_enum for kind in (tf.float32, tf.bfloat16, tf.qint8, tf.quint8))


def _check_operators() -> None:
    """Raise UnsupportedLibrary if TensorFlow does not register a private operator with the attributes used here."""
    get_definition = GUARD.require("tensorflow.python.framework.op_def_registry:get")
    for name, attributes in _OPERATOR_ATTRIBUTES.items():
        definition = get_definition(name)
        known = {attribute.name for attribute in definition.attr} if definition else set()
        if missing := attributes - known:
            raise UnsupportedLibrary(
                f"tensorflow {tf.__version__} has no operator {name} with the attribute {sorted(missing)[0]}",
                f"Install a version that works: pip install 'tensorflow{GUARD.tested}'.",
            )


_check_operators()
_tensor_util = GUARD.require("tensorflow.python.framework.tensor_util")
_read_constant = GUARD.require("tensorflow.python.framework.tensor_util:MakeNdarray")


def make_int8_product(name: str, product: Any, fused_operator: str, extra_inputs: Sequence[str] = ()) -> Any:
    """Return a NodeDef called `name`: an INT8 matrix product with a bias and one more operator in one kernel.

    `product` is a QuantizedMatMulWithBiasAndDequantize node. `fused_operator` is `GeluExact`, or `Add` with the name of
    the tensor to add as the only one of `extra_inputs` (float32). The output is float32.
    """
    node = tf.compat.v1.NodeDef(name=name, op=INT8_PRODUCT, device=product.device)
    node.input.extend([*product.input[:3], *extra_inputs, *product.input[3:7]])
    bias_type = product.attr["Tbias"].type
    node.attr["Tdevice_inputs"].list.type.extend([UINT8, INT8, bias_type, *[FLOAT] * len(extra_inputs)])
    # The ranges of the two factors: minimum and maximum of each.
    node.attr["Thost_inputs"].list.type.extend([FLOAT] * 4)
    node.attr["Tdevice_outputs"].list.type.append(FLOAT)
    node.attr["Thost_outputs"].list.SetInParent()
    for attribute, kind in {"T1": UINT8, "T2": INT8, "Tbias": bias_type, "U": FLOAT, "Tout": FLOAT}.items():
        node.attr[attribute].type = kind
    node.attr["fused_ops"].list.s.extend([b"BiasAdd", fused_operator.encode(), b"Dequantize"])
    for attribute in ("transpose_a", "transpose_b", "input_quant_mode"):
        node.attr[attribute].CopyFrom(product.attr[attribute])
    return node


def make_float_product(name: str, product: Any, arguments: Sequence[str], fused_operators: Sequence[str]) -> Any:
    """Return a NodeDef called `name`: a floating-point matrix product and more operators in one kernel.

    `product` is a MatMul node. `fused_operators` are `BiasAdd` and at most one more, `GeluExact` or `Add`; `arguments`
    are the names of the tensors that they read: the bias, and what `Add` adds.
    """
    node = tf.compat.v1.NodeDef(name=name, op=FLOAT_PRODUCT, device=product.device)
    node.input.extend([*product.input[:2], *arguments])
    for attribute in ("T", "transpose_a", "transpose_b"):
        node.attr[attribute].CopyFrom(product.attr[attribute])
    node.attr["num_args"].i = len(arguments)
    node.attr["fused_ops"].list.s.extend(operator.encode() for operator in fused_operators)
    return node


def remove_fused_sum(product: Any) -> None:
    """Let the NodeDef of a product no longer add another tensor. Nothing changes if it does not."""
    operators = [operator for operator in product.attr["fused_ops"].list.s if operator != b"Add"]
    if len(operators) == len(product.attr["fused_ops"].list.s):
        return
    product.attr["fused_ops"].list.ClearField("s")
    product.attr["fused_ops"].list.s.extend(operators)
    # After the factors and the bias.
    del product.input[3]
    if product.op == INT8_PRODUCT:
        del product.attr["Tdevice_inputs"].list.type[3]
    else:
        product.attr["num_args"].i -= 1


def read_product_type(product: Any) -> int:
    """The number of the type that the NodeDef of a product makes."""
    attribute = {INT8_PRODUCT: "Tout", CONVERTED_PRODUCT: "Toutput"}.get(product.op, "T")
    return product.attr[attribute].type


def make_scaled_masked_product(name: str, product: Any, factor: str, mask: str) -> Any:
    """Return a NodeDef called `name`: a batched matrix product, times `factor`, plus `mask`, in one kernel.

    `product` is a BatchMatMulV2 node; `factor` and `mask` are names of tensors.
    """
    node = tf.compat.v1.NodeDef(name=name, op=BATCH_PRODUCT, device=product.device)
    node.input.extend([*product.input, factor, mask])
    for attribute in ("T", "adj_x", "adj_y"):
        node.attr[attribute].CopyFrom(product.attr[attribute])
    node.attr["num_args"].i = 2
    node.attr["fused_ops"].list.s.extend([b"Mul", b"Add"])
    return node


def make_layer_norm(name: str, device: str, x: str, gamma: str, beta: str, epsilon: float) -> Any:
    """Return a NodeDef called `name`: LayerNorm of the float32 tensor `x` over its last axis, in one kernel.

    `x`, `gamma` (scale) and `beta` (offset) are names of tensors.
    """
    node = tf.compat.v1.NodeDef(name=name, op=LAYER_NORM, device=device)
    node.input.extend([x, gamma, beta])
    node.attr["T"].type = FLOAT
    node.attr["epsilon"].f = epsilon
    return node


def is_fused(graph: Any) -> bool:
    """Whether a GraphDef contains operators that only the functions above make; Neural Compressor makes INT8 products
    too."""
    return any(node.op in _OPERATOR_ATTRIBUTES and node.op != INT8_PRODUCT for node in graph.node)


def public_operator_name(operator: str) -> str:
    """The name of the operator that a oneDNN operator replaces: `_MklReshape` becomes `Reshape`."""
    return operator.removeprefix(_PRIVATE_PREFIX)


def read_trace(metadata: Any) -> Iterator[tuple[str, str, float]]:
    """Yield (operator type, node name, milliseconds) of each node in the RunMetadata of a run with FULL_TRACE."""
    for device in metadata.step_stats.dev_stats:
        for node in device.node_stats:
            # `name = Type(inputs)`
            operator = node.timeline_label.partition(" = ")[2].partition("(")[0] or "unknown"
            yield operator, node.node_name, (node.op_end_rel_nanos - node.op_start_rel_nanos) / 1e6


@contextlib.contextmanager
def patch_constant_reader(replace: Callable[[Any], Any]) -> Iterator[None]:
    """Make TensorFlow's Python code, and libraries that use it, read `replace(tensor)` in place of each TensorProto.

    The patch holds for the whole process.
    """

    def read_replaced(tensor: Any) -> np.ndarray:
        return _read_constant(replace(tensor))

    with mock.patch.object(_tensor_util, "MakeNdarray", read_replaced):
        yield
