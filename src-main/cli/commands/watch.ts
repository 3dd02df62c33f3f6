import { basename, resolve } from 'node:path';
import { formatCountOf } from '../../../src-shared/base/units';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { DEFAULT_HEALTH_LIMITS } from '../../../src-shared/domain/health/health-limits';
import { defineCommand, EXIT_CANCELLED, EXIT_GATE, EXIT_OK, present } from '../command';
import { flag, realNumber, text, wholeNumber } from '../options';
import { memoryLimitOption, threadsOption } from '../shared-options';
import { LEAST_IMAGES } from '../watch/batches';
import { startMetricsServer } from '../watch/metrics-server';
import { Watcher, type WatchResult } from '../watch/watcher';

const seconds = (description: string) =>
  realNumber('SECONDS', description, 'a number of seconds, at least 0', (value) => value >= 0);
const METRICS = { group: 'Metrics and notifications:' };

export const watch = defineCommand({
  name: 'watch',
  summary: 'compare images that arrive in a folder with the calibration record, and act on drift',
  positionals: ['PROJECT', 'DIR'],
  options: {
    limit: realNumber(
      'X',
      `largest drift that is no reason to act (default: ${DEFAULT_HEALTH_LIMITS.drift})`,
      'a number of at least 0',
      (value) => value >= 0,
    ),
    batch: wholeNumber('N', 'images that are judged together (default: 64)', { min: LEAST_IMAGES, max: 100_000 }),
    'max-wait': seconds('how long an image waits for a full batch (default: 600)'),
    interval: seconds('time between two looks at the folder (default: 10)'),
    settle: seconds('a file is complete if it did not change for this long (default: 2)'),
    'by-folder': flag('each sub-folder has batches of its own, for example one for each camera'),
    'new-only': flag('leave out the images that are there at the start'),
    once: flag('judge the images that are there and end, for CI'),
    'metrics-port': wholeNumber('PORT', 'answer http://127.0.0.1:PORT/metrics (0: a free port)', {
      min: 0,
      max: 65_535,
      ...METRICS,
    }),
    'metrics-file': text('FILE', 'write the metrics to a file, for the textfile collector of node_exporter', METRICS),
    webhook: text('URL', 'post each batch beyond the limit to this address as JSON and go on', METRICS),
    proposal: text('FILE.txt', 'write the list of images that should be added to the calibration set', METRICS),
    threads: threadsOption,
    'memory-limit': memoryLimitOption,
  },
  details: `Ends with exit code 3 at the first batch beyond the limit, unless --webhook is given. With --once the exit code is 3 if
any batch is beyond the limit or cannot be judged. SIGTERM and Ctrl-C end the watch with exit code 0. See docs/field.md.`,
  async run(values, [project = '', dir = ''], { api, runJob, note, print }) {
    const { webhook } = values;
    if (webhook !== undefined && !isWebAddress(webhook))
      throw new WorkbenchError(
        'usage',
        `Expected --webhook to be an address (http:// or https://), found "${webhook}"`,
      );
    if (values.proposal !== undefined && !values.proposal.endsWith('.txt'))
      throw new WorkbenchError('usage', `Expected --proposal to be a file .txt, found "${values.proposal}"`);
    const projectPath = resolve(project);
    const { file } = await api.openProject({ projectPath });
    const watcher = new Watcher(
      {
        projectPath,
        dir: resolve(dir),
        limit: values.limit ?? DEFAULT_HEALTH_LIMITS.drift,
        size: values.batch ?? 64,
        patienceMs: 1000 * (values['max-wait'] ?? 600),
        intervalMs: 1000 * (values.interval ?? 10),
        settleMs: 1000 * (values.settle ?? 2),
        isByFolder: values['by-folder'] === true,
        ignoresPresent: values['new-only'] === true,
        isOnce: values.once === true,
        ...present({
          metricsFile: values['metrics-file'] === undefined ? undefined : resolve(values['metrics-file']),
          proposalFile: values.proposal === undefined ? undefined : resolve(values.proposal),
          webhook,
          threads: values.threads,
          memoryLimitGb: values['memory-limit'],
        }),
      },
      file.name,
      { runJob, note },
    );
    const port = values['metrics-port'];
    const server = port === undefined ? null : await startMetricsServer(port, () => watcher.metrics.text());
    if (server !== null) note(`metrics: ${server.url}`);
    const stop = (): void => watcher.stop();
    process.once('SIGINT', stop);
    process.once('SIGTERM', stop);
    try {
      note(`watching ${resolve(dir)} for ${basename(projectPath)}`);
      const result = await watcher.run();
      print(result, () => [summaryOf(result)]);
      if (values.once && result.isStopped) return EXIT_CANCELLED;
      return result.isBeyondLimit && (webhook === undefined || values.once === true) ? EXIT_GATE : EXIT_OK;
    } finally {
      process.off('SIGINT', stop);
      process.off('SIGTERM', stop);
      await server?.close();
    }
  },
});

function summaryOf({ images, damaged, batches, isBeyondLimit }: WatchResult): string {
  const verdict = batches.length === 0 ? 'no batch was judged' : isBeyondLimit ? 'beyond the limit' : 'covered';
  return (
    `${formatCountOf(images, 'image')} in ${formatCountOf(batches.length, 'batch', 'batches')}, ` +
    `${formatCountOf(damaged, 'damaged image')}: ${verdict}`
  );
}

function isWebAddress(address: string): boolean {
  return /^https?:$/.test(URL.canParse(address) ? new URL(address).protocol : '');
}
