import { resolve } from 'node:path';
import {
  formatAccuracy,
  formatCount,
  formatDb,
  formatDuration,
  formatSignificant,
} from '../../../src-shared/base/units';
import { groupValue, type SensitivityResult } from '../../../src-shared/domain/analysis/analysis';
import { SENSITIVITY_KINDS, SENSITIVITY_METRICS } from '../../../src-shared/domain/analysis/analysis';
import { formatMeasure } from '../../../src-shared/domain/tasks/measure-text';
import type { SensitivitySpec } from '../../../src-shared/contract/job-specs';
import { defineCommand, EXIT_OK, present, type CommandContext } from '../command';
import { choice, text, wholeNumber } from '../options';
import type { Block } from '../output';
import { freshShardOption, runShard, SHARD_DETAILS, shardOptions } from '../shard-options';
import { memoryLimitOption, targetOption, threadsOption } from '../shared-options';

const MEANING = {
  cause: 'only this layer INT8, the rest FP32: who does the damage',
  visible: "all INT8, error at the layer's own output: where damage shows",
  release: 'all INT8 but this layer: what its release wins back',
} as const;

export const sensitivity = defineCommand({
  name: 'sensitivity',
  summary: 'rank the layers by the damage that they cause or show, or by what leaving them out of INT8 wins back',
  positionals: ['PROJECT'],
  threads: 'trials',
  options: {
    kind: choice('K', SENSITIVITY_KINDS, 'release (default), cause or visible, see below'),
    metric: choice(
      'M',
      SENSITIVITY_METRICS,
      'sqnr (default), agreement, measure (of the task: top-1, AP, mIoU), top1, worst-group; the last three need ' +
        'labels and use the validation set',
    ),
    set: choice('SET', ['calibration', 'validation'], 'set that the images come from: calibration or validation'),
    limit: wholeNumber('N', 'number of images, spread evenly over the groups (default: 64)', { min: 1 }),
    layer: text('GLOB', 'only layers whose names match'),
    target: targetOption,
    threads: threadsOption,
    'memory-limit': memoryLimitOption,
    ...shardOptions('try only every N-th layer, beginning with the I-th'),
    fresh: freshShardOption,
  },
  details: `Kinds:
  release   ${MEANING.release}
  cause     ${MEANING.cause}
  visible   ${MEANING.visible}

${SHARD_DETAILS}`,
  async run(values, [project = ''], context) {
    const { kind, metric, set, limit, layer, target, threads, 'memory-limit': memoryLimitGb } = values;
    const spec: SensitivitySpec = {
      kind: 'sensitivity',
      projectPath: resolve(project),
      ...present({ question: kind, metric, set, limit, layers: layer, target, threads, memoryLimitGb }),
    };
    if (values.shard) return runShard(spec, values.shard, values, context);
    printSensitivity(await context.runAnalysis(spec), context);
    return EXIT_OK;
  },
});

/** Prints the result of a sensitivity or of a merge of its shards. */
export function printSensitivity(result: SensitivityResult, { print }: CommandContext): void {
  print(result, asText);
}

/** SQNR with one operand of the layer in INT8; empty for a layer without INT8 weights. */
function operandDb(sqnrDb: number | null | undefined): string {
  return sqnrDb === undefined ? '' : sqnrDb === null ? 'no error' : formatDb(sqnrDb);
}

const NOTHING_IN_INT8 =
  'no layer runs in INT8, because of the plan or of the rules of the target; calib quantize --explain gives the reasons';

function asText(result: SensitivityResult): Block[] {
  const { kind, metric, layers, baseline } = result;
  const percent = (value: number | null | undefined): string =>
    value === null || value === undefined ? '' : formatAccuracy(value);
  const name = baseline.measure?.name ?? 'top-1';
  const rows = layers.map(({ layer, op, score, sqnrDb, quality, operands }) => [
    layer,
    op,
    formatSignificant(score),
    sqnrDb === null ? '' : formatDb(sqnrDb),
    ...(kind === 'cause' ? [operandDb(operands?.weights), operandDb(operands?.input)] : []),
    percent(quality?.agreement),
    quality?.measure === undefined ? '' : formatMeasure(quality.measure.name, quality.measure.value),
    quality?.worstGroup ? `${quality.worstGroup.name} ${formatMeasure(name, groupValue(quality.worstGroup))}` : '',
  ]);
  const noise = baseline.comparesAnswers
    ? `agreement ${percent(baseline.agreement)}; the sizes of all outputs depend on the data, so that they have no SQNR`
    : baseline.sqnrDb === null
      ? 'no error'
      : `output SQNR ${formatDb(baseline.sqnrDb)}`;
  const value = baseline.measure === undefined ? '' : `, ${name} ${formatMeasure(name, baseline.measure.value)}`;
  const found: Block = {
    columns: [
      { title: 'layer' },
      { title: 'op' },
      { title: 'score', align: 'right' },
      { title: 'SQNR', align: 'right' },
      ...(kind === 'cause' ? ['its weights', 'its input'].map((title) => ({ title, align: 'right' }) as const) : []),
      { title: 'agreement', align: 'right' },
      { title: name, align: 'right' },
      { title: 'worst group' },
    ],
    rows,
  };
  return [
    `${kind}: ${MEANING[kind]}`,
    `metric ${metric}, ${formatCount(result.images)} ${result.set} images, ${formatCount(result.passes)} ` +
      `passes in ${formatDuration(result.seconds)}`,
    `compared with ${kind === 'cause' ? 'FP32' : 'all INT8'}: ${noise}${value}`,
    rows.length === 0 ? NOTHING_IN_INT8 : found,
  ];
}
