import { resolve } from 'node:path';
import { formatFraction, formatReal } from '../../../src-shared/base/units';
import { WorkbenchError } from '../../../src-shared/base/errors';
import type { WorkbenchApi } from '../../../src-shared/contract/api';
import type { DiagnoseSpec } from '../../../src-shared/contract/job-specs';
import type { DiagnosisResult, DiagnosisSubject } from '../../../src-shared/domain/analysis/analysis';
import { TARGETS } from '../../../src-shared/domain/project/precision';
import { announceCost } from '../analysis-text';
import { EXIT_OK, oneOf, parseFlags, present, toJson, wholeNumber, type Command } from '../command';
import { renderTable } from '../text-table';
import { oneLine } from '../terminal-text';

export const diagnose: Command = {
  name: 'diagnose',
  summary: 'why a group, a class or a confusion got worse, and which single change mends it',
  usage: `Usage: calib diagnose PROJECT (--group NAME | --class NAME | --confusion FROM,TO) [--variant V] [--limit N] [--target T] [--threads N] [--json]
  --group NAME          images of a group of the validation set
  --class NAME          images of a class, by name or index
  --confusion FROM,TO   images of class FROM that are read as TO
  --variant V           int8, mixed (default), int8-entropy ...
  --limit N             at most N of these images (default 128)`,
  async run(argv, { api, runJob, print, note }) {
    const flags = {
      group: { type: 'string' },
      class: { type: 'string' },
      confusion: { type: 'string' },
      variant: { type: 'string' },
      limit: { type: 'string' },
      target: { type: 'string' },
      threads: { type: 'string' },
    } as const;
    const { values, positionals } = parseFlags(argv, flags, { min: 1, max: 1, names: 'PROJECT' });
    const projectPath = resolve(positionals[0] ?? '');
    const spec: DiagnoseSpec = {
      kind: 'diagnose',
      projectPath,
      subject: await subjectOf(values, projectPath, api),
      ...present({
        variant: values.variant,
        limit: wholeNumber('--limit', values.limit, 1),
        target: oneOf('--target', values.target, TARGETS),
        threads: wholeNumber('--threads', values.threads, 1),
      }),
    };
    await announceCost(api, spec, note);
    const result = await runJob(spec);
    print(values.json ? toJson(result) : asText(result));
    return EXIT_OK;
  },
};

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

/** A class by its name, else by its index. */
function labelOf(text: string, classNames: readonly string[]): number {
  const named = classNames.indexOf(text);
  if (named >= 0) return named;
  if (/^\d+$/.test(text) && (classNames.length === 0 || Number(text) < classNames.length)) return Number(text);
  throw new WorkbenchError('usage', `Expected a class of the validation set, found "${text}"`, {
    hint: `Classes: ${classNames.slice(0, 12).join(', ')}${classNames.length > 12 ? ' ...' : ''}`,
  });
}

function asText(result: DiagnosisResult): string {
  const clipped =
    result.clipped.length === 0
      ? ''
      : renderTable(
          [
            { title: 'tensor' },
            { title: 'threshold', align: 'right' },
            { title: 'clips here', align: 'right' },
            { title: 'clips in calibration', align: 'right' },
          ],
          result.clipped.map(({ tensor, threshold, clippedFraction, elsewhere }) => [
            tensor,
            formatReal(threshold),
            formatFraction(clippedFraction),
            formatFraction(elsewhere),
          ]),
        );
  const actions = result.actions.map(({ sentence }) => `  ${oneLine(sentence)}\n`).join('');
  return `${oneLine(result.summary)}\n\n${clipped}${actions === '' ? '' : `\nchanges that were tried, best first\n${actions}`}`;
}
