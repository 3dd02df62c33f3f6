import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Dims } from '../onnx/graph/static-shapes';
import { preparedModel, preparedWeights } from '../onnx/passes/prepared-store';
import { encodeModel } from '../onnx/wire/wire-writer';
import { parseModel } from '../onnx/wire/wire-reader';
import { blockSize } from './block-size';
import { withBlockedLayers } from './blocked-tensors';
import { OrtSession } from './ort-session';

export interface BlockedModelOptions {
  /** The bytes of a graph whose weights are in the prepared folder. */
  readonly model: Uint8Array;
  readonly preparedDir: string;
  readonly hasFp16: boolean;
  /** Sizes of its tensors, as far as they are known; the batch may be another one. */
  readonly shapes: ReadonlyMap<string, Dims>;
}

/**
 * A model with Q/DQ in float arithmetic as ONNX Runtime optimizes it on this processor, changed so that Q/DQ and other
 * layers between convolutions compute in the order in which these do (withBlockedLayers). It has to be opened as it is
 * written, and gives the same bits as the model itself. The weights that ONNX Runtime rearranges are in it.
 * @throws WorkbenchError model-unsupported if ONNX Runtime refuses the model
 */
export async function blockedModel({ model, preparedDir, hasFp16, shapes }: BlockedModelOptions): Promise<Uint8Array> {
  const dir = await mkdtemp(join(tmpdir(), 'calib-optimized-'));
  try {
    const optimizedPath = join(dir, 'optimized.onnx');
    const options = { model, weightsDir: preparedDir, threads: 1, simulate: true, hasFp16, optimizedPath };
    await (await OrtSession.open(options)).close();
    const bytes = await readFile(optimizedPath);
    const block = await knownBlockSize();
    if (block === null) return bytes;
    const optimized = parseModel(bytes, optimizedPath, preparedModel(preparedDir));
    const changed = withBlockedLayers(optimized, { block, shapes });
    return encodeModel(changed, { externalTo: preparedWeights(preparedDir) });
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

let found: Promise<number | null> | null = null;

function knownBlockSize(): Promise<number | null> {
  return (found ??= blockSize());
}
