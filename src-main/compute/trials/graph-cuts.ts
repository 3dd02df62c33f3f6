import { byteLength, elementCount } from '../../onnx/graph/element-types';
import { graphMacs } from '../../onnx/graph/layer-macs';
import { DataType, type Graph, type Model, type Node } from '../../onnx/graph/model';
import { staticShapes, type Dims } from '../../onnx/graph/static-shapes';
import { capturedNames } from '../../onnx/graph/subgraphs';
import { graphFacts, type GraphFacts } from '../../quantization/rules/graph-facts';

/**
 * Approximate times on one core of 2026. They decide where a graph is cut, and thereby the last bits of sums, so that
 * they are constants: every machine cuts a model in the same places.
 */
const NS_PER_MAC = 1 / 50;
/** Per value that a layer writes, its Q/DQ included. */
const NS_PER_VALUE = 2;
/** Per byte that a segment hands to later ones: ONNX Runtime's binding allocates memory for it, which is collected. */
const NS_PER_BYTE = 1.2;
/** Per call of a session. */
const NS_PER_RUN = 80_000;

/** Of the values that the largest layer of a segment reads and writes, for all runs that it computes in one call. */
const TOGETHER_BYTES = 2 ** 20;
const MOST_TOGETHER = 16;
/** Between segments, for all images that run together. */
const HELD_BYTES = 2 ** 26;
const VALUE_BYTES = 4;

/** The largest number of positions that are considered; graphs with more layers are cut at multiples of some layers. */
const MAX_POSITIONS = 1_500;

/** Where a prepared graph is divided into segments that run one after the other. */
export interface GraphCuts {
  /** Name of a layer -> index of its segment; segments are in topological order. */
  readonly segmentOf: ReadonlyMap<string, number>;
  /** Approximate run time of each segment relative to that of all. */
  readonly shares: readonly number[];
  /** For each segment those that read its results, directly or not, and itself. */
  readonly reached: readonly ReadonlySet<number>[];
  /** How many runs each segment can compute in one call. */
  readonly together: readonly number[];
}

/** One segment. */
export const WHOLE: GraphCuts = { segmentOf: new Map(), shares: [1], reached: [new Set([0])], together: [1] };

/**
 * Divides a graph so that repeating everything behind a changed layer takes the least time on average, if every layer
 * changes equally often. A cut costs a call and a copy of the values that later segments read. Between two layers of
 * which this number of bytes is unknown, there is no cut; nor in the body of an If, Loop or Scan.
 * @param inputDims sizes of the inputs of one run, where the model leaves them open.
 * @param hasOpenBatch whether the first axis of every input counts images, and the model leaves its size open.
 */
export function chooseCuts(model: Model, inputDims: ReadonlyMap<string, Dims>, hasOpenBatch = false): GraphCuts {
  const facts = graphFacts(model);
  const layers = facts.nodes.filter(({ output }) => output.some((name) => name !== '' && !facts.isConstant(name)));
  const sized = withInputDims(model.graph, inputDims);
  const shapes = staticShapes(sized);
  const costs = layerCosts(layers, sized, shapes);
  const live = liveBytes(layers, facts, shapes);
  const ends = bestEnds(costs, live);
  const times = withUnknownSizes(costs, layers, shapes);
  const total = times.reduce((sum, time) => sum + time, 0);
  const segmentOf = new Map<string, number>();
  const shares = ends.map(() => 0);
  let segment = 0;
  for (const [i, layer] of layers.entries()) {
    while (i >= (ends[segment] ?? layers.length)) segment++;
    segmentOf.set(layer.name, segment);
    shares[segment] = (shares[segment] ?? 0) + (times[i] ?? 0) / Math.max(1, total);
  }
  return {
    segmentOf,
    shares,
    reached: reachedSegments(layers, segmentOf, ends.length),
    together: hasOpenBatch
      ? runsTogether(
          { layers, graph: sized, shapes, held: Math.max(1, ...ends.slice(0, -1).map((end) => live[end] ?? 0)) },
          segmentOf,
          shares.length,
        )
      : shares.map(() => 1),
  };
}

