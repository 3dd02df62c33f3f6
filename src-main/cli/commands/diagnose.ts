import { resolve } from 'node:path';
import { formatFraction, formatReal } from '../../../src-shared/base/units';
import { WorkbenchError } from '../../../src-shared/base/errors';
import type { WorkbenchApi } from '../../../src-shared/contract/api';
import type { DiagnoseSpec } from '../../../src-shared/contract/job-specs';
import type { DiagnosisResult, DiagnosisSubject } from '../../../src-shared/domain/analysis/analysis';
import { defineCommand, EXIT_OK, present } from '../command';
import { text, wholeNumber } from '../options';
import type { Block } from '../output';
import { memoryLimitOption, targetOption, threadsOption } from '../shared-options';

export const diagnose = defineCommand({
  name: 'diagnose',
  summary: 'explain why a group, a class or a confusion got worse, and which single change repairs it',
  positionals: ['PROJECT'],
  threads: 'trials',
  usage: '(--group NAME | --class NAME | --confusion FROM,TO) [options]',
  options: {
    group: text('NAME', 'images of a group of the validation set'),
    class: text('NAME', 'images of a class, by name or index'),
    confusion: text('FROM,TO', 'images of class FROM that are classified as TO'),
    variant: text('V', 'mixed (default), int8, int8-entropy, ...'),
    limit: wholeNumber('N', 'at most N of these images (default: 128)', { min: 1 }),
    target: targetOption,
    threads: threadsOption,
    'memory-limit': memoryLimitOption,
  },
  async run(values, [project = ''], { api, runAnalysis, print }) {
    const projectPath = resolve(project);
    const { variant, limit, target, threads, 'memory-limit': memoryLimitGb } = values;
    const spec: DiagnoseSpec = {
      kind: 'diagnose',
      projectPath,
      subject: await subjectOf(values, projectPath, api),
      ...present({ variant, limit, target, threads, memoryLimitGb }),
    };
    print(await runAnalysis(spec), asText);
    return EXIT_OK;
  },
});

interface SubjectFlags {
  readonly group?: string | undefined;
  readonly class?: string | undefined;
  readonly confusion?: string | undefined;
}

async function subjectOf(flags: SubjectFlags, projectPath: string, api: WorkbenchApi): Promise<DiagnosisSubject> {
  if ([flags.group, flags.class, flags.confusion].filter((value) => value !== undefined).length !== 1) {
    throw new WorkbenchError('usage', 'Expected one of --group NAME, --class NAME or --confusion FROM,TO');
  }
  if (flags.group !== undefined) return { kind: 'group', group: flags.group };
  const { classNames } = await api.getImageSet({ projectPath, set: 'validation' });
  if (flags.class !== undefined) return { kind: 'class', label: labelOf(flags.class, classNames) };
  const [from, to, ...rest] = (flags.confusion ?? '').split(',');
  if (from === undefined || to === undefined || rest.length > 0)
    throw new WorkbenchError('usage', `Expected --confusion FROM,TO, found "${flags.confusion ?? ''}"`);
  return { kind: 'confusion', from: labelOf(from, classNames), to: labelOf(to, classNames) };
}

/** The name of a class, or its index if it has no name. */
function labelOf(given: string, classNames: readonly string[]): number {
  const named = classNames.indexOf(given);
  if (named >= 0) return named;
  if (/^\d+$/.test(given) && (classNames.length === 0 || Number(given) < classNames.length)) return Number(given);
  throw new WorkbenchError('usage', `Expected a class of the validation set, found "${given}"`, {
    hint: `Classes: ${classNames.slice(0, 12).join(', ')}${classNames.length > 12 ? ' ...' : ''}`,
  });
}

function asText(result: DiagnosisResult): Block[] {
  const clipped: Block = {
    columns: [
      { title: 'tensor' },
      { title: 'threshold', align: 'right' },
      { title: 'clips here', align: 'right' },
      { title: 'clips in calibration', align: 'right' },
    ],
    rows: result.clipped.map(({ tensor, threshold, clippedFraction, elsewhere }) => [
      tensor,
      formatReal(threshold),
      formatFraction(clippedFraction),
      formatFraction(elsewhere),
    ]),
  };
  return [
    result.summary,
    '',
    ...(result.clipped.length === 0 ? [] : [clipped]),
    ...(result.actions.length === 0 ? [] : ['', 'changes that were tried, best first']),
    ...result.actions.map(({ sentence }) => `  ${sentence}`),
  ];
}
