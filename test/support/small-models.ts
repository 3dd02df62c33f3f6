import { layerId } from '../../src-shared/base/brand';
import type { LayerView, ModelView } from '../../src-shared/contract/views';
import type { Precision } from '../../src-shared/domain/project/precision';

/** A layer named `name` that reads `inputs` and writes a tensor of its own name. */
export function layerOf(name: string, inputs: readonly string[] = [], precision: Precision = 'int8'): LayerView {
  return {
    layer: name,
    op: 'Relu',
    inputs,
    outputs: [name],
    weightShape: null,
    parameters: 0,
    choice: precision,
    planned: precision,
    decision: {
      layer: layerId(name),
      op: 'Relu',
      precision,
      code: 'integer-kernel',
      reason: 'between quantized layers',
    },
    edges: [],
    fp16Hazards: [],
  };
}

/**
 * A model whose inputs are the keys of `inputs` and whose layers read the tensors named; its last layer is its output.
 */
export function modelOf(
  inputs: Readonly<Record<string, readonly never[]>>,
  layers: Readonly<Record<string, readonly string[]>>,
): ModelView {
  const names = Object.keys(layers);
  return {
    inputs: Object.keys(inputs),
    outputs: names.slice(-1),
    layers: names.map((name) => layerOf(name, layers[name] ?? [])),
    calibrationTensors: names,
  };
}
