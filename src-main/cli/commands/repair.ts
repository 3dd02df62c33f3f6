import { resolve } from 'node:path';
import { WorkbenchError } from '../../../src-shared/base/errors';
import {
  formatAccuracy,
  formatCount,
  formatCountOf,
  formatDb,
  formatPercent,
  formatSignificant,
} from '../../../src-shared/base/units';
import type { Repairs } from '../../../src-shared/domain/project/precision';
import { choiceError } from '../../../src-shared/domain/analysis/analysis';
import type { LearnResult, RepairResult, RepairRow } from '../../../src-shared/domain/analysis/repair';
import { worstGroupText } from '../../../src-shared/domain/tasks/measure-text';
import { defineCommand, EXIT_OK, present } from '../command';
import { flag, realNumber, text, wholeNumber } from '../options';
import type { Block, Column } from '../output';
import { limitOption, memoryLimitOption, targetOption, threadsOption } from '../shared-options';

/** Heading of the options that go with --learn. */
const LEARNING = { group: 'With --learn:' } as const;

export const repair = defineCommand({
  name: 'repair',
  summary: 'measure what equalization, smoothing and bias correction change in a variant, before and after',
  positionals: ['PROJECT'],
  options: {
    variant: text('V', 'mixed (default), int8, int8-minmax, ...'),
    target: targetOption,
    limit: limitOption('images of the validation set'),
    threads: threadsOption,
    'memory-limit': memoryLimitOption,
    learn: flag('learn thresholds, biases and roundings of weights instead of comparing'),
    layers: text('GLOB', 'only the blocks with one of these layers; default: all', LEARNING),
    minutes: {
      ...realNumber('M', 'time for learning; default: 10', 'a number above 0', (minutes) => minutes > 0),
      ...LEARNING,
    },
    epochs: wholeNumber('N', 'passes over the images in every block, for a reproducible result', {
      ...LEARNING,
      min: 1,
    }),
    images: wholeNumber('N', 'calibration images to learn on; default: three quarters, at most 256', {
      ...LEARNING,
      min: 8,
    }),
  },
  details: `Measures the variant without repairs, with each and with several; the project does not change.
To use one: calib set PROJECT --equalization on, --smoothing on or --bias-correction on`,
  async run(values, [project = ''], { runJob, print }) {
    const { learn, limit, layers, minutes, epochs, images, 'memory-limit': memoryLimitGb, ...others } = values;
    const common = { ...others, memoryLimitGb };
    const projectPath = resolve(project);
    if (learn) {
      if (limit !== undefined) throw new WorkbenchError('usage', '--limit does not go with --learn; use --images');
      const spec = present({ ...common, layers, minutes, epochs, images });
      print(await runJob({ kind: 'learn', projectPath, ...spec }), learnedText);
      return EXIT_OK;
    }
    const other = Object.entries({ layers, minutes, epochs, images }).find(([, value]) => value !== undefined);
    if (other !== undefined) throw new WorkbenchError('usage', `--${other[0]} needs --learn`);
    print(await runJob({ kind: 'repair', projectPath, ...present({ ...common, limit }) }), asText);
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

function learnedText(result: LearnResult): Block[] {
  const columns: Column[] = [
    { title: 'block' },
    ...['steps', 'error before', 'after'].map((title): Column => ({ title, align: 'right' })),
    { title: '' },
  ];
  const { variant, target, images, blocks, isKept, before, after } = result;
  const { biasShare = 1, roundedLayers = 0, movedWeights = 0 } = result;
  return [
    `${variant} for ${target}: learned on ${images.learned} calibration images`,
    {
      columns,
      rows: blocks.map((block) => [
        `${block.layers[0] ?? ''} ... ${block.layers.at(-1) ?? ''}`,
        String(block.steps),
        formatSignificant(block.before),
        formatSignificant(block.after),
        block.reason ?? '',
      ]),
    },
    `${after.candidateNmse === undefined ? 'output error' : 'error of the candidates'} on ${images.confirmed} other ` +
      `images, worst group: ${formatSignificant(choiceError(before))} before, ${formatSignificant(choiceError(after))} after`,
    ...(biasShare < 1 ? [`of the changes of the biases, ${formatPercent(100 * biasShare)} is used`] : []),
    ...(roundedLayers > 0
      ? [`${formatCount(movedWeights)} weights of ${formatCountOf(roundedLayers, 'layer')} are rounded otherwise`]
      : []),
    isKept ? 'to use it: calib set PROJECT --method learned' : 'it is no better on these images, and not kept',
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
