import { throwIfAborted } from '../../../src-shared/base/errors';
import type { TaskContext } from '../../../src-shared/contract/progress';
import type { AtomicFile } from '../../base/atomic-file';
import type { Rope } from './rope';
import { RopeReader } from './rope-reader';

/** Appends a rope to a file, chunk by chunk. Progress counts bytes. */
export async function streamRope(rope: Rope, file: AtomicFile, phase: string, context: TaskContext): Promise<void> {
  const reader = new RopeReader();
  let done = 0;
  try {
    for (const chunk of reader.chunks(rope)) {
      throwIfAborted(context.signal);
      await file.append(chunk);
      done += chunk.length;
      context.onProgress?.({ phase, done, total: rope.length, unit: 'bytes' });
    }
  } finally {
    reader.close();
  }
}
