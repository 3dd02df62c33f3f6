import { expect, it } from 'vitest';
import { WatchMetrics } from '../../../../src-main/cli/watch/watch-metrics';
import { startMetricsServer } from '../../../../src-main/cli/watch/metrics-server';
import type { BatchDrift } from '../../../../src-shared/domain/health/field-batch';

const batch: BatchDrift = {
  images: 64,
  skipped: [{ file: 'bad.png', reason: 'not a picture' }],
  drift: 0.7,
  driftAtLeast: 0.66,
  nearest: null,
  clippedFraction: 0.01,
  clippedTensor: 'a',
  tensors: [],
  seconds: 1,
};

it('counts batches, images and damaged images per group', async () => {
  const metrics = new WatchMetrics('plates "1"', 0.65);
  metrics.count('front', 'covered', { ...batch, driftAtLeast: 0.1 }, 1000);
  metrics.count('front', 'drifted', batch, 2000);
  metrics.count('rear', 'failed', null, 3000);
  metrics.countWebhookFailure();
  const server = await startMetricsServer(0, () => metrics.text());
  try {
    const response = await fetch(server.url);
    expect(response.headers.get('content-type')).toContain('version=0.0.4');
    const lines = (await response.text()).split('\n');
    for (const line of [
      '# TYPE calib_watch_images_total counter',
      'calib_watch_images_total{project="plates \\"1\\"",group="front"} 128',
      'calib_watch_damaged_images_total{project="plates \\"1\\"",group="front"} 2',
      'calib_watch_drift_at_least{project="plates \\"1\\"",group="front"} 0.66',
      'calib_watch_batches_total{project="plates \\"1\\"",group="front",state="drifted"} 1',
      'calib_watch_batches_total{project="plates \\"1\\"",group="rear",state="failed"} 1',
      'calib_watch_batch_timestamp_seconds{project="plates \\"1\\"",group="front"} 2',
      'calib_watch_webhook_failures_total{project="plates \\"1\\""} 1',
    ])
      expect(lines).toContain(line);
    expect((await fetch(server.url.replace('/metrics', '/'))).status).toBe(404);
    expect((await fetch(server.url, { method: 'POST' })).status).toBe(405);
    const port = Number(new URL(server.url).port);
    await expect(startMetricsServer(port, () => '')).rejects.toMatchObject({ code: 'usage' });
  } finally {
    await server.close();
  }
});
