import { basename, resolve } from 'node:path';
import { WorkbenchError } from '../../../src-shared/base/errors';
import type { CalibrateResult } from '../../../src-shared/contract/job-results';
import type { Shard } from '../../../src-shared/contract/job-specs';
import { formatDuration, formatRate } from '../../../src-shared/base/units';
import { measuredText, singlesText } from '../../../src-shared/domain/analysis/best-method';
import { EXIT_OK, parseFlags, present, toJson, wholeNumber, type Command, type CommandContext } from '../command';
import { oneLine } from '../terminal-text';

export const calibrate: Command = {
  name: 'calibrate',
  summary: 'collects activation histograms (continues an interrupted pass)',
  usage: `Usage: calib calibrate PROJECT [--limit N] [--threads N] [--shard I/N] [--tensorrt-grid BATCH] [--memory-limit GB] [--fresh] [--json]
  --limit N     only N images: the first ones of a list, spread evenly over a folder
  --threads N   one-thread workers (default: one per core)
  --shard I/N   only every N-th image, beginning with the I-th; put together with calib merge
  --tensorrt-grid BATCH
                also count as TensorRT's calibrator does when it gets BATCH images at a time in the set's order:
                gives method entropy-tensorrt and every name of a TensorRT calibration cache
  --memory-limit GB
                start no more workers than fit into so much memory, by what the first one took (default: what is free)
  --fresh       collect again although a finished calibration of the same content exists`,
  async run(argv, context) {
    const { values, positionals } = parseFlags(
      argv,
      {
        limit: { type: 'string' },
        threads: { type: 'string' },
        shard: { type: 'string' },
        'tensorrt-grid': { type: 'string' },
        'memory-limit': { type: 'string' },
        fresh: { type: 'boolean' },
      },
      { min: 1, max: 1, names: 'PROJECT' },
    );
    const result = await context.runJob({
      kind: 'calibrate',
      projectPath: resolve(positionals[0] ?? ''),
      ...present({
        limit: wholeNumber('--limit', values.limit, 1),
        threads: wholeNumber('--threads', values.threads, 1, 256),
        shard: parseShard(values.shard),
        memoryLimitGb: memoryLimit(values['memory-limit']),
        fresh: values.fresh,
        tensorrtGridBatch: wholeNumber('--tensorrt-grid', values['tensorrt-grid'], 1),
      }),
    });
    printCalibration(result, values.json === true, context);
    return EXIT_OK;
  },
};

/** @throws WorkbenchError usage */
export function memoryLimit(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const gigabytes = Number(text);
  if (text.trim() === '' || !(gigabytes > 0) || !Number.isFinite(gigabytes))
    throw new WorkbenchError(
      'usage',
      `Expected --memory-limit to be gigabytes above 0 (4 or 0.5, for example), found "${text}"`,
    );
  return gigabytes;
}

function parseShard(text: string | undefined): Shard | undefined {
  if (text === undefined) return undefined;
  const [index = 0, count = 0] = (/^(\d+)\/(\d+)$/.exec(text) ?? []).slice(1).map(Number);
  if (index < 1 || index > count)
    throw new WorkbenchError('usage', `Expected --shard I/N with I from 1 to N (1/2, for example), found "${text}"`);
  return { index, count };
}

export function printCalibration(result: CalibrateResult, json: boolean, { print, note }: CommandContext): void {
  for (const warning of result.warnings) note(`warning: ${warning.message}`);
  if (json) {
    print(toJson(result));
    return;
  }
  const where = result.shardPath === undefined ? basename(result.project) : result.shardPath;
  if (result.kept)
    note('A finished calibration of the same model, images and preprocessing was kept (--fresh collects again)');
  const resumed = result.resumedImages > 0 && !result.kept ? `, ${result.resumedImages} of them from before` : '';
  const pace = result.kept
    ? ''
    : `, ${formatDuration(result.seconds)}, ${formatRate(result.imagesPerSecond, 'images')}`;
  print(`${where}: ${result.images} images${resumed}, ${result.tensors} tensors${pace}`);
  if (result.skipped.length > 0) print(oneLine(`skipped: ${result.skipped.map((item) => item.file).join(', ')}`));
  if (result.tensorrtGrid)
    print(`TensorRT's grid: ${result.tensorrtGrid.names} names, first batch of ${result.tensorrtGrid.batch} images`);
  for (const line of bestLines(result)) print(line);
  print(`sha256 ${result.sha256}`);
}

/** What the single methods cost at the outputs, best first, and which of them the project uses. */
function bestLines({ method, chosenMethod, best }: CalibrateResult): string[] {
  if (best === undefined || best.decision.singles.length === 0) return [];
  const { decision } = best;
  const { seconds, budgetSeconds, images, wantedImages, limitedByTime } = decision;
  const fewer = limitedByTime
    ? `; ${wantedImages} images would have taken longer than ${formatDuration(budgetSeconds)}`
    : images < wantedImages
      ? `; ${wantedImages} were wanted`
      : '';
  const longer =
    seconds > budgetSeconds ? `; it took ${formatDuration(seconds)}, longer than ${formatDuration(budgetSeconds)}` : '';
  const inUse =
    chosenMethod === undefined
      ? `method ${method ?? ''} (chosen by hand; the best is ${decision.chosenMethod})`
      : `method best: ${chosenMethod}`;
  return [inUse, `  ${singlesText(decision)}`, `  ${measuredText(decision)}${fewer}${longer}`];
}
