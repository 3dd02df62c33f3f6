import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import type { EngineLayer } from '../../../src-shared/domain/engines/engine-layers';
import { TENSORRT_TYPINGS } from '../../../src-shared/domain/engines/tensorrt-options';
import { PRECISIONS, TARGETS, type Precision } from '../../../src-shared/domain/project/precision';
import { writeFileAtomic } from '../../base/atomic-file';

/** Version of engine.json. */
export const ENGINE_RECORD_VERSION = 5;

/** Fields of the record of every engine. */
const COMMON = {
  version: v.literal(ENGINE_RECORD_VERSION),
  /** Name of the variant that it was built for. */
  variant: v.string(),
  target: v.picklist(TARGETS),
  /** Hash of the engine file, 64 hex digits; an engine whose content differs is built again. */
  sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
  sizeBytes: v.number(),
  /** ISO 8601. */
  createdAt: v.string(),
};

/** A model file that ONNX Runtime opens. */
const OnnxEngineRecord = v.object({
  ...COMMON,
  backend: v.picklist(['ort-cpu', 'ort-webgpu', 'ort-cuda']),
  /** Whether some layer runs in FP16. */
  hasFp16: v.boolean(),
});

/** valibot's own record schema drops keys such as `constructor`, which are valid names of layers. */
const PrecisionPerLayer = v.custom<Readonly<Record<string, Precision>>>(
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    Object.values(value).every((precision) => (PRECISIONS as readonly unknown[]).includes(precision)),
  'Expected a precision for each layer',
);

const EngineType = v.picklist(['int8', 'fp16', 'fp32', 'other']);

const TensorrtEngineRecord = v.object({
  ...COMMON,
  backend: v.literal('tensorrt'),
  /** recipeHash of the variant that it was built from. */
  recipe: v.string(),
  /** Layer of the model -> precision that was requested for it. */
  asked: PrecisionPerLayer,
  /** Version of TensorRT. */
  tensorrt: v.string(),
  /** Name and compute capability of the GPU. */
  gpu: v.string(),
  options: v.object({
    device: v.number(),
    typing: v.picklist(TENSORRT_TYPINGS),
    batches: v.pipe(v.array(v.number()), v.readonly()),
    workspaceMib: v.nullable(v.number()),
    optimizationLevel: v.number(),
    tf32: v.boolean(),
    auxiliaryStreams: v.nullable(v.number()),
    versionCompatible: v.boolean(),
    streams: v.number(),
    cudaGraph: v.boolean(),
    transfers: v.boolean(),
  }),
  /** Duration of the build. */
  seconds: v.number(),
  /** Warnings and errors that TensorRT reported. */
  log: v.pipe(v.array(v.string()), v.readonly()),
  /** Counts of layers by the type they compute in, and times of the profile in milliseconds. */
  summary: v.object({
    layers: v.object({ int8: v.number(), fp16: v.number(), fp32: v.number(), other: v.number() }),
    reformats: v.number(),
    totalMs: v.nullable(v.number()),
    reformatMs: v.nullable(v.number()),
  }),
});

/** Contents of engine.json, which lies beside every engine. It describes the engine; the folder's key identifies it. */
const EngineRecord = v.variant('backend', [OnnxEngineRecord, TensorrtEngineRecord]);
export type EngineRecord = v.InferOutput<typeof EngineRecord>;
export type OnnxEngineRecord = v.InferOutput<typeof OnnxEngineRecord>;
export type TensorrtEngineRecord = v.InferOutput<typeof TensorrtEngineRecord>;

/** Contents of layers.json, which lies beside a TensorRT engine: its layers in order of execution. */
const EngineLayers = v.array(
  v.object({
    name: v.string(),
    kind: v.string(),
    onnxLayers: v.array(v.string()),
    type: EngineType,
    outputType: EngineType,
    isReformat: v.boolean(),
    tactic: v.string(),
    inputs: v.array(v.string()),
    outputs: v.array(v.string()),
    medianMs: v.nullable(v.number()),
  }),
);

const RECORD = 'engine.json';

/** Paths of the files in an engine's folder. */
export const onnxPathIn = (dir: string): string => join(dir, 'model.onnx');
export const enginePathIn = (dir: string): string => join(dir, 'model.engine');
export const layersPathIn = (dir: string): string => join(dir, 'layers.json');

/** Writes the record of an engine whose file is complete: a folder with a record counts as a finished engine. */
export async function writeEngineRecord(dir: string, record: EngineRecord): Promise<void> {
  await writeFileAtomic(join(dir, RECORD), JSON.stringify(record, null, 1));
}

export async function writeEngineLayers(dir: string, layers: readonly EngineLayer[]): Promise<void> {
  await writeFileAtomic(layersPathIn(dir), JSON.stringify(layers, null, 1));
}

/** The record of the engine in a folder; null if the folder holds no finished engine or its record is unreadable. */
export function readEngineRecord(dir: string): EngineRecord | null {
  const record = parseEngineRecord(readJson(join(dir, RECORD)));
  if (record === null) return null;
  return existsSync(record.backend === 'tensorrt' ? enginePathIn(dir) : onnxPathIn(dir)) ? record : null;
}

/** Checks a record of this version, or converts one of an earlier version; null if it is neither. */
export function parseEngineRecord(value: unknown): EngineRecord | null {
  const parsed = v.safeParse(EngineRecord, migrated(value));
  return parsed.success ? parsed.output : null;
}

/**
 * Until version 5 there were two kinds of record: version 2 for models of ONNX Runtime, which has all fields of version 5,
 * and version 4 for TensorRT, which did not state its target.
 */
function migrated(value: unknown): unknown {
  const { success, output } = v.safeParse(v.looseObject({ version: v.number(), backend: v.string() }), value);
  if (!success) return value;
  if (output.version === 2 && output.backend !== 'tensorrt') return { ...output, version: ENGINE_RECORD_VERSION };
  if (output.version === 4 && output.backend === 'tensorrt')
    return { ...output, version: ENGINE_RECORD_VERSION, target: 'tensorrt' };
  return value;
}

/** The layers of a TensorRT engine; null if layers.json is missing or damaged. */
export function readEngineLayers(dir: string): readonly EngineLayer[] | null {
  const parsed = v.safeParse(EngineLayers, readJson(layersPathIn(dir)));
  return parsed.success ? parsed.output : null;
}

function readJson(path: string): unknown {
  if (!existsSync(path)) return null;
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return null;
  }
}