/**
 * How many runs each segment computes in one call. Small layers take longer to call than to compute; the values of a
 * layer stay in the processor's cache. More than one only if twice the images double the first axis of every tensor
 * between segments.
 */
function runsTogether(
  { layers, graph, shapes, held }: Sized,
  segmentOf: ReadonlyMap<string, number>,
  count: number,
): readonly number[] {
  const doubled = staticShapes(
    withInputDims(graph, new Map(graph.input.map(({ name }) => [name, twice(shapes.get(name) ?? [])]))),
  );
  const isBatched = (name: string): boolean => {
    const [one, two] = [shapes.get(name), doubled.get(name)];
    return one !== undefined && two !== undefined && one.length > 0 && String(two) === String(twice(one));
  };
  const producers = new Map(graph.input.map(({ name }) => [name, -1]));
  for (const { name, output } of layers) for (const tensor of output) producers.set(tensor, segmentOf.get(name) ?? 0);
  const crossing = new Set(graph.output.map(({ name }) => name));
  const largest = new Array<number>(count).fill(0);
  for (const layer of layers) {
    const segment = segmentOf.get(layer.name) ?? 0;
    const read = [...layer.input, ...capturedNames(layer)];
    for (const name of read) {
      const from = producers.get(name);
      if (from !== undefined && from !== segment) crossing.add(name);
    }
    const bytes = [...read.filter((name) => producers.has(name)), ...layer.output]
      .map((name) => VALUE_BYTES * elementCount(shapes.get(name) ?? []))
      .reduce((sum, own) => sum + own, 0);
    largest[segment] = Math.max(largest[segment] ?? 0, bytes);
  }
  const isPossible = [...crossing].every((name) => isBatched(name));
  const most = Math.min(MOST_TOGETHER, Math.floor(HELD_BYTES / held));
  return largest.map((bytes) =>
    isPossible ? Math.max(1, Math.min(most, Math.floor(TOGETHER_BYTES / Math.max(1, bytes)))) : 1,
  );
}

interface Sized {
  readonly layers: readonly Node[];
  readonly graph: Graph;
  readonly shapes: ReadonlyMap<string, Dims>;
  /** The most bytes that one image needs between two segments. */
  readonly held: number;
}

function twice([first = 1, ...rest]: Dims): Dims {
  return [2 * first, ...rest];
}

/** For each segment those that read its results, directly or not, and itself. */
export function reachedSegments(
  layers: readonly Node[],
  segmentOf: ReadonlyMap<string, number>,
  count: number,
): ReadonlySet<number>[] {
  const producers = new Map<string, number>();
  const reached = Array.from({ length: count }, (_, segment) => new Set([segment]));
  for (const { name, output } of layers) for (const tensor of output) producers.set(tensor, segmentOf.get(name) ?? 0);
  for (const layer of layers)
    for (const tensor of [...layer.input, ...capturedNames(layer)]) {
      const from = producers.get(tensor);
      if (from !== undefined) reached[from]?.add(segmentOf.get(layer.name) ?? 0);
    }
  for (let segment = count - 1; segment >= 0; segment--) {
    const own = reached[segment] ?? new Set();
    for (const next of [...own]) for (const further of reached[next] ?? []) own.add(further);
  }
  return reached;
}

/** A graph whose inputs have these sizes. */
export function withInputDims(graph: Graph, inputDims: ReadonlyMap<string, Dims>): Graph {
  return {
    ...graph,
    input: graph.input.map((info) => {
      const dims = inputDims.get(info.name);
      if (dims === undefined || info.tensorType === null) return info;
      return {
        ...info,
        tensorType: { ...info.tensorType, shape: dims.map((value) => ({ kind: 'value' as const, value })) },
      };
    }),
  };
}

/** Nanoseconds of each layer. */
function layerCosts(layers: readonly Node[], graph: Graph, shapes: ReadonlyMap<string, Dims>): number[] {
  const { ofNode } = graphMacs(graph);
  return layers.map((layer) => {
    const values = layer.output.reduce((sum, name) => sum + elementCount(shapes.get(name) ?? []), 0);
    return (ofNode.get(layer) ?? 0) * NS_PER_MAC + values * NS_PER_VALUE;
  });
}

