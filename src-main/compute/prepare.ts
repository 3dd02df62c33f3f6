import { readFileSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import type { TaskContext } from '../../src-shared/contract/progress';
import { writeFileAtomic } from '../base/atomic-file';
import { isRunning } from '../base/running-process';
import { SharedRuns } from '../base/shared-runs';
import { equalize } from '../onnx/passes/equalize';
import { prepareModel } from '../onnx/prepare';
import { isPrepared, PREPARED_FACTS, storePrepared } from '../onnx/prepared-store';
import { readModel } from '../onnx/wire-reader';
import type { PrepareParams, PrepareResult } from './protocol';

/** What was said of a prepared model when it was made. */
export function preparedFacts(preparedDir: string): PrepareResult {
  return JSON.parse(readFileSync(join(preparedDir, PREPARED_FACTS), 'utf8')) as PrepareResult;
}

/** By folder: several screens may ask for the same model at once. */
const preparations = new SharedRuns<PrepareResult>();

/** Makes the prepared model of a model once; a folder that is complete is kept. */
export function prepare(params: PrepareParams, context: TaskContext): Promise<PrepareResult> {
  return preparations.run(params.preparedDir, () => prepareOnce(params, context));
}

async function prepareOnce(params: PrepareParams, context: TaskContext): Promise<PrepareResult> {
  if (isPrepared(params.preparedDir)) return preparedFacts(params.preparedDir);
  context.onProgress?.({ phase: 'preparing the model', done: 0, total: 0, unit: 'layers' });
  const unfinishedDir = `${params.preparedDir}${UNFINISHED}${process.pid}`;
  await mkdir(dirname(unfinishedDir), { recursive: true });
  await removeUnfinished(params.preparedDir);
  await mkdir(unfinishedDir);
  try {
    const { model, notes } = prepareModel(readModel(params.modelPath));
    const equalized = params.equalize ? equalize(model.graph) : null;
    await storePrepared(equalized ? { ...model, graph: equalized.graph } : model, unfinishedDir, context);
    const result: PrepareResult = {
      notes: notes.map(({ code, message }) => ({ code, message })),
      ...(equalized ? { equalized: { layers: equalized.layers, tensors: equalized.tensors } } : {}),
    };
    await writeFileAtomic(join(unfinishedDir, PREPARED_FACTS), JSON.stringify(result));
    // Another process that collects a shard may have been faster; what it made is the same, and perhaps in use.
    if (isPrepared(params.preparedDir)) return result;
    await rm(params.preparedDir, { recursive: true, force: true });
    await rename(unfinishedDir, params.preparedDir).catch((error: unknown) => {
      if (!isPrepared(params.preparedDir)) throw error;
    });
    return result;
  } finally {
    await rm(unfinishedDir, { recursive: true, force: true });
  }
}

/** Of this machine: several may prepare on one file system, and a process id tells nothing about another's. */
export const UNFINISHED = `.unfinished-${hostname().replaceAll(/[^A-Za-z0-9-]/g, '-')}-`;

/** Removes what processes of this machine that were killed have left beside the folder; also of this one, whose id was another's before. */
async function removeUnfinished(preparedDir: string): Promise<void> {
  const parent = dirname(preparedDir);
  for (const name of await readdir(parent)) {
    const at = name.lastIndexOf(UNFINISHED);
    if (at < 0) continue;
    const pid = Number(name.slice(at + UNFINISHED.length));
    const isOwn = name === `${basename(preparedDir)}${UNFINISHED}${process.pid}`;
    if (Number.isInteger(pid) && (isOwn || !isRunning(pid))) await rm(join(parent, name), { recursive: true, force: true });
  }
}
