import { resolve } from 'node:path';
import { isUnclear } from '../../../src-shared/domain/health/field-findings';
import { ownValue } from '../../../src-shared/base/records';
import { formatCount, formatDb, formatFixed, formatFraction } from '../../../src-shared/base/units';
import { WorkbenchError } from '../../../src-shared/base/errors';
import type { FieldComparison, HealthResult } from '../../../src-shared/domain/health/health';
import { DEFAULT_HEALTH_LIMITS } from '../../../src-shared/domain/health/health-limits';
import { EXIT_GATE, EXIT_OK, parseFlags, present, toJson, wholeNumber, type Command } from '../command';
import { renderTable, type Column } from '../text-table';
import { oneLine } from '../terminal-text';

const SHOWN_TENSORS = 8;

export const health: Command = {
  name: 'health',
  summary: 'check the calibration set: duplicates, outliers, groups, convergence, drift of images from the field',
  usage: `Usage: calib health PROJECT [--against DIR|LIST.txt] [--max-drift X] [--limit N] [--threads N] [--json]
  --against PATH     unlabelled images from the field; sub-folders are groups
  --max-drift X      exit code 3 when a group of them drifts by more, or has too few images to tell (as a finding: ${DEFAULT_HEALTH_LIMITS.drift})
  --max-clipped X    share of a group's values beyond one threshold that is a finding (${DEFAULT_HEALTH_LIMITS.clippedFraction})
  --max-output-error X  squared error of INT8 outputs over the signal that is a finding (${DEFAULT_HEALTH_LIMITS.outputNmse})
  --limit N          only N images of each set, spread evenly over a folder`,
  async run(argv, { runJob, print }) {
    const text = { type: 'string' } as const;
    const { values, positionals } = parseFlags(
      argv,
      { against: text, 'max-drift': text, 'max-clipped': text, 'max-output-error': text, limit: text, threads: text },
      { min: 1, max: 1, names: 'PROJECT' },
    );
    const maxDrift = amount('--max-drift', values['max-drift']);
    if (maxDrift !== undefined && values.against === undefined)
      throw new WorkbenchError('usage', '--max-drift needs --against DIR: drift is that of images from the field');
    const result = await runJob({
      kind: 'health',
      projectPath: resolve(positionals[0] ?? ''),
      limits: present({
        drift: maxDrift,
        clippedFraction: amount('--max-clipped', values['max-clipped']),
        outputNmse: amount('--max-output-error', values['max-output-error']),
      }),
      ...present({
        againstPath: values.against === undefined ? undefined : resolve(values.against),
        limit: wholeNumber('--limit', values.limit, 1),
        threads: wholeNumber('--threads', values.threads, 1),
      }),
    });
    print(values.json ? toJson(result) : asText(result));
    return maxDrift !== undefined && result.against !== null && !isWithin(result.against, maxDrift)
      ? EXIT_GATE
      : EXIT_OK;
  },
};

/** As every gate: what cannot be judged is not met. */
function isWithin({ groups, driftAtLeast }: FieldComparison, limit: number): boolean {
  return driftAtLeast <= limit && !Object.values(groups).some((group) => isUnclear(group, limit));
}

/** A number of at least 0, or undefined when the flag is absent. @throws WorkbenchError usage */
function amount(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0) || !Number.isFinite(value))
    throw new WorkbenchError('usage', `Expected ${flag} to be a number of at least 0, found "${text}"`);
  return value;
}

function asText(result: HealthResult): string {
  const findings = result.findings
    .map(({ severity, message }) => `${severity.padEnd(7)}  ${oneLine(message)}\n`)
    .join('');
  return `${findings === '' ? 'no findings\n' : findings}\n${groupsText(result)}${convergenceText(result)}${result.against === null ? '' : fieldText(result.against)}`;
}

function groupsText({ groups }: HealthResult): string {
  const columns: Column[] = [
    { title: 'calibration group' },
    { title: 'images', align: 'right' },
    { title: 'share', align: 'right' },
    { title: 'expected SQNR', align: 'right' },
    { title: 'clipped', align: 'right' },
    { title: 'most in' },
  ];
  const rows = Object.entries(groups).map(([name, group]) => [
    name,
    formatCount(group.images),
    formatFraction(group.share),
    group.expectedSqnrDb === null ? '' : formatDb(group.expectedSqnrDb),
    formatFraction(group.clippedFraction),
    group.clippedTensor ?? '',
  ]);
  return renderTable(columns, rows);
}

function convergenceText({ convergence }: HealthResult): string {
  if (convergence.length === 0) return '';
  const columns: Column[] = [
    { title: 'thresholds of images', align: 'right' },
    { title: 'mean SQNR lost', align: 'right' },
    { title: 'worst', align: 'right' },
    { title: 'in' },
  ];
  return `\n${renderTable(
    columns,
    convergence.map((point) => [
      formatCount(point.images),
      formatDb(point.meanLossDb),
      formatDb(point.worstLossDb),
      point.worstTensor ?? '',
    ]),
  )}`;
}

function fieldText(against: FieldComparison): string {
  const groups = renderTable(
    [
      { title: 'field group' },
      { title: 'images', align: 'right' },
      { title: 'drift', align: 'right' },
      { title: 'at least', align: 'right' },
      { title: 'nearest' },
      { title: 'clipped', align: 'right' },
      { title: 'most in' },
      { title: 'output error', align: 'right' },
    ],
    Object.entries(against.groups).map(([name, group]) => [
      name,
      formatCount(group.images),
      formatFixed(group.drift, 2),
      formatFixed(group.driftAtLeast, 2),
      group.nearest ?? 'whole set',
      formatFraction(group.clippedFraction),
      group.clippedTensor ?? '',
      group.outputNmse === null ? '' : formatFraction(group.outputNmse),
    ]),
  );
  const names = Object.keys(against.groups);
  const tensors = renderTable(
    [
      { title: 'tensor' },
      ...names.flatMap((name): Column[] => [
        { title: `drift ${name}`, align: 'right' },
        { title: `clipped ${name}`, align: 'right' },
      ]),
    ],
    against.tensors
      .slice(0, SHOWN_TENSORS)
      .map(({ tensor, groups: own }) => [
        tensor,
        ...names.flatMap((name) => [
          formatFixed(ownValue(own, name)?.drift ?? 0, 2),
          formatFraction(ownValue(own, name)?.clippedFraction ?? 0),
        ]),
      ]),
  );
  return `\n${groups}\n${tensors}`;
}