/**
 * Nanoseconds of each layer, where those of an unknown size count as the mean of the others. Cuts do not depend on it:
 * between layers of unknown size there are none.
 */
function withUnknownSizes(
  costs: readonly number[],
  layers: readonly Node[],
  shapes: ReadonlyMap<string, Dims>,
): readonly number[] {
  const isKnown = layers.map(({ output }) => output.every((name) => name === '' || shapes.has(name)));
  const known = costs.filter((_, i) => isKnown[i]);
  const mean = known.reduce((sum, cost) => sum + cost, 0) / Math.max(1, known.length);
  return costs.map((cost, i) => (isKnown[i] === true ? cost : Math.max(1, mean)));
}

/** For each position in front of a layer: bytes of the tensors that are computed before it and read behind it. */
function liveBytes(layers: readonly Node[], facts: GraphFacts, shapes: ReadonlyMap<string, Dims>): number[] {
  const lastUse = new Map<string, number>();
  for (const [i, layer] of layers.entries())
    for (const name of [...layer.input, ...capturedNames(layer)]) lastUse.set(name, i);
  const changes = new Float64Array(layers.length + 1);
  for (const [i, layer] of layers.entries()) {
    for (const name of layer.output) {
      const last = lastUse.get(name);
      if (name === '' || last === undefined || facts.isConstant(name)) continue;
      const bytes = bytesOf(facts.elementType(name), shapes.get(name));
      // Unknown sizes are added as a number that no real size reaches and that is subtracted without an error.
      changes[i + 1] = (changes[i + 1] ?? 0) + bytes;
      changes[last + 1] = (changes[last + 1] ?? 0) - bytes;
    }
  }
  let now = 0;
  return Array.from(changes, (change) => (now += change));
}

const UNKNOWN_BYTES = 2 ** 50;

/** Tensors that a session can take and return. */
const CUTTABLE_TYPES: ReadonlySet<number> = new Set([
  DataType.FLOAT,
  DataType.DOUBLE,
  DataType.INT8,
  DataType.UINT8,
  DataType.INT16,
  DataType.UINT16,
  DataType.INT32,
  DataType.UINT32,
  DataType.INT64,
  DataType.UINT64,
  DataType.BOOL,
]);

function bytesOf(type: number | undefined, dims: Dims | undefined): number {
  if (type === undefined || dims === undefined || !CUTTABLE_TYPES.has(type)) return UNKNOWN_BYTES;
  return byteLength(type, elementCount(dims)) ?? UNKNOWN_BYTES;
}

/**
 * The ends of the segments (exclusive). A change at one layer repeats all segments from its own on, so that a segment
 * is repeated by the changes of all layers up to its end: best[end] = min over start of best[start] + (cost of the
 * segment) x (layers up to `end`).
 */
function bestEnds(costs: readonly number[], live: readonly number[]): number[] {
  const count = costs.length;
  const before = [0];
  for (const cost of costs) before.push((before.at(-1) ?? 0) + cost);
  const step = Math.ceil(count / MAX_POSITIONS);
  const positions = [0];
  for (let at = step; at < count; at += step) if ((live[at] ?? 0) < UNKNOWN_BYTES) positions.push(at);
  positions.push(count);
  const best: { readonly cost: number; readonly from: number }[] = [{ cost: 0, from: 0 }];
  for (let i = 1; i < positions.length; i++) {
    const end = positions[i] ?? count;
    let found = { cost: Number.POSITIVE_INFINITY, from: 0 };
    for (let from = 0; from < i; from++) {
      const own = (before[end] ?? 0) - (before[positions[from] ?? 0] ?? 0);
      const cost =
        (best[from]?.cost ?? 0) + (own + NS_PER_RUN + NS_PER_BYTE * (end === count ? 0 : (live[end] ?? 0))) * end;
      if (cost < found.cost) found = { cost, from };
    }
    best.push(found);
  }
  const ends: number[] = [];
  for (let i = positions.length - 1; i > 0; i = best[i]?.from ?? 0) ends.unshift(positions[i] ?? count);
  return ends;
}
