/** What TensorRT computes a tensor in; `other` is an integer or boolean type. */
export type EngineType = 'int8' | 'fp16' | 'fp32' | 'other';

export interface EngineLayer {
  readonly name: string;
  /** TensorRT's own kind, for example `CaskConvolution`, `Reformat`, `kgen`. */
  readonly kind: string;
  /** Layers of the ONNX model that run in it; empty for what TensorRT added. */
  readonly onnxLayers: readonly string[];
  /** What it computes in: the type of its first input. */
  readonly type: EngineType;
  readonly outputType: EngineType;
  /** A conversion of type or memory layout that TensorRT put between two layers. */
  readonly isReformat: boolean;
  readonly tactic: string;
  /** Names of its tensors in the engine; empty where the inspector does not tell. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Mean time of one run; null where it was not profiled. */
  readonly medianMs: number | null;
}

/**
 * Layers of an engine from TensorRT's engine inspector (kJSON, detailed verbosity). Two dialects: tensors carry either
 * one text `Format/Datatype` ("Channel major FP16 format where channel % 8 == 0") or `Format` and `Datatype` apart.
 *
 * @param inspected the inspector's JSON.
 * @param onnxLayers names of the model's layers, for engines that do not carry them as metadata.
 * @throws SyntaxError for text that is no JSON.
 */
export function parseEngineLayers(inspected: string, onnxLayers: readonly string[]): EngineLayer[] {
  const document: unknown = JSON.parse(inspected);
  const layers = field(document, 'Layers');
  const known = new Set(onnxLayers);
  // Without detailed verbosity a layer is its name only.
  return Array.isArray(layers) ? layers.map((layer: unknown) => parseLayer(layer, known)) : [];
}

function parseLayer(layer: unknown, known: ReadonlySet<string>): EngineLayer {
  const name = typeof layer === 'string' ? layer : text(layer, 'Name');
  const kind = text(layer, 'LayerType');
  const isReformat = kind === 'Reformat' || kind === 'NoOp' || /^Reformatting CopyNode/.test(name);
  return {
    name,
    kind,
    // A conversion is named after the layer that it is for; it computes nothing of it.
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

/** `[ONNX Layer: a]` separated by record separators, or the names that a fused name joins with ` + `. */
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

/** Counts and times by type, for one line about an engine. */
export interface EngineSummary {
  /** Layers that compute something, by type. */
  readonly layers: Readonly<Record<EngineType, number>>;
  readonly reformats: number;
  /** Sums over the profile; null where it was not profiled. */
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
