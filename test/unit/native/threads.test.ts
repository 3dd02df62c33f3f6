import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { encodeHistogram } from '../../../src-shared/domain/histograms/histogram-codec';
import { REPO_ROOT } from '../../support/shared';
import { slowHistogram } from '../domain/histograms/histogram-samples';

const WORKER = `
  const { parentPort, workerData } = require('node:worker_threads');
  const addon = require(workerData.path);
  const set = new addon.HistogramSet(1);
  for (let i = 0; i < 50; i++) set.addImage([new Float32Array(1000).fill(workerData.value)], 0, 1, new Float32Array(1));
  parentPort.postMessage(set.encode(0));
`;

function countInWorker(value: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const path = join(REPO_ROOT, 'native/build/Release/calib.node');
    const worker = new Worker(WORKER, { eval: true, workerData: { path, value } });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

it('the addon loads and counts in several threads at once', async () => {
  const values = [0.5, -1, 2, 4];
  const records = await Promise.all(values.map(countInWorker));
  expect(records).toEqual(values.map((value) => encodeHistogram(slowHistogram(new Float32Array(50_000).fill(value)))));
});
