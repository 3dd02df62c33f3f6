import { existsSync, statSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { list, object, optional, string, strings, type InferOutput } from '../../../src-shared/base/schema';
import type { TaskContext } from '../../../src-shared/contract/progress';
import { runWarningSchema } from '../../../src-shared/domain/runs/run-record';
import { AtomicFile } from '../../base/atomic-file';
import { writeError } from '../../base/file-errors';
import { hasContent, sha256OfStoredFile } from '../../base/file-hash';
import { readStoredJson } from '../../base/json-file';
import { Encoder, type ExternalTo } from '../wire/encode-messages';
import type { Model } from '../graph/model';
import { streamRope } from '../wire/stream-rope';
import { moveWeights } from '../wire/weights-file';
import { readModel } from '../wire/wire-reader';
import { rescaledLayerSchema } from './rescaled-layer';

/** Beside the model, written last: a folder with it is complete. */
export const PREPARED_FACTS = 'prepared.json';
const MODEL_FILE = 'model.onnx';
const WEIGHTS_FILE = 'weights.bin';

export function isPrepared(dir: string): boolean {
  return existsSync(join(dir, PREPARED_FACTS));
}

const hashesSchema = list(object({ file: string, sha256: string }));
export type PreparedHashes = InferOutput<typeof hashesSchema>;

const rescaledSchema = object({ layers: list(rescaledLayerSchema), tensors: strings });

/** What is known of a prepared model beside its graph. */
export const preparedFactsSchema = object({
  notes: list(runWarningSchema),
  /** Of an equalized model: the changes of its layers, and the activations whose channels have other values. */
  equalized: optional(rescaledSchema),
  /** The same of a smoothed model. */
  smoothed: optional(rescaledSchema),
  /** Of the files beside it; absent in folders of older versions, which are made again. */
  hashes: optional(hashesSchema),
});
type PreparedFacts = InferOutput<typeof preparedFactsSchema>;

/**
 * The facts about a prepared model that were stored when it was made.
 * @throws WorkbenchError internal if they are damaged.
 */
export function preparedFacts(dir: string): Omit<PreparedFacts, 'hashes'> {
  const path = join(dir, PREPARED_FACTS);
  const facts = readStoredJson(path, preparedFactsSchema);
  if (facts === null)
    throw new WorkbenchError(
      'internal',
      `Expected the facts about a prepared model in ${path}, but the file is damaged`,
      {
        hint: `Remove the folder ${dir}; it is made again when it is needed.`,
      },
    );
  const { notes, equalized, smoothed } = facts;
  return { notes, ...(equalized === undefined ? {} : { equalized }), ...(smoothed === undefined ? {} : { smoothed }) };
}

export async function preparedHashes(dir: string): Promise<PreparedHashes> {
  const files = [MODEL_FILE, WEIGHTS_FILE].filter((file) => existsSync(join(dir, file)));
  return Promise.all(files.map(async (file) => ({ file, sha256: await sha256OfStoredFile(join(dir, file)) })));
}

/** Whether the folder is complete and its files are what was written. */
export async function isIntact(dir: string, signal?: AbortSignal): Promise<boolean> {
  const { hashes = [] } = readStoredJson(join(dir, PREPARED_FACTS), preparedFactsSchema) ?? {};
  if (hashes.length === 0) return false;
  for (const { file, sha256 } of hashes) if (!(await hasContent(join(dir, file), sha256, signal))) return false;
  return true;
}

/** What `encodeModel(variant, {externalTo})` needs so that a variant refers to the weights of a prepared folder. */
export function preparedWeights(dir: string): ExternalTo {
  return { path: join(dir, WEIGHTS_FILE), location: WEIGHTS_FILE };
}

/** The model file of a prepared folder. */
export function preparedModel(dir: string): string {
  return join(dir, MODEL_FILE);
}

/**
 * Writes a prepared model as dir/model.onnx (graph and small tensors) and dir/weights.bin (initializers above 1 KB,
 * each at a multiple of 64 bytes, so that ONNX Runtime maps them into memory).
 * @throws WorkbenchError 'unwritable', 'disk-full', 'cancelled'.
 */
export async function storePrepared(model: Model, dir: string, context: TaskContext = {}): Promise<void> {
  await mkdir(dir, { recursive: true }).catch((error: unknown) => {
    throw writeError(error, dir);
  });
  const weights = preparedWeights(dir);
  const weightsFile = await AtomicFile.create(weights.path);
  try {
    const { model: moved } = await moveWeights(model, weightsFile, weights.path, context);
    const modelFile = await AtomicFile.create(join(dir, MODEL_FILE));
    try {
      await streamRope(new Encoder(weights).model(moved), modelFile, 'writing the prepared model', context);
      await weightsFile.commit();
      await modelFile.commit();
    } finally {
      await modelFile.discard();
    }
  } finally {
    await weightsFile.discard();
  }
}

/** When the prepared model was written, in milliseconds since 1970: made again, it is another one. */
export function preparedModifiedMs(dir: string): number {
  return statSync(join(dir, MODEL_FILE)).mtimeMs;
}

/** Reads what storePrepared wrote; weights stay on disk. */
export function loadPrepared(dir: string): Model {
  return readModel(join(dir, MODEL_FILE));
}
