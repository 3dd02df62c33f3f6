import type { ModelView } from '../../../src-shared/contract/views';

/** Who writes and who reads each tensor. */
export interface TensorIndex {
  /** The layer that writes it; undefined for an input of the model. */
  readonly producerOf: (tensor: string) => string | undefined;
  /** Layers that read it, in topological order, each once. */
  readonly readersOf: (tensor: string) => readonly string[];
  readonly isModelInput: (tensor: string) => boolean;
  readonly isModelOutput: (tensor: string) => boolean;
}

export function tensorIndex(model: Pick<ModelView, 'inputs' | 'outputs' | 'layers'>): TensorIndex {
  const producers = new Map<string, string>();
  const readers = new Map<string, string[]>();
  for (const { layer, inputs, outputs } of model.layers) {
    for (const tensor of outputs) producers.set(tensor, layer);
    for (const tensor of new Set(inputs)) {
      const known = readers.get(tensor);
      if (known === undefined) readers.set(tensor, [layer]);
      else known.push(layer);
    }
  }
  const inputs = new Set(model.inputs);
  const outputs = new Set(model.outputs);
  return {
    producerOf: (tensor) => producers.get(tensor),
    readersOf: (tensor) => readers.get(tensor) ?? [],
    isModelInput: (tensor) => inputs.has(tensor),
    isModelOutput: (tensor) => outputs.has(tensor),
  };
}
