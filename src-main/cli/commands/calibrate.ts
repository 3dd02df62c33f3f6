import { basename, resolve } from 'node:path';
import type { CalibrateResult } from '../../../src-shared/contract/job-results';
import { formatDuration, formatRate } from '../../../src-shared/base/units';
import { measuredText, singlesText } from '../../../src-shared/domain/analysis/best-method';
import { defineCommand, EXIT_OK, present, type CommandContext } from '../command';
import { flag, wholeNumber } from '../options';
import type { Block } from '../output';
import { SHARD_DETAILS, shardFields, shardOptions } from '../shard-options';
import { memoryLimitOption, threadsOption } from '../shared-options';

export const tensorrtGridOption = wholeNumber(
  'BATCH',
  "also count as TensorRT's calibrator does when it gets BATCH images at a time in the order of the set: " +
    'this gives method entropy-tensorrt and every name of a TensorRT calibration cache',
  { min: 1 },
);

export const calibrate = defineCommand({
  name: 'calibrate',
  summary: 'collect activation histograms (continues an interrupted pass)',
  positionals: ['PROJECT'],
  options: {
    limit: wholeNumber('N', 'only N images: the first ones of a list, or spread evenly over a folder', { min: 1 }),
    threads: threadsOption,
    ...shardOptions('collect only every N-th image, beginning with the I-th'),
    'tensorrt-grid': tensorrtGridOption,
    'memory-limit': memoryLimitOption,
    fresh: flag('collect again although a finished calibration of the same content exists'),
  },
  details: SHARD_DETAILS,
  threads: 'collect',
  async run(values, [project = ''], context) {
    const result = await context.runJob({
      kind: 'calibrate',
      projectPath: resolve(project),
      ...present({
        limit: values.limit,
        threads: values.threads,
        ...shardFields(values, context),
        memoryLimitGb: values['memory-limit'],
        fresh: values.fresh,
        tensorrtGridBatch: values['tensorrt-grid'],
      }),
    });
    printCalibration(result, context);
    return EXIT_OK;
  },
});

/** Prints the result of a calibration or of a merge of shards. */
export function printCalibration(result: CalibrateResult, { print, note, isJson }: CommandContext): void {
  for (const warning of result.warnings) note(`warning: ${warning.message}`);
  if (result.kept && !isJson)
    note(
      `A finished ${result.shardPath === undefined ? 'calibration' : 'shard'} of the same model, images and ` +
        'preprocessing was kept (--fresh collects again)',
    );
  print(result, asText);
}

function asText(result: CalibrateResult): Block[] {
  const where = result.shardPath === undefined ? basename(result.project) : result.shardPath;
  const resumed = result.resumedImages > 0 && !result.kept ? `, ${result.resumedImages} of them from before` : '';
  const pace = result.kept
    ? ''
    : `, ${formatDuration(result.seconds)}, ${formatRate(result.imagesPerSecond, 'images')}`;
  const grid = result.tensorrtGrid;
  return [
    `${where}: ${result.images} images${resumed}, ${result.tensors} tensors${pace}`,
    ...(result.skipped.length > 0 ? [`skipped: ${result.skipped.map((item) => item.file).join(', ')}`] : []),
    ...(grid ? [`TensorRT's grid: ${grid.names} names, first batch of ${grid.batch} images`] : []),
    ...bestLines(result),
    `sha256 ${result.sha256}`,
  ];
}

/** The errors of the single methods at the outputs, lowest first, and which of them the project uses. */
function bestLines({ method, chosenMethod, best }: CalibrateResult): string[] {
  if (best === undefined || best.decision.singles.length === 0) return [];
  const { decision } = best;
  const { images, wantedImages, limitedByTime } = decision;
  const fewer = limitedByTime
    ? `; ${wantedImages} images would have taken too long for a model of this size`
    : images < wantedImages
      ? `; ${wantedImages} were wanted`
      : '';
  const inUse =
    chosenMethod === undefined
      ? `method ${method ?? ''} (chosen by hand; the best is ${decision.chosenMethod})`
      : `method best: ${chosenMethod}`;
  return [inUse, `  ${singlesText(decision)}`, `  ${measuredText(decision)}${fewer}`];
}
