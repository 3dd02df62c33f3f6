import { resolve } from 'node:path';
import { formatAccuracy, formatDb, formatPoints, formatProbability } from '../../../src-shared/base/units';
import { ownValue } from '../../../src-shared/base/records';
import type { ValidateResult } from '../../../src-shared/contract/job-results';
import { worstGroup, worstOutput, type OutputQuality } from '../../../src-shared/domain/runs/accuracy';
import { distinctRows } from '../../../src-shared/domain/runs/run-table';
import { defineCommand, EXIT_OK, present } from '../command';
import { withoutEmptyColumns, type Block, type Column } from '../output';
import { limitOption, VARIANT_OPTIONS, variantSpec } from '../shared-options';

const SHOWN_CONFUSIONS = 5;

export const validate = defineCommand({
  name: 'validate',
  summary: 'measure the accuracy of variants: overall, per group, per class, against FP32',
  positionals: ['PROJECT'],
  options: { ...VARIANT_OPTIONS, limit: limitOption('images') },
  async run(values, [project = ''], { runJob, print, note }) {
    const result = await runJob({
      kind: 'validate',
      projectPath: resolve(project),
      ...variantSpec(values),
      ...present({ limit: values.limit }),
    });
    for (const warning of result.warnings) note(`warning: ${warning.message}`);
    if (result.skipped.length > 0)
      note(`skipped: ${result.skipped.map((item) => `${item.file} (${item.reason})`).join(', ')}`);
    print(result, asText);
    return EXIT_OK;
  },
});

function asText(result: ValidateResult): Block[] {
  const groups = Object.keys(result.variants[0]?.groups ?? {});
  const columns: Column[] = [
    { title: 'variant' },
    ...['top-1', 'top-5', ...groups, 'agreement', 'output SQNR', 'vs FP32', '95 % interval', 'McNemar p'].map(
      (title): Column => ({ title, align: 'right' }),
    ),
    { title: 'worst group' },
  ];
  const percent = (value: number | undefined): string => (value === undefined ? '' : formatAccuracy(value));
  const rows = distinctRows(result.variants, []).map(({ row: variant, names }) => {
    const compared = variant.comparedToFp32;
    const worst = worstGroup(variant);
    return [
      names.join(' = '),
      percent(variant.top1),
      percent(variant.top5),
      ...groups.map((group) =>
        percent(ownValue(variant.groups, group)?.top1 ?? ownValue(variant.groups, group)?.agreement),
      ),
      percent(variant.agreement),
      variant.outputSqnrDb === undefined
        ? ''
        : `${formatDb(variant.outputSqnrDb)}${variant.outputs.length > 1 ? ` (${worstOutput(variant.outputs)?.name ?? ''})` : ''}`,
      compared ? formatPoints(compared.top1Difference) : '',
      compared ? `${formatPoints(compared.interval95[0])} to ${formatPoints(compared.interval95[1])}` : '',
      compared ? formatProbability(compared.mcnemarP) : '',
      worst === null ? '' : `${worst.name} ${formatAccuracy(worst.top1)}`,
    ];
  });
  return [
    `${result.images} images, backend ${result.backend}, target ${result.target}`,
    withoutEmptyColumns({ columns, rows }),
    ...outputBlocks(result),
    ...confusionBlocks(result),
  ];
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
