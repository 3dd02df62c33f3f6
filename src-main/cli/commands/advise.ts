import { resolve } from 'node:path';
import {
  formatAccuracy,
  formatCount,
  formatDb,
  formatDuration,
  formatPercent,
  formatSignificant,
} from '../../../src-shared/base/units';
import type { AdviseSpec } from '../../../src-shared/contract/job-specs';
import type { AdviceResult, MeasuredProposal } from '../../../src-shared/domain/analysis/structure-advice';
import { defineCommand, EXIT_OK, present } from '../command';
import { choice, wholeNumber } from '../options';
import type { Block } from '../output';
import { memoryLimitOption, targetOption, threadsOption } from '../shared-options';

/** Layers that a line names. */
const NAMES_SHOWN = 6;

export const advise = defineCommand({
  name: 'advise',
  summary: 'propose layers to keep out of INT8 because of the structure of the network, and measure every proposal',
  positionals: ['PROJECT'],
  threads: 'trials',
  options: {
    set: choice(
      'SET',
      ['calibration', 'validation'],
      'set that the images come from: calibration (default) or validation',
    ),
    limit: wholeNumber('N', 'number of images, spread evenly over the groups (default: 64)', { min: 1 }),
    target: targetOption,
    threads: threadsOption,
    'memory-limit': memoryLimitOption,
  },
  details: 'Changes nothing. To apply a proposal: calib set PROJECT --layer NAME --precision fp16',
  async run({ set, limit, target, threads, 'memory-limit': memoryLimitGb }, [project = ''], { runAnalysis, print }) {
    const spec: AdviseSpec = {
      kind: 'advise',
      projectPath: resolve(project),
      ...present({ set, limit, target, threads, memoryLimitGb }),
    };
    print(await runAnalysis(spec), asText);
    return EXIT_OK;
  },
});

function asText(result: AdviceResult): Block[] {
  const { baseline, proposals } = result;
  const noise = baseline.comparesAnswers
    ? `agreement ${formatAccuracy(baseline.agreement ?? 0)}; the sizes of all outputs depend on the data, so that they have no SQNR`
    : baseline.sqnrDb === null
      ? 'no error'
      : `output SQNR ${formatDb(baseline.sqnrDb)}`;
  const top1 = baseline.top1 === null ? '' : `, top-1 ${formatAccuracy(baseline.top1)}`;
  const head = [
    `plan as it is, target ${result.target}: ${noise}${top1}`,
    `${formatCount(result.images)} ${result.set} images, ${formatCount(result.passes)} passes in ` +
      formatDuration(result.seconds),
  ];
  if (proposals.length === 0) return [...head, 'nothing in the structure of the network suggests another precision'];
  return [
    ...head,
    {
      columns: [
        { title: 'proposal' },
        { title: 'layers', align: 'right' },
        { title: 'gain', align: 'right' },
        { title: 'SQNR', align: 'right' },
        { title: 'agreement', align: 'right' },
        { title: 'top-1', align: 'right' },
        { title: 'work', align: 'right' },
        { title: 'helps' },
      ],
      rows: proposals.map((proposal) => row(proposal, baseline)),
    },
    ...proposals.map(
      ({ code, reason, layers }) =>
        `${code}: ${reason} ${layers.slice(0, NAMES_SHOWN).join(', ')}` +
        (layers.length > NAMES_SHOWN ? ` and ${layers.length - NAMES_SHOWN} more` : ''),
    ),
  ];
}

function row(
  { code, layers, gainDb, quality, macsShare, helps }: MeasuredProposal,
  baseline: AdviceResult['baseline'],
): string[] {
  const gain = quality.comparesAnswers
    ? `${formatSignificant((quality.agreement ?? 0) - (baseline.agreement ?? 0))} points`
    : `${formatSignificant(gainDb)} dB`;
  const percent = (value: number | null): string => (value === null ? '' : formatAccuracy(value));
  return [
    code,
    formatCount(layers.length),
    gain,
    quality.sqnrDb === null ? '' : formatDb(quality.sqnrDb),
    percent(quality.agreement),
    percent(quality.top1),
    macsShare === null ? '' : formatPercent(100 * macsShare),
    helps ? 'yes' : 'no',
  ];
}
