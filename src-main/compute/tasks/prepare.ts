import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { TaskContext } from '../../../src-shared/contract/progress';
import { writeFileAtomic } from '../../base/atomic-file';
import { SharedRuns } from '../../base/shared-runs';
import { sweep, unfinishedFolder } from '../../base/temporary-files';
import { evaluateConstants } from '../../backends/evaluate-constants';
import { equalize } from '../../onnx/passes/equalize';
import { foldConstants } from '../../onnx/passes/fold-constants';
import { importModel } from '../../onnx/passes/import-model';
import { prepareModel } from '../../onnx/passes/prepare';
import {
  isPrepared,
  PREPARED_FACTS,
  preparedFacts,
  preparedHashes,
  storePrepared,
} from '../../onnx/passes/prepared-store';
import { readModel } from '../../onnx/wire/wire-reader';
import { smooth } from '../../quantization/smoothing/smooth';
import type { PrepareParams, PrepareResult } from '../pool/protocol';

/** Running preparations by folder: several screens may request the same model at once. */
const preparations = new SharedRuns<PrepareResult>();

/** Prepares a model. A complete folder is kept, and simultaneous requests share one preparation. */
export function prepare(params: PrepareParams, context: TaskContext): Promise<PrepareResult> {
  return preparations.run(params.preparedDir, () => prepareOnce(params, context));
}

async function prepareOnce(params: PrepareParams, context: TaskContext): Promise<PrepareResult> {
  if (isPrepared(params.preparedDir) && !params.isDamaged) return preparedFacts(params.preparedDir);
  context.onProgress?.({ phase: 'preparing the model', done: 0, total: 0, unit: 'layers' });
  const unfinishedDir = unfinishedFolder(params.preparedDir);
  await mkdir(dirname(unfinishedDir), { recursive: true });
  await sweep(dirname(unfinishedDir));
  // A folder that this process failed to remove earlier.
  await rm(unfinishedDir, { recursive: true, force: true });
  await mkdir(unfinishedDir);
  try {
    const imported = importModel(readModel(params.modelPath));
    const folded = await foldConstants(imported.model, evaluateConstants);
    const { model, notes } = prepareModel(folded.model);
    const equalized = params.equalize ? equalize(model.graph) : null;
    const own = equalized ? { ...model, graph: equalized.graph } : model;
    const smoothed = params.smoothing ? smooth(own, exponentsOf(params.smoothing)) : null;
    await storePrepared(smoothed?.model ?? own, unfinishedDir, context);
    const result: PrepareResult = {
      notes: [...imported.notes, ...folded.notes, ...notes].map(({ code, message }) => ({ code, message })),
      ...(equalized ? { equalized: { layers: equalized.layers, tensors: equalized.tensors } } : {}),
      ...(smoothed ? { smoothed: { layers: smoothed.layers, tensors: smoothed.tensors } } : {}),
    };
    await writeFileAtomic(
      join(unfinishedDir, PREPARED_FACTS),
      JSON.stringify({ ...result, hashes: await preparedHashes(unfinishedDir) }),
    );
    // Another process that collects a shard may have finished first. Its files are the same, and may be in use.
    if (isPrepared(params.preparedDir) && !params.isDamaged) return result;
    await rm(params.preparedDir, { recursive: true, force: true });
    await rename(unfinishedDir, params.preparedDir).catch((error: unknown) => {
      if (!isPrepared(params.preparedDir)) throw error;
    });
    return result;
  } finally {
    await rm(unfinishedDir, { recursive: true, force: true });
  }
}

function exponentsOf(stored: NonNullable<PrepareParams['smoothing']>): ReadonlyMap<string, Int8Array> {
  return new Map(Object.entries(stored).map(([tensor, exponents]) => [tensor, Int8Array.from(exponents)]));
}
