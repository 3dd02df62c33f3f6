import { NO_WORK, type ChangedPart, type ExpectedWork } from '../../analysis/expected-work';
import type { Model } from '../../onnx/graph/model';
import { capturedNames } from '../../onnx/graph/subgraphs';
import type { GraphCuts } from './graph-cuts';
import { BLOCK_WEIGHT_BYTES } from './trial-program';

/** The part of a run that changes make necessary, if a model is divided like this. */
export function changedPart(model: Model, { segmentOf, shares, reached }: GraphCuts): ChangedPart {
  const readers = new Map<string, string[]>();
  for (const node of model.graph.node)
    for (const tensor of [...node.input, ...capturedNames(node)]) {
      const known = readers.get(tensor);
      if (known) known.push(node.name);
      else readers.set(tensor, [node.name]);
    }
  const ofLayers = (layers: readonly string[]): number => {
    const segments = new Set(layers.flatMap((layer) => [...(reached[segmentOf.get(layer) ?? 0] ?? [])]));
    return [...segments].reduce((sum, segment) => sum + (shares[segment] ?? 0), 0);
  };
  // Q/DQ are written in front of the layers that read the tensor.
  return { ofLayers, ofTensor: (tensor) => ofLayers(readers.get(tensor) ?? []) };
}

/**
 * The first quantized model opens all of its parts, which takes longer than a few runs of a small model. Simulated
 * parts that run for a while are opened again in a faster form (ProgramRunner).
 * @param simulates whether Q/DQ run in float arithmetic
 */
export function openingWork(
  { shares }: Pick<GraphCuts, 'shares'>,
  { simulates, weightBytes }: { readonly simulates: boolean; readonly weightBytes: number },
): ExpectedWork {
  const forms = simulates && weightBytes <= BLOCK_WEIGHT_BYTES ? 2 : 1;
  return { ...NO_WORK, opens: forms * shares.length };
}
