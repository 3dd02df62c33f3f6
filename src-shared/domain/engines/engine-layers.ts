/** The type in which TensorRT computes a tensor; `other` is an integer or boolean type. */
export type EngineType = 'int8' | 'fp16' | 'fp32' | 'other';

export interface EngineLayer {
  readonly name: string;
  /** TensorRT's name of the kind of layer, for example `CaskConvolution`, `Reformat`, `kgen`. */
  readonly kind: string;
  /** Layers of the ONNX model that run in this layer; empty for layers that TensorRT added. */
  readonly onnxLayers: readonly string[];
  /** The type that it computes in, which is the type of its first input. */
  readonly type: EngineType;
  readonly outputType: EngineType;
  /** True for a conversion of type or memory layout that TensorRT inserted between two layers. */
  readonly isReformat: boolean;
  readonly tactic: string;
  /** Names of its tensors in the engine; empty if the inspector does not report them. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Median time of one run; null if the engine was not profiled. */
  readonly medianMs: number | null;
}

/**
 * Parses the layers of an engine from the output of TensorRT's engine inspector (kJSON, detailed verbosity). There are
 * two dialects: tensors have either one text `Format/Datatype` ("Channel major FP16 format where channel % 8 == 0") or
 * separate fields `Format` and `Datatype`.
 *
 * @param inspected the inspector's JSON.
 * @param onnxLayers names of the model's layers, for engines that do not contain them as metadata.
 * @throws SyntaxError if the text is not JSON.
 */
export function parseEngineLayers(inspected: string, onnxLayers: readonly string[]): EngineLayer[] {
  const document: unknown = JSON.parse(inspected);
  const layers = field(document, 'Layers');
  const known = new Set(onnxLayers);
  // Without detailed verbosity, a layer consists of its name only.
  return Array.isArray(layers) ? layers.map((layer: unknown) => parseLayer(layer, known)) : [];
}

function parseLayer(layer: unknown, known: ReadonlySet<string>): EngineLayer {
  const name = typeof layer === 'string' ? layer : text(layer, 'Name');
  const kind = text(layer, 'LayerType');
  const isReformat = kind === 'Reformat' || kind === 'NoOp' || /^Reformatting CopyNode/.test(name);
  return {
    name,
    kind,
    // A conversion is named after the layer that it serves, but it computes no part of that layer.
    onnxLayers: isReformat ? [] : onnxLayersOf(name, text(layer, 'Metadata'), known),
    type: typeOf(field(layer, 'Inputs')) ?? typeOf(field(layer, 'Outputs')) ?? 'other',
    outputType: typeOf(field(layer, 'Outputs')) ?? 'other',
    isReformat,
    tactic: text(layer, 'TacticName'),
    inputs: tensorNames(field(layer, 'Inputs')),
    outputs: tensorNames(field(layer, 'Outputs')),
    medianMs: null,
  };
}

/** Parses `[ONNX Layer: a]` entries separated by record separators, or the names that a fused name joins with ` + `. */
function onnxLayersOf(name: string, metadata: string, known: ReadonlySet<string>): string[] {
  const named = [...metadata.matchAll(/\[ONNX Layer: ([^\]]*)\]/g)].map(([, layer]) => layer ?? '');
  const parts =
    named.length > 0 ? named : name.split(' + ').flatMap((part) => [part, part.replace(/^PWN\((.*)\)$/, '$1')]);
  return [...new Set(parts)].filter((part) => known.has(part));
}

function tensorNames(tensors: unknown): string[] {
  return Array.isArray(tensors)
    ? tensors.map((tensor: unknown) => text(tensor, 'Name')).filter((name) => name !== '')
    : [];
}

function typeOf(tensors: unknown): EngineType | undefined {
  const [first] = Array.isArray(tensors) ? (tensors as unknown[]) : [];
  if (first === undefined) return undefined;
  const described = `${text(first, 'Datatype')} ${text(first, 'Format/Datatype')}`;
  if (/int8/i.test(described)) return 'int8';
  if (/fp16|half/i.test(described)) return 'fp16';
  return /fp32|float/i.test(described) ? 'fp32' : 'other';
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

function text(value: unknown, name: string): string {
  const found = field(value, name);
  return typeof found === 'string' ? found : '';
}

/**
 * Percent of the time of some layers of the model that the engine spends in INT8; null if it was not profiled or
 * contains none of them.
 */
export function int8TimePercent(layers: readonly EngineLayer[], computeLayers: ReadonlySet<string>): number | null {
  const own = layers.filter(({ onnxLayers }) => onnxLayers.some((name) => computeLayers.has(name)));
  const timeOf = (some: readonly EngineLayer[]): number => some.reduce((sum, { medianMs }) => sum + (medianMs ?? 0), 0);
  const all = timeOf(own);
  return all > 0 ? (100 * timeOf(own.filter(({ type }) => type === 'int8'))) / all : null;
}

/** Counts and times by type, for a one-line summary of an engine. */
export interface EngineSummary {
  /** Number of layers that are not conversions, by type. */
  readonly layers: Readonly<Record<EngineType, number>>;
  readonly reformats: number;
  /** Sums over the profile; null if the engine was not profiled. */
  readonly totalMs: number | null;
  readonly reformatMs: number | null;
}

export function summarizeEngine(layers: readonly EngineLayer[]): EngineSummary {
  const computing = layers.filter(({ isReformat }) => !isReformat);
  const count = (type: EngineType): number => computing.filter((layer) => layer.type === type).length;
  const sum = (some: readonly EngineLayer[]): number | null =>
    layers.every(({ medianMs }) => medianMs === null)
      ? null
      : some.reduce((total, { medianMs }) => total + (medianMs ?? 0), 0);
  const reformats = layers.filter(({ isReformat }) => isReformat);
  return {
    layers: { int8: count('int8'), fp16: count('fp16'), fp32: count('fp32'), other: count('other') },
    reformats: reformats.length,
    totalMs: sum(layers),
    reformatMs: sum(reformats),
  };
}
