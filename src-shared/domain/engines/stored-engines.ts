import {
  boolean,
  count,
  type InferOutput,
  list,
  nullable,
  number,
  object,
  oneOf,
  optional,
  record,
  string,
} from '../../base/schema';
import { PRECISIONS } from '../project/precision';

const engineTypeSchema = oneOf('int8', 'fp16', 'fp32', 'other');
/** The layers of an engine in order of execution, as files hold them: `EngineLayer[]`. */
export const engineLayersSchema = list(
  object({
    name: string,
    kind: string,
    onnxLayers: list(string),
    type: engineTypeSchema,
    outputType: engineTypeSchema,
    isReformat: boolean,
    tactic: string,
    inputs: list(string),
    outputs: list(string),
    medianMs: nullable(number),
  }),
);

/** Number of layers by the type that they compute in, and sums over the profile; null if it was not profiled. */
export const engineSummarySchema = object({
  layers: object({ int8: count, fp16: count, fp32: count, other: count }),
  reformats: count,
  totalMs: nullable(number),
  reformatMs: nullable(number),
});

const storedEngineSchema = object({
  variant: string,
  runtime: string,
  device: string,
  batch: count,
  createdAt: string,
  sizeMb: number,
  summary: engineSummarySchema,
  kernelShare: optional(number),
  asked: record(oneOf(...PRECISIONS)),
  layers: engineLayersSchema,
});
export type StoredEngine = InferOutput<typeof storedEngineSchema>;

export const RUN_ENGINES_VERSION = 1;

export const runEnginesSchema = object({
  version: oneOf(RUN_ENGINES_VERSION),
  /** The variant meant for deployment. */
  shipped: string,
  /** The layers of the model in topological order, with their tensors. */
  model: list(object({ layer: string, op: string, inputs: list(string), outputs: list(string) })),
  /** One per variant whose layers were timed. */
  engines: list(storedEngineSchema),
});
/** `engines.json.gz` beside the record of a run: what its engines made of the layers of the model. */
export type RunEngines = InferOutput<typeof runEnginesSchema>;
