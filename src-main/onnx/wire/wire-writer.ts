import { basename } from 'node:path';
import { WorkbenchError } from '../../../src-shared/base/errors';
import type { TaskContext } from '../../../src-shared/contract/progress';
import { AtomicFile } from '../../base/atomic-file';
import { Encoder, type ExternalTo } from './encode-messages';
import type { Model } from '../graph/model';
import type { Rope } from './rope';
import { RopeReader } from './rope-reader';
import { streamRope } from './stream-rope';
import { moveWeights } from './weights-file';

/** Protobuf messages end at 2 GiB - 1. */
export const MAX_MESSAGE_BYTES = 0x7fff_ffff;

/**
 * The model as bytes, for graphs whose weights are small or external. Tensors whose data lies in exactly
 * `externalTo.path` become external data of `externalTo.location`; all others are inline.
 * @throws WorkbenchError 'model-unsupported' above 2 GiB.
 */
export function encodeModel(model: Model, options: { readonly externalTo?: ExternalTo } = {}): Uint8Array {
  const rope = new Encoder(options.externalTo ?? null).model(model);
  if (rope.length > MAX_MESSAGE_BYTES) {
    throw new WorkbenchError(
      'model-unsupported',
      `The model needs ${rope.length} bytes, expected at most ${MAX_MESSAGE_BYTES}: weights this large must be ` +
        'external data',
    );
  }
  return ropeBytes(rope);
}

function ropeBytes(rope: Rope): Uint8Array {
  const bytes = new Uint8Array(rope.length);
  const reader = new RopeReader();
  let at = 0;
  try {
    for (const chunk of reader.chunks(rope)) {
      bytes.set(chunk, at);
      at += chunk.length;
    }
  } finally {
    reader.close();
  }
  return bytes;
}

export interface WrittenModel {
  /** The model file, and its data file where one was needed; absolute or as given. */
  readonly files: readonly string[];
  readonly sizeBytes: number;
}

/**
 * Writes the model with its weights inline, or, beyond 2 GiB or with `externalTo`, with external data (`<name>.data`
 * beside it). Writes temporary files and renames them at the end, so that no incomplete file is visible.
 * @throws WorkbenchError 'unwritable', 'disk-full', 'cancelled'.
 */
export async function writeModel(
  model: Model,
  path: string,
  context: TaskContext = {},
  options: WriteOptions = {},
): Promise<WrittenModel> {
  const externalTo = options.externalTo ?? null;
  const inline = new Encoder(externalTo).model(model);
  if (inline.length <= (options.maxInlineBytes ?? MAX_MESSAGE_BYTES)) {
    const file = await AtomicFile.create(path);
    try {
      await streamRope(inline, file, 'writing the model', context);
      await options.check?.(file.temporaryPath, inline.length);
      await file.commit();
    } finally {
      await file.discard();
    }
    return { files: [path], sizeBytes: inline.length };
  }
  return writeWithDataFile(model, path, context);
}

export interface WriteOptions {
  /** Tensors in this file are referenced, not copied. */
  readonly externalTo?: ExternalTo;
  /** Above this size weights go to a data file; default 2 GiB - 1. */
  readonly maxInlineBytes?: number;
  /**
   * Checks the complete file under its temporary name; if it throws, no file is left. Not called for a model with a
   * data file.
   */
  readonly check?: (path: string, sizeBytes: number) => Promise<void>;
}

async function writeWithDataFile(model: Model, path: string, context: TaskContext): Promise<WrittenModel> {
  const dataPath = `${path}.data`;
  const dataFile = await AtomicFile.create(dataPath);
  const modelFile = await AtomicFile.create(path).catch(async (error: unknown) => {
    await dataFile.discard();
    throw error;
  });
  try {
    const { model: moved, dataBytes } = await moveWeights(model, dataFile, dataPath, context);
    const rope = new Encoder({ path: dataPath, location: basename(dataPath) }).model(moved);
    await streamRope(rope, modelFile, 'writing the model', context);
    await dataFile.commit();
    await modelFile.commit();
    return { files: [path, dataPath], sizeBytes: rope.length + dataBytes };
  } finally {
    await dataFile.discard();
    await modelFile.discard();
  }
}
