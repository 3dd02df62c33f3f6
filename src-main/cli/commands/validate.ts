import { resolve } from 'node:path';
import { formatAccuracy, formatDb, formatFixed, formatProbability } from '../../../src-shared/base/units';
import { ownValue } from '../../../src-shared/base/records';
import type { ValidateResult } from '../../../src-shared/contract/job-results';
import {
  worstGroup,
  worstOutput,
  type OutputQuality,
  type VariantReport,
} from '../../../src-shared/domain/runs/accuracy';
import type { TaskClass } from '../../../src-shared/domain/runs/task-scores';
import { formatMeasure, formatMeasureDifference, worstGroupText } from '../../../src-shared/domain/tasks/measure-text';
import { distinctRows } from '../../../src-shared/domain/runs/run-table';
import type { ValidateSpec } from '../../../src-shared/contract/job-specs';
import { defineCommand, EXIT_OK, present, type CommandContext } from '../command';
import { withoutEmptyColumns, type Block, type Column } from '../output';
import { measureCell, measureHeader, noMeasureLines } from '../run-text';
import { freshShardOption, runShard, SHARD_DETAILS, shardOptions } from '../shard-options';
import { limitOption, memoryLimitOption, VARIANT_OPTIONS, variantSpec } from '../shared-options';

const SHOWN_CONFUSIONS = 5;

export const validate = defineCommand({
  name: 'validate',
  summary: 'measure the accuracy of variants: overall, per group, per class, against FP32',
  positionals: ['PROJECT'],
  options: {
    ...VARIANT_OPTIONS,
    'memory-limit': memoryLimitOption,
    limit: limitOption('images'),
    ...shardOptions('run only every N-th image, beginning with the I-th, on ort-cpu'),
    fresh: freshShardOption,
  },
  details: SHARD_DETAILS,
  async run(values, [project = ''], context) {
    const spec: ValidateSpec = {
      kind: 'validate',
      projectPath: resolve(project),
      ...variantSpec(values),
      ...present({ limit: values.limit, memoryLimitGb: values['memory-limit'] }),
    };
    if (values.shard) return runShard(spec, values.shard, values, context);
    printValidation(await context.runJob(spec), context);
    return EXIT_OK;
  },
});

/** Prints the result of a validation or of a merge of its shards. */
export function printValidation(result: ValidateResult, { print, note }: CommandContext): void {
  for (const warning of result.warnings) note(`warning: ${warning.message}`);
  if (result.skipped.length > 0)
    note(`skipped: ${result.skipped.map((item) => `${item.file} (${item.reason})`).join(', ')}`);
  print(result, asText);
}

function asText(result: ValidateResult): Block[] {
  const groups = Object.keys(result.variants[0]?.groups ?? {});
  const columns: Column[] = [
    { title: 'variant' },
    ...[
      measureHeader(result.variants),
      ...DETAIL_COLUMNS.map(({ title }) => title),
      ...groups,
      'agreement',
      'output SQNR',
      'vs FP32',
      '95 % interval',
      'McNemar p',
    ].map((title): Column => ({ title, align: 'right' })),
    { title: 'worst group' },
  ];
  const rows = distinctRows(result.variants, []).map(({ row: variant, names }) => {
    const { measure, difference } = variant;
    const worst = worstGroup(variant);
    const show = (value: number): string => formatMeasureDifference(measure?.name ?? '', value);
    return [
      names.join(' = '),
      measureCell(variant),
      ...DETAIL_COLUMNS.map((column) => column.text(variant)),
      ...groups.map((group) => groupCell(variant, group)),
      variant.agreement === undefined ? '' : formatAccuracy(variant.agreement),
      variant.outputSqnrDb === undefined
        ? ''
        : `${formatDb(variant.outputSqnrDb)}${variant.outputs.length > 1 ? ` (${worstOutput(variant.outputs)?.name ?? ''})` : ''}`,
      difference ? show(difference.value) : '',
      difference ? `${show(difference.interval95[0])} to ${show(difference.interval95[1])}` : '',
      variant.comparedToFp32 ? formatProbability(variant.comparedToFp32.mcnemarP) : '',
      worst === null ? '' : worstGroupText(worst),
    ];
  });
  return [
    ...noMeasureLines(result),
    ...(result.refused ?? []).map(({ variant, reason }) => `${variant} was not judged: ${reason}.`),
    `${result.images} images, backend ${result.backend}, target ${result.target}`,
    ...measureLines(result),
    withoutEmptyColumns({ columns, rows }),
    ...classBlocks(result),
    ...outputBlocks(result),
    ...confusionBlocks(result),
  ];
}

const fractionText = (value: number | null | undefined): string =>
  value === undefined || value === null ? '' : formatFixed(100 * value, 2);

