import { resolve } from 'node:path';
import { formatAccuracy, formatDb } from '../../../src-shared/base/units';
import type { Repairs } from '../../../src-shared/domain/project/precision';
import type { RepairResult, RepairRow } from '../../../src-shared/domain/analysis/repair';
import { worstGroupText } from '../../../src-shared/domain/tasks/measure-text';
import { defineCommand, EXIT_OK, present } from '../command';
import { text } from '../options';
import type { Block, Column } from '../output';
import { limitOption, targetOption, threadsOption } from '../shared-options';

export const repair = defineCommand({
  name: 'repair',
  summary: 'measure what equalization, smoothing and bias correction change in a variant, before and after',
  positionals: ['PROJECT'],
  options: {
    variant: text('V', 'mixed (default), int8, int8-minmax, ...'),
    target: targetOption,
    limit: limitOption('images of the validation set'),
    threads: threadsOption,
  },
  details: `Measures the variant without repairs, with each and with several; the project does not change.
To use one: calib set PROJECT --equalization on, --smoothing on or --bias-correction on`,
  async run(values, [project = ''], { runJob, print }) {
    print(await runJob({ kind: 'repair', projectPath: resolve(project), ...present(values) }), asText);
    return EXIT_OK;
  },
});

function asText(result: RepairResult): Block[] {
  const columns: Column[] = [
    { title: 'repairs' },
    ...['top-1', 'worst group', 'agreement', 'output SQNR'].map((title): Column => ({ title, align: 'right' })),
  ];
  return [
    `${result.variant} for ${result.target}, ${result.images} images of the ${result.set} set`,
    {
      columns,
      rows: [cells('FP32', result.fp32), ...result.rows.map((row) => cells(nameOf(row.repairs), row))],
    },
    ...result.rows
      .filter((row) => row.biasesDropped)
      .map((row) => `${nameOf(row.repairs)}: corrected biases brought other images no nearer to FP32 and are not used`),
    ...equalizationLines(result),
  ];
}

function nameOf({ equalization, smoothing, biasCorrection }: Repairs): string {
  const names = [
    ...(equalization ? ['equalization'] : []),
    ...(smoothing === undefined ? [] : ['smoothing']),
    ...(biasCorrection ? ['bias correction'] : []),
  ];
  return names.length === 0 ? 'none' : names.join(' + ');
}

function cells(name: string, { top1, worstGroup, agreement, outputSqnrDb }: Omit<RepairRow, 'repairs'>): string[] {
  return [
    name,
    top1 === undefined ? '' : formatAccuracy(top1),
    worstGroup === undefined ? '' : worstGroupText(worstGroup),
    agreement === undefined ? '' : formatAccuracy(agreement),
    outputSqnrDb === undefined ? '' : formatDb(outputSqnrDb),
  ];
}

function equalizationLines({ equalizedLayers, notEqualized }: RepairResult): string[] {
  const summary = `equalization changes the weights of ${equalizedLayers} layers`;
  if (notEqualized.length === 0) return [summary];
  return [
    `${summary}; output channels that stay, by reason:`,
    ...notEqualized.map(({ reason, layers }) => `  ${layers}: ${reason}`),
  ];
}
