import { existsSync, readFileSync, statSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { NativeAddon, NativeCollectorOptions } from '../../../native/index';
import { writeFileAtomic } from '../../base/atomic-file';
import { messageOf } from '../../base/file-errors';
import { preparedWeights } from '../../onnx/passes/prepared-store';
import { readModel } from '../../onnx/wire/wire-reader';
import { encodeModel } from '../../onnx/wire/wire-writer';
import { blockSize } from '../../backends/block-size';
import { countBlocked, hasBlockedTensors } from './blocked-counting';

/** Larger models are not written as optimized ones: ONNX Runtime has all weights in memory twice while it writes. */
const MAX_WEIGHT_BYTES = 1e9;

/** A model that ONNX Runtime has optimized; `weightsDir` has its weights. */
export interface OptimizedModel {
  readonly model: Uint8Array;
  readonly weightsDir: string;
}

export interface OptimizedCounting {
  /** null if it would not be faster, or failed. */
  readonly optimized: OptimizedModel | null;
  /** Why some part of this does not work here; null if nothing failed. */
  readonly failure: string | null;
}

const NOT_FASTER: OptimizedCounting = { optimized: null, failure: null };

/**
 * The counting model as ONNX Runtime optimizes it on this machine, changed so that tensors in groups of channels are
 * counted as they are (countBlocked). It is written to `dir` once; all workers open it there. Without it, the counting
 * model itself counts the same.
 */
export async function optimizedCounting(
  options: NativeCollectorOptions,
  dir: string,
  addon: Pick<NativeAddon, 'writeOptimizedModel'>,
): Promise<OptimizedCounting> {
  const path = join(dir, 'counting.onnx');
  if (existsSync(path)) return { optimized: { model: readFileSync(path), weightsDir: dir }, failure: null };
  const weightsPath = preparedWeights(options.weightsDir).path;
  if ((statSync(weightsPath, { throwIfNoEntry: false })?.size ?? 0) > MAX_WEIGHT_BYTES) return NOT_FASTER;
  try {
    await mkdir(dir, { recursive: true });
    const optimizedPath = join(dir, 'optimized.onnx');
    addon.writeOptimizedModel(options, optimizedPath);
    const optimized = readModel(optimizedPath);
    if (!hasBlockedTensors(optimized)) return NOT_FASTER;
    const block = await blockSize();
    if (block === null) return { optimized: null, failure: 'the number of channels in a group could not be found' };
    const model = encodeModel(countBlocked(optimized, block), { externalTo: preparedWeights(dir) });
    await writeFileAtomic(path, model);
    return { optimized: { model, weightsDir: dir }, failure: null };
  } catch (error) {
    return { optimized: null, failure: messageOf(error) };
  }
}
