import { resolve } from 'node:path';
import { formatCountOf, formatFixed } from '../../../src-shared/base/units';
import { WorkbenchError } from '../../../src-shared/base/errors';
import type { PickResult } from '../../../src-shared/contract/job-results';
import { DEFAULT_HEALTH_LIMITS } from '../../../src-shared/domain/health/health-limits';
import { pickSentence } from '../../../src-shared/domain/health/pick';
import { defineCommand, EXIT_OK, present } from '../command';
import { flag, realNumber, text, wholeNumber } from '../options';
import type { Block } from '../output';
import { limitOption, memoryLimitOption, threadsOption } from '../shared-options';

export const pick = defineCommand({
  name: 'pick',
  summary: 'pick the fewest images of a folder or video that cover what the calibration set lacks',
  positionals: ['PROJECT', 'SOURCE'],
  options: {
    count: wholeNumber('N', 'at most N images (default: as many as cover the pool, at most 512)', { min: 1 }),
    output: text('OUT', 'folder for copies of the images, or FILE.txt for a list of them', { short: 'o' }),
    add: flag('the list also has the images of the calibration set: calib set PROJECT --calibration FILE.txt'),
    'max-distance': realNumber(
      'X',
      `distance from the pool that may remain (default: ${DEFAULT_HEALTH_LIMITS.drift})`,
      'a number of at least 0',
      (value) => value >= 0,
    ),
    fps: realNumber(
      'X',
      'frames of a video that are looked at in a second (default: 1)',
      'a number above 0',
      (value) => value > 0,
    ),
    limit: limitOption('images of the pool'),
    threads: threadsOption,
    'memory-limit': memoryLimitOption,
  },
  details: `SOURCE is a folder or a list of images, or a video, which is decoded by ffmpeg (exit code 4 if it is not installed).
An image is taken if it raises the largest value of a tensor, has values that the calibration set hardly has, or brings
what is calibrated nearer to the pool. Near copies are left out. See docs/field.md.`,
  async run(values, [project = '', source = ''], { runJob, print, note }) {
    if (values.add && values.output === undefined) throw new WorkbenchError('usage', '--add needs -o FILE.txt');
    const result = await runJob({
      kind: 'pick',
      projectPath: resolve(project),
      sourcePath: resolve(source),
      ...present({
        count: values.count,
        outPath: values.output === undefined ? undefined : resolve(values.output),
        addsToSet: values.add,
        maxDistance: values['max-distance'],
        framesPerSecond: values.fps,
        limit: values.limit,
        threads: values.threads,
        memoryLimitGb: values['memory-limit'],
      }),
    });
    for (const { file, reason } of result.skipped) note(`warning: ${file}: ${reason}`);
    print(pickJson(result), () => pickText(result));
    return EXIT_OK;
  },
});

function pickJson(result: PickResult) {
  return { ...result, picked: result.picked.map((image) => ({ ...image, reason: pickSentence(image.reasons) })) };
}

function pickText(result: PickResult): Block[] {
  const { picked, pool, duplicates, elements, distance, limit, isComplete, drift, driftAtLeast, out } = result;
  const open = elements.all - elements.covered;
  return [
    `${formatCountOf(pool, 'image')} compared, ${formatCountOf(duplicates, 'near copy', 'near copies')} left out; drift of the ` +
      `pool ${formatFixed(drift, 2)} (at least ${formatFixed(driftAtLeast, 2)})`,
    ...(picked.length === 0
      ? ['The calibration set covers the pool: no image is needed.']
      : [
          {
            columns: [{ title: 'image' }, { title: 'why' }],
            rows: picked.map(({ file, reasons }) => [file, pickSentence(reasons)]),
          },
          `distance of the pool: ${formatFixed(distance.before, 2)} before, ${formatFixed(distance.after, 2)} after ` +
            `(limit ${formatFixed(limit, 2)})`,
        ]),
    ...(isComplete || open === 0
      ? []
      : [`${formatCountOf(open, 'value range')} of the pool are still not covered: a larger --count covers more.`]),
    ...(out === undefined ? [] : [`written: ${out}`]),
  ];
}
