import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  boolean,
  converted,
  count,
  either,
  fits,
  integer,
  type InferOutput,
  list,
  number,
  object,
  oneOf,
  optional,
  parse,
  record,
  string,
  where,
} from '../../../src-shared/base/schema';
import type { EngineLayer } from '../../../src-shared/domain/engines/engine-layers';
import { engineKernelsSchema, type LayerKernels } from '../../../src-shared/domain/engines/engine-kernels';
import { engineLayersSchema, engineSummarySchema } from '../../../src-shared/domain/engines/stored-engines';
import { tensorrtOptionsSchema } from '../../../src-shared/domain/engines/tensorrt-options';
import {
  isPrecision,
  PRECISIONS,
  TARGETS,
  type LayerFormat,
  type PlacementDecision,
  type Precision,
} from '../../../src-shared/domain/project/precision';
import { writeFileAtomic } from '../../base/atomic-file';
import { readStoredJson } from '../../base/json-file';

/** Version of engine.json. */
export const ENGINE_RECORD_VERSION = 5;

/** Fields of the record of every engine. */
const COMMON = {
  version: oneOf(ENGINE_RECORD_VERSION),
  /** Name of the variant that it was built for. */
  variant: string,
  target: oneOf(...TARGETS),
  /** Hash of the engine file; an engine whose content differs is built again. */
  sha256: where(string, '64 hexadecimal digits', (text) => /^[0-9a-f]{64}$/.test(text)),
  sizeBytes: count,
  /** ISO 8601. */
  createdAt: string,
  /** Input -> scale, if its inputs are INT8. */
  inputScales: optional(record(number)),
};

/** A model file that ONNX Runtime or OpenVINO opens. */
const onnxEngineRecordSchema = object({
  ...COMMON,
  backend: oneOf('ort-cpu', 'ort-webgpu', 'ort-cuda', 'openvino'),
  /** Whether some layer runs in FP16. */
  hasFp16: boolean,
  /** Duration of the build; omitted in records of older versions. */
  seconds: optional(number),
  /** Of a model that OpenVINO compiled once; layers.json beside it lists its layers. */
  summary: optional(engineSummarySchema),
});
export type OnnxEngineRecord = InferOutput<typeof onnxEngineRecordSchema>;

const tensorrtEngineRecordSchema = object({
  ...COMMON,
  backend: oneOf('tensorrt'),
  /** recipeHash of the variant that it was built from. */
  recipe: string,
  /** Layer of the model -> precision that was requested for it. */
  asked: record(oneOf(...PRECISIONS)),
  /** Version of TensorRT. */
  tensorrt: string,
  /** Name and compute capability of the GPU. */
  gpu: string,
  options: tensorrtOptionsSchema,
  /** Duration of the build. */
  seconds: number,
  /** Warnings and errors that TensorRT reported. */
  log: list(string),
  summary: engineSummarySchema,
  /** Folder name of the engine that differs from this one in its kernels only; see isAlternative. */
  alternativeOf: optional(string),
  /** Whether an alternative that is faster became the engine of the plan in its place. */
  wasReplaced: optional(boolean),
});
export type TensorrtEngineRecord = InferOutput<typeof tensorrtEngineRecordSchema>;

/**
 * Contents of engine.json, which lies beside every engine and describes it. What identifies an engine is part of the
 * key of its folder instead.
 */
const engineRecordSchema = converted(
  migrated,
  either('the record of an engine', onnxEngineRecordSchema, tensorrtEngineRecordSchema),
);
export type EngineRecord = InferOutput<typeof engineRecordSchema>;

const RECORD = 'engine.json';

/** Paths of the files in an engine's folder. */
export const onnxPathIn = (dir: string): string => join(dir, 'model.onnx');
export const enginePathIn = (dir: string): string => join(dir, 'model.engine');
const kernelsPathIn = (dir: string): string => join(dir, 'kernels.json');
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
  const found = readStoredJson(join(dir, RECORD), engineRecordSchema);
  if (found === null) return null;
  return existsSync(found.backend === 'tensorrt' ? enginePathIn(dir) : onnxPathIn(dir)) ? found : null;
}

/** The record of the TensorRT engine in a folder; null for another backend, too. */
export function readTensorrtRecord(dir: string): TensorrtEngineRecord | null {
  const record = readEngineRecord(dir);
  return record?.backend === 'tensorrt' ? record : null;
}

/**
 * Checks a record of this version or converts one of an earlier version.
 * @throws SchemaError if it is neither
 */
export function parseEngineRecord(value: unknown): EngineRecord {
  return parse(engineRecordSchema, value);
}

/** The layers of an engine of TensorRT or OpenVINO; null if layers.json is missing or damaged. */
export function readEngineLayers(dir: string): readonly EngineLayer[] | null {
  return readStoredJson(layersPathIn(dir), engineLayersSchema);
}

/** @param kernels null: they were not recorded; those of an earlier engine in the folder are removed. */
export async function writeEngineKernels(dir: string, kernels: readonly LayerKernels[] | null): Promise<void> {
  if (kernels === null) await rm(kernelsPathIn(dir), { force: true });
  else await writeFileAtomic(kernelsPathIn(dir), JSON.stringify(kernels));
}

/** The kernels of an engine of TensorRT; null if they were not recorded, or kernels.json is damaged. */
export function readEngineKernels(dir: string): readonly LayerKernels[] | null {
  return readStoredJson(kernelsPathIn(dir), engineKernelsSchema);
}

/** Layer -> precision in the rewritten model, without layers of a format below INT8: the inspector does not name it. */
export function decidedPrecisions(decisions: readonly PlacementDecision<LayerFormat>[]): Record<string, Precision> {
  return Object.fromEntries(
    decisions.flatMap(({ layer, precision, tensor }) =>
      tensor === undefined && isPrecision(precision) ? [[layer, precision] as const] : [],
    ),
  );
}

const earlierSchema = object({ version: integer, backend: string });

/**
 * Until version 5 there were two kinds of record: version 2 for models of ONNX Runtime, which has all fields of version
 * 5, and version 4 for TensorRT, which did not state its target. Other values are returned unchanged.
 */
function migrated(value: unknown): unknown {
  if (!fits(earlierSchema, value)) return value;
  const { version, backend } = parse(earlierSchema, value);
  const isTensorrt = backend === 'tensorrt';
  if (version !== (isTensorrt ? 4 : 2)) return value;
  return { ...(value as object), version: ENGINE_RECORD_VERSION, ...(isTensorrt ? { target: 'tensorrt' } : {}) };
}