/** Scores beside the measure, in points; columns without any value are left out. */
const DETAIL_COLUMNS: readonly { readonly title: string; readonly text: (report: VariantReport) => string }[] = [
  { title: 'top-5', text: ({ top5 }) => (top5 === undefined ? '' : formatAccuracy(top5)) },
  { title: 'AP50', text: ({ ap50 }) => fractionText(ap50) },
  { title: 'AP75', text: ({ ap75 }) => fractionText(ap75) },
  { title: 'AP small', text: ({ apSmall }) => fractionText(apSmall) },
  { title: 'AP medium', text: ({ apMedium }) => fractionText(apMedium) },
  { title: 'AP large', text: ({ apLarge }) => fractionText(apLarge) },
  { title: 'AR100', text: ({ ar100 }) => fractionText(ar100) },
  { title: 'mean Dice', text: ({ meanDice }) => fractionText(meanDice) },
  { title: 'pixel accuracy', text: ({ pixelAccuracy }) => fractionText(pixelAccuracy) },
  { title: 'cosine', text: ({ cosine }) => (cosine === undefined || cosine === null ? '' : cosine.toFixed(6)) },
  { title: 'retrieval mAP', text: ({ retrievalMap }) => fractionText(retrievalMap) },
];

function groupCell({ groups, measure }: VariantReport, name: string): string {
  const group = ownValue(groups, name);
  if (group?.measure !== undefined) return formatMeasure(measure?.name ?? '', group.measure);
  return group?.agreement === undefined ? '' : formatAccuracy(group.agreement);
}

/** The measure and the rules behind it, in a line above the table. */
function measureLines({ task, variants }: ValidateResult): string[] {
  const report = variants.find(({ measure }) => measure !== undefined);
  if (report?.measure === undefined || report.measure.name === 'top-1') return [];
  if (task?.kind === 'custom')
    return [
      `measure: ${report.measure.name}, your own metric; ${report.measure.higherIsBetter ? 'more' : 'less'} is better`,
    ];
  const rules = {
    coco: ', conventions of COCO: IoU 0.50 to 0.95, at most 100 detections of a class in an image',
    ultralytics: ', conventions of ultralytics: IoU 0.50 to 0.95, at most 300 detections in an image',
  } as const;
  const rule = report.convention === undefined ? '' : rules[report.convention];
  const unlabelled = report.againstFp32 ? ' (the images have no labels for this task)' : '';
  return [`measure: ${report.measure.name}${rule}${unlabelled}; scores in points from 0 to 100`];
}

/** Number of classes that are listed; --json lists all. */
const SHOWN_CLASSES = 20;

/** The measure per class; of many classes those that lost most. */
function classBlocks({ variants }: ValidateResult): Block[] {
  const reports = distinctRows(variants, []).map(({ row }) => row);
  const first = reports.find(({ perClass = [] }) => perClass.length > 0);
  if (first?.perClass === undefined) return [];
  const lossOf = (label: number): number =>
    Math.min(0, ...reports.map((report) => classOf(report, label)?.difference ?? 0));
  const all = [...first.perClass].sort((a, b) => lossOf(a.label) - lossOf(b.label) || a.label - b.label);
  const shown = all.slice(0, SHOWN_CLASSES);
  const columns: Column[] = [
    { title: `${measureHeader(variants)} of class` },
    { title: 'objects', align: 'right' },
    ...reports.map(({ variant }): Column => ({ title: variant, align: 'right' })),
  ];
  const isCounted = first.convention !== undefined;
  const rows = shown.map(({ label, name, truths }) => [
    name ?? String(label),
    isCounted ? String(truths) : '',
    ...reports.map((report) => {
      const own = classOf(report, label);
      return own === undefined ? '' : formatMeasure(report.measure?.name ?? '', own.value);
    }),
  ]);
  const more = all.length - shown.length;
  return ['', withoutEmptyColumns({ columns, rows }), ...(more > 0 ? [`and ${more} more classes (--json)`] : [])];
}

function classOf({ perClass = [] }: VariantReport, label: number): TaskClass | undefined {
  return perClass.find((entry) => entry.label === label);
}

/** Quality per output, if the model has more than one output. */
function outputBlocks(result: ValidateResult): Block[] {
  const lines = distinctRows(result.variants, [])
    .map(({ row }) => row)
    .filter((variant) => variant.outputs.length > 1);
  if (lines.length === 0) return [];
  const rows = lines.flatMap((variant) =>
    variant.outputs.map((output) => [
      variant.variant,
      output.name,
      outputSqnrText(output),
      output.cosine?.toFixed(6) ?? '',
    ]),
  );
  const columns: Column[] = [
    { title: 'variant' },
    { title: 'output' },
    { title: 'SQNR', align: 'right' },
    { title: 'cosine', align: 'right' },
  ];
  return ['', { columns, rows }];
}

function outputSqnrText({ sqnrDb, notFinite }: OutputQuality): string {
  if (notFinite) return 'NaN';
  return sqnrDb === null ? 'no error' : formatDb(sqnrDb);
}

function confusionBlocks(result: ValidateResult): Block[] {
  const lines = distinctRows(result.variants, [])
    .map(({ row }) => row)
    .filter((variant) => variant.confusions.length > 0)
    .map((variant) => {
      const shown = variant.confusions
        .slice(0, SHOWN_CONFUSIONS)
        .map(({ label, from, to, count }) => `${label === null ? '' : `${label}: `}${from} read as ${to} (${count})`);
      return `${variant.variant}: ${shown.join(', ')}`;
    });
  return lines.length === 0
    ? []
    : ['', "answers that changed, label: FP32's answer read as another (images)", ...lines];
}
