import { resolve } from 'node:path';
import { throwIfAborted } from '../../../src-shared/base/errors';
import type { TaskContext } from '../../../src-shared/contract/progress';
import type { AtomicFile } from '../../base/atomic-file';
import type { Model, Tensor, TensorData } from '../graph/model';
import { streamRope } from './stream-rope';

/**
 * Initializers above this go to the weights file; smaller ones stay in the graph, where shape arithmetic needs them.
 */
const EXTERNAL_ABOVE_BYTES = 1024;
const ALIGNMENT_BYTES = 64;

/**
 * Writes every initializer above 1 KB to `file`, each at a multiple of 64 bytes, and returns the model that refers to
 * them at `finalPath` (where the file will be after its commit). Initializers of subgraphs stay where they are.
 */
export async function moveWeights(
  model: Model,
  file: AtomicFile,
  finalPath: string,
  context: TaskContext,
): Promise<{ readonly model: Model; readonly dataBytes: number }> {
  const path = resolve(finalPath);
  const initializer: Tensor[] = [];
  let offset = 0;
  const large = model.graph.initializer.filter((tensor) => sizeOf(tensor.data) > EXTERNAL_ABOVE_BYTES).length;
  let done = 0;
  for (const tensor of model.graph.initializer) {
    const length = sizeOf(tensor.data);
    if (length <= EXTERNAL_ABOVE_BYTES) {
      initializer.push(tensor);
      continue;
    }
    throwIfAborted(context.signal);
    const padding = (ALIGNMENT_BYTES - (offset % ALIGNMENT_BYTES)) % ALIGNMENT_BYTES;
    if (padding > 0) await file.append(new Uint8Array(padding));
    offset += padding;
    await appendData(tensor.data, file, context);
    initializer.push({ ...tensor, data: { kind: 'file', path, offset, length } });
    offset += length;
    context.onProgress?.({ phase: 'writing weights', done: ++done, total: large, unit: 'tensors' });
  }
  return { model: { ...model, graph: { ...model.graph, initializer } }, dataBytes: offset };
}

function sizeOf(data: TensorData): number {
  if (data.kind === 'strings') return 0;
  return data.kind === 'bytes' ? data.bytes.length : data.length;
}

async function appendData(data: TensorData, file: AtomicFile, context: TaskContext): Promise<void> {
  if (data.kind === 'bytes') await file.append(data.bytes);
  else if (data.kind === 'computed') await file.append(data.compute());
  else if (data.kind === 'file') {
    const range = { origin: { kind: 'data-file', path: data.path } as const, offset: data.offset, length: data.length };
    await streamRope(
      { length: data.length, parts: [range] },
      file,
      'writing weights',
      context.signal === undefined ? {} : { signal: context.signal },
    );
  }
}
