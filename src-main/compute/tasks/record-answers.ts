import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { throwIfAborted } from '../../../src-shared/base/errors';
import type { TaskContext } from '../../../src-shared/contract/progress';
import type { PackageSample, TensorFile } from '../../../src-shared/domain/packages/manifest';
import { imageId } from '../../../src-shared/domain/project/image-set';
import { quantizedFeeds, stackImages, type Feed } from '../../backends/feeds';
import { openSession } from '../../backends/open-session';
import { inputScalesOf, type OutputTensor } from '../../backends/runnable-variant';
import { createFeedLoader } from '../../calibration/inputs/feed-loader';
import type { RecordAnswersParams } from '../pool/protocol';

/**
 * Runs a variant on a few images and writes what it got and answered, one file per tensor, into
 * `OUT/samples/NUMBER/{input,output}-N.bin`. A batch that the model fixes is filled with copies of the image.
 * Outputs that are no numbers are left out. @throws WorkbenchError image-invalid, model-unsupported, cancelled
 */
export async function recordAnswers(
  { variant, feeding, entries, outDir }: RecordAnswersParams,
  context: TaskContext,
): Promise<readonly Omit<PackageSample, 'image'>[]> {
  const loader = createFeedLoader(feeding);
  // With one thread, sums have one order.
  const session = await openSession(variant, 1);
  const samples: Omit<PackageSample, 'image'>[] = [];
  try {
    for (const [i, entry] of entries.entries()) {
      throwIfAborted(context.signal);
      context.onProgress?.({ phase: 'recording answers', done: i, total: entries.length, unit: 'images' });
      const feeds = stackImages(feeding, [await loader.load(entry)], feeding.fixedBatch ?? 1);
      const outputs = await session.run(feeds);
      // Recorded as the model takes them.
      const taken = quantizedFeeds(feeds, inputScalesOf(variant));
      samples.push({
        id: imageId(entry),
        inputs: await writeTensors(taken, { outDir, prefix: `samples/${i + 1}/input` }),
        outputs: await writeTensors(outputs.flatMap(recorded), { outDir, prefix: `samples/${i + 1}/output` }),
      });
    }
  } finally {
    await session.close();
  }
  return samples;
}

type Recorded = Omit<TensorFile, 'file'> & { readonly data: Feed['data'] };

/** An output as it is recorded: floats as float32, integers and truth values as int32. */
export function recorded({ name, dims, data, integers }: OutputTensor): Recorded[] {
  if (data !== null) return [{ name, dims: [...dims], dtype: 'float32', data }];
  return integers === undefined ? [] : [{ name, dims: [...dims], dtype: 'int32', data: integers }];
}

async function writeTensors(
  tensors: readonly (Recorded | Feed)[],
  { outDir, prefix }: { readonly outDir: string; readonly prefix: string },
): Promise<TensorFile[]> {
  const files: TensorFile[] = [];
  for (const [i, { name, dtype, dims, data }] of tensors.entries()) {
    const file = `${prefix}-${i}.bin`;
    await mkdir(dirname(join(outDir, file)), { recursive: true });
    await writeFile(join(outDir, file), new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    files.push({ name, dtype, dims: [...dims], file });
  }
  return files;
}
