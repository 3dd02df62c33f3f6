import { layerWeights } from '../../onnx/passes/layer-weights';
import { sparseShare, sparsityCandidate } from '../../onnx/passes/sparse-weights';
import type { Model, Node } from '../../onnx/graph/model';
import { tensorAsFloat32 } from '../../onnx/graph/tensor-values';
import type { LayerWeightsView } from '../../../src-shared/domain/analysis/layer-weights';
import { weightOf } from '../rules/compute-layers';
import { graphFacts } from '../rules/graph-facts';
import { COMPUTE_OPS } from '../rules/op-classes';
import type { WeightScales } from './weight-scales';

/**
 * The INT8 errors of the weights of layers, in graph order. Reads each initializer once.
 * @param wanted by default all layers with constant weights
 */
export function weightReport(
  model: Model,
  weights: WeightScales,
  wanted: (node: Node) => boolean = () => true,
): LayerWeightsView[] {
  const facts = graphFacts(model);
  return facts.nodes.flatMap((node): LayerWeightsView[] => {
    const weight = COMPUTE_OPS.has(node.opType) && wanted(node) ? weightOf(facts, node) : null;
    if (weight === null) return [];
    const { amax, mse, signal, noise } = weights.errors(weight.initializer, weight.axis);
    const ratios = (errors: Float64Array): (number | null)[] =>
      Array.from(errors, (error, channel) => ratioDb(signal[channel] ?? 0, error));
    const sqnrDb = { minmax: ratios(noise.minmax), mse: ratios(noise.mse) };
    const candidate = sparsityCandidate(node, (name) => facts.initializer(name));
    const spread = inputSpread(node, weights, weight.initializer);
    return [
      {
        layer: node.name,
        op: node.opType,
        initializer: weight.initializer,
        amax: Array.from(amax),
        mse: Array.from(mse),
        sqnrDb,
        totalSqnrDb: {
          minmax: ratioDb(sumOf(signal), sumOf(noise.minmax)),
          mse: ratioDb(sumOf(signal), sumOf(noise.mse)),
        },
        worstChannel: smallestOf(sqnrDb.minmax),
        wastedRange:
          sumOf(amax.map((largest, channel) => (largest > 0 ? 1 - (mse[channel] ?? 0) / largest : 0))) / amax.length,
        ...(spread === null ? {} : { inputSpread: spread }),
        ...(candidate === null ? {} : { sparseShare: sparseShare(candidate) }),
      },
    ];
  });
}

function ratioDb(signal: number, noise: number): number | null {
  return noise > 0 ? 10 * Math.log10(signal / noise) : null;
}

function sumOf(values: Iterable<number>): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum;
}

function smallestOf(values: readonly (number | null)[]): number | null {
  return values.reduce<number | null>((least, value, at) => {
    if (value === null) return least;
    return least === null || value < (values[least] ?? Number.POSITIVE_INFINITY) ? at : least;
  }, null);
}

/** Groups of a convolution are taken together, input by input. */
function inputSpread(node: Node, weights: WeightScales, initializer: string): number | null {
  const tensor = weights.tensor(initializer);
  const layout = layerWeights(node, tensor);
  if (layout === null || layout.inputs < 2) return null;
  const values = tensorAsFloat32(tensor);
  const ranges = new Float64Array(layout.inputs);
  for (let o = 0; o < layout.outputs; o++) {
    for (let i = 0; i < layout.inputs; i++) {
      const start = o * layout.outputStride + i * layout.inputStride;
      for (let k = start; k < start + layout.kernel; k++)
        ranges[i] = Math.max(ranges[i] ?? 0, Math.abs(values[k] ?? 0));
    }
  }
  const sorted = ranges.filter((range) => range > 0).sort();
  const middle = sorted[Math.floor(sorted.length / 2)];
  return middle === undefined ? null : (sorted.at(-1) ?? middle) / middle;
}
