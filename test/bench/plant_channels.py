"""Makes a model whose channels have very different ranges, as branches that were re-parameterised into one convolution
have: for every Conv - Relu - Conv without other readers, the channels in between are multiplied by powers of two from 1
to 256, and the weights that read them are divided by the same. FP32 answers the same. Usage: plant_channels.py FROM TO."""
import sys

import numpy as np
import onnx
from onnx import numpy_helper

model = onnx.load(sys.argv[1])
graph = model.graph
tensors = {tensor.name: tensor for tensor in graph.initializer}
readers = {}
for node in graph.node:
    for name in node.input:
        readers.setdefault(name, []).append(node)


def only_reader(name):
    found = readers.get(name, [])
    return found[0] if len(found) == 1 and name not in {out.name for out in graph.output} else None


def multiply(name, factors):
    values = numpy_helper.to_array(tensors[name])
    tensors[name].CopyFrom(numpy_helper.from_array((values * factors).astype(np.float32), name))


random = np.random.default_rng(5)
planted = 0
for first in [node for node in graph.node if node.op_type == "Conv"]:
    relu = only_reader(first.output[0])
    second = only_reader(relu.output[0]) if relu is not None and relu.op_type == "Relu" else None
    if second is None or second.op_type != "Conv":
        continue
    channels = tensors[first.input[1]].dims[0]
    if tensors[second.input[1]].dims[1] != channels:
        continue
    factors = 2.0 ** random.integers(0, 9, channels)
    factors[:2] = 1, 256
    multiply(first.input[1], factors.reshape(-1, 1, 1, 1))
    if len(first.input) > 2:
        multiply(first.input[2], factors)
    multiply(second.input[1], 1 / factors.reshape(1, -1, 1, 1))
    planted += 1
if planted == 0:
    sys.exit("no pair of convolutions found")
onnx.save(model, sys.argv[2])
