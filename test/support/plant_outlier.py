"""Plants an outlier channel: one channel of a Relu's output is scaled, and scaled back in the Conv that reads it.

FP32 answers stay the same; the tensor's range is that of one channel, so that INT8 has few levels left for the others.
Usage: plant_outlier.py MODEL OUT RELU_OUTPUT FACTOR [CHANNEL]
"""

import sys

import numpy as np
import onnx
from onnx import numpy_helper


def plant(model, relu_output, factor, channel):
    graph = model.graph
    initializers = {tensor.name: tensor for tensor in graph.initializer}
    producers = {name: node for node in graph.node for name in node.output}
    consumers = [node for node in graph.node if relu_output in node.input]
    relu = producers[relu_output]
    first = producers[relu.input[0]]
    assert relu.op_type == "Relu" and first.op_type == "Conv" and [node.op_type for node in consumers] == ["Conv"], "expected Conv - Relu - Conv"

    def scale(name, index, by):
        values = numpy_helper.to_array(initializers[name]).copy()
        values[index] *= np.float32(by)
        initializers[name].CopyFrom(numpy_helper.from_array(values, name))

    for name in first.input[1:]:
        scale(name, channel, factor)
    (second,) = consumers
    groups = next((attribute.i for attribute in second.attribute if attribute.name == "group"), 1)
    # A depthwise Conv has its input channel on the first axis.
    scale(second.input[1], channel if groups > 1 else (slice(None), channel), 1 / factor)


def main():
    source, out, relu_output, factor = sys.argv[1:5]
    model = onnx.load(source)
    plant(model, relu_output, float(factor), int(sys.argv[5]) if len(sys.argv) > 5 else 0)
    onnx.save(model, out)


if __name__ == "__main__":
    main()
