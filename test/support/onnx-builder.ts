import {
  DataType,
  type Graph,
  type Model,
  type Node,
  type Tensor,
  type ValueInfo,
} from '../../src-main/onnx/graph/model';
import { makeModel, makeValueInfo } from '../../src-main/onnx/graph/make';

type Shape = readonly (number | string)[];

export interface GraphSpec {
  /** float32 inputs by name. */
  readonly inputs?: Readonly<Record<string, Shape>>;
  /** float32 outputs; null leaves the shape open. */
  readonly outputs: Readonly<Record<string, Shape | null>>;
  readonly nodes: readonly Node[];
  readonly initializers?: readonly Tensor[];
  readonly valueInfo?: readonly ValueInfo[];
}

/** A graph of float32 inputs and outputs, for tests. */
export function buildGraph(spec: GraphSpec): Graph {
  return {
    name: 'test',
    node: spec.nodes,
    initializer: spec.initializers ?? [],
    input: Object.entries(spec.inputs ?? {}).map(([name, shape]) => makeValueInfo(name, DataType.FLOAT, shape)),
    output: Object.entries(spec.outputs).map(([name, shape]) => makeValueInfo(name, DataType.FLOAT, shape)),
    valueInfo: spec.valueInfo ?? [],
  };
}

/** A model of the default operator set, for tests. */
export function buildModel(spec: GraphSpec & { readonly opset?: number; readonly irVersion?: number }): Model {
  return makeModel(buildGraph(spec), spec.opset ?? 13, spec.irVersion ?? 7);
}

/** `count` reproducible values in [-1, 1): a linear congruential generator (Numerical Recipes). */
export function pseudoRandom(count: number, seed = 1): Float32Array {
  let state = seed >>> 0;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}
