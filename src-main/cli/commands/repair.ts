import { resolve } from 'node:path';
import { formatAccuracy, formatDb } from '../../../src-shared/base/units';
import { TARGETS, type Repairs } from '../../../src-shared/domain/project/precision';
import type { RepairResult, RepairRow } from '../../../src-shared/domain/analysis/repair';
import { EXIT_OK, oneOf, parseFlags, present, toJson, wholeNumber, type Command } from '../command';
import { renderTable, type Column } from '../text-table';

export const repair: Command = {
  name: 'repair',
  summary: 'what equalization and bias correction do to a variant, before and after',
  usage: `Usage: calib repair PROJECT [--variant V] [--target T] [--limit N] [--threads N] [--json]
  --variant V   int8, mixed (default), int8-minmax ...
  --limit N     only N images of the validation set, spread evenly over a folder
Measures the variant without repairs, with each and with both; changes nothing. To use one: calib set PROJECT --equalization on`,
  async run(argv, { runJob, print }) {
    const { values, positionals } = parseFlags(
      argv,
      {
        variant: { type: 'string' },
        target: { type: 'string' },
        limit: { type: 'string' },
        threads: { type: 'string' },
      },
      { min: 1, max: 1, names: 'PROJECT' },
    );
    const result = await runJob({
      kind: 'repair',
      projectPath: resolve(positionals[0] ?? ''),
      ...present({
        variant: values.variant,
        target: oneOf('--target', values.target, TARGETS),
        limit: wholeNumber('--limit', values.limit, 1),
        threads: wholeNumber('--threads', values.threads, 1),
      }),
    });
    print(values.json ? toJson(result) : asText(result));
    return EXIT_OK;
  },
};

function asText(result: RepairResult): string {
  const columns: Column[] = [
    { title: 'repairs' },
    ...['top-1', 'worst group', 'agreement', 'output SQNR'].map((title): Column => ({ title, align: 'right' })),
  ];
  const rows = [cells('FP32', result.fp32), ...result.rows.map((row) => cells(nameOf(row.repairs), row))];
  const dropped = result.rows
    .filter((row) => row.biasesDropped)
    .map((row) => `${nameOf(row.repairs)}: corrected biases brought other images no nearer to FP32 and are not used\n`);
  return `${result.variant} for ${result.target}, ${result.images} images of the ${result.set} set\n${renderTable(columns, rows)}${dropped.join('')}${equalizationText(result)}`;
}

function nameOf({ equalization, biasCorrection }: Repairs): string {
  const names = [...(equalization ? ['equalization'] : []), ...(biasCorrection ? ['bias correction'] : [])];
  return names.length === 0 ? 'none' : names.join(' + ');
}

function cells(name: string, { top1, worstGroup, agreement, outputSqnrDb }: Omit<RepairRow, 'repairs'>): string[] {
  return [
    name,
    top1 === undefined ? '' : formatAccuracy(top1),
    worstGroup === undefined ? '' : `${worstGroup.name} ${formatAccuracy(worstGroup.top1)}`,
    agreement === undefined ? '' : formatAccuracy(agreement),
    outputSqnrDb === undefined ? '' : formatDb(outputSqnrDb),
  ];
}

function equalizationText({ equalizedLayers, notEqualized }: RepairResult): string {
  const rest = notEqualized.map(({ reason, layers }) => `  ${layers}: ${reason}\n`).join('');
  return `equalization changes the weights of ${equalizedLayers} layers${rest === '' ? '' : `; output channels that stay, by reason:\n${rest}`}`;
}
