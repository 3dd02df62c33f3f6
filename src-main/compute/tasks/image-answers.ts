import { imageFeed } from '../../../src-shared/domain/project/feeding';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { decodeImage } from '../../calibration/images/image-decoder';
import type { ImageAnswersParams, ImageAnswersResult } from '../pool/protocol';
import { WorkerPool } from '../pool/worker-pool';

/** The worker with its open models is ended when nobody has asked for this long. */
const IDLE_MS = 60_000;

interface AnswerPool {
  readonly pool: WorkerPool<'answer'>;
  readonly opened: Promise<void>;
}

let current: AnswerPool | null = null;
let users = 0;
let idle: NodeJS.Timeout | undefined;

/**
 * The answers of variants to one image. They are computed in a worker thread that is kept for a while, because opening
 * a model takes longer than running it once.
 */
export async function imageAnswers(params: ImageAnswersParams): Promise<ImageAnswersResult> {
  if (params.variants.length === 0) return { size: await sizeOf(params), answers: [] };
  const own = (current ??= openPool());
  users += 1;
  clearTimeout(idle);
  try {
    await own.opened;
    return await own.pool.run('answer', params);
  } catch (error) {
    if (!(error instanceof WorkbenchError) || error.code === 'internal') {
      // The worker has crashed; the next question gets another one.
      if (current === own) current = null;
      void own.pool.close();
    }
    throw error;
  } finally {
    users -= 1;
    if (users === 0) idle = setTimeout(close, IDLE_MS).unref();
  }
}

function openPool(): AnswerPool {
  const pool = new WorkerPool<'answer'>({ role: 'answer', init: null, depth: 1 });
  return { pool, opened: pool.grow(1) };
}

function close(): void {
  void current?.pool.close();
  current = null;
}

/** @throws WorkbenchError image-invalid */
async function sizeOf({ entry, feeding }: ImageAnswersParams): Promise<ImageAnswersResult['size']> {
  if (/\.np[yz]$/i.test(entry.path)) return null;
  const preprocessing = imageFeed(feeding)?.preprocessing;
  if (preprocessing === undefined) throw new WorkbenchError('internal', 'The model takes no images');
  const { width, height } = await decodeImage(entry.path, entry.file, preprocessing.orientation);
  return { width, height };
}
