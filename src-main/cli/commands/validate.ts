import { resolve } from 'node:path';
import { formatAccuracy, formatDb, formatPoints, formatProbability } from '../../../src-shared/base/units';
import { ownValue } from '../../../src-shared/base/records';
import type { ValidateResult } from '../../../src-shared/contract/job-results';
import { worstGroup, worstOutput, type OutputQuality } from '../../../src-shared/domain/runs/accuracy';
import { distinctRows } from '../../../src-shared/domain/runs/run-table';
import { EXIT_OK, parseFlags, present, toJson, wholeNumber, type Command } from '../command';
import { renderFilledTable, renderTable, type Column } from '../text-table';
import { parseVariantFlags, VARIANT_OPTIONS, VARIANT_USAGE } from '../variant-flags';

const SHOWN_CONFUSIONS = 5;

export const validate: Command = {
  name: 'validate',
  summary: 'accuracy of variants: overall, per group, per class, against FP32',
  usage: `Usage: calib validate PROJECT [--variants LIST] [--backend B] [--target T] [--limit N] [--threads N] [--json]
${VARIANT_USAGE}
  --limit N         only N images, spread evenly over a folder`,
  async run(argv, { runJob, print, note }) {
    const { values, positionals } = parseFlags(
      argv,
      { ...VARIANT_OPTIONS, limit: { type: 'string' } },
      { min: 1, max: 1, names: 'PROJECT' },
    );
    const result = await runJob({
      kind: 'validate',
      projectPath: resolve(positionals[0] ?? ''),
      ...parseVariantFlags(values),
      ...present({ limit: wholeNumber('--limit', values.limit, 1) }),
    });
    for (const warning of result.warnings) note(`warning: ${warning.message}`);
    if (result.skipped.length > 0)
      note(`skipped: ${result.skipped.map((item) => `${item.file} (${item.reason})`).join(', ')}`);
    print(values.json ? toJson(result) : asText(result));
    return EXIT_OK;
  },
};

function asText(result: ValidateResult): string {
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
  const head = `${result.images} images, backend ${result.backend}, target ${result.target}\n`;
  return `${head}${renderFilledTable(columns, rows)}${outputsText(result)}${confusionsText(result)}`;
}

/** Per-output quality, where a model has more than one output. */
function outputsText(result: ValidateResult): string {
  const lines = distinctRows(result.variants, [])
    .map(({ row }) => row)
    .filter((variant) => variant.outputs.length > 1);
  if (lines.length === 0) return '';
  const rows = lines.flatMap((variant) =>
    variant.outputs.map((output) => [
      variant.variant,
      output.name,
      outputSqnrText(output),
      output.cosine?.toFixed(6) ?? '',
    ]),
  );
  return `\n${renderTable([{ title: 'variant' }, { title: 'output' }, { title: 'SQNR', align: 'right' }, { title: 'cosine', align: 'right' }], rows)}`;
}

function outputSqnrText({ sqnrDb, notFinite }: OutputQuality): string {
  if (notFinite) return 'NaN';
  return sqnrDb === null ? 'no error' : formatDb(sqnrDb);
}

function confusionsText(result: ValidateResult): string {
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
    ? ''
    : `\nanswers that changed, label: FP32's answer read as another (images)\n${lines.join('\n')}\n`;
}
