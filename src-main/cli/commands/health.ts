import { resolve } from 'node:path';
import { isUnclear } from '../../../src-shared/domain/health/field-findings';
import { ownValue } from '../../../src-shared/base/records';
import { formatCount, formatDb, formatFixed, formatFraction } from '../../../src-shared/base/units';
import { WorkbenchError } from '../../../src-shared/base/errors';
import type { FieldComparison, HealthResult } from '../../../src-shared/domain/health/health';
import { DEFAULT_HEALTH_LIMITS } from '../../../src-shared/domain/health/health-limits';
import { defineCommand, EXIT_GATE, EXIT_OK, present } from '../command';
import { realNumber, text, type OptionSpec } from '../options';
import type { Block, Column, Table } from '../output';
import { limitOption, memoryLimitOption, threadsOption } from '../shared-options';

const SHOWN_TENSORS = 8;

const amount = (value: string, description: string): OptionSpec<number> =>
  realNumber(value, description, 'a number of at least 0', (number) => number >= 0);

export const health = defineCommand({
  name: 'health',
  summary: 'check the calibration set: duplicates, outliers, groups, convergence, drift of images from the field',
  positionals: ['PROJECT'],
  options: {
    against: text('PATH', 'unlabelled images from the field (folder or list); sub-folders are groups'),
    'max-drift': amount(
      'X',
      'exit code 3 if a group of them drifts by more, or has too few images to tell (reported as a finding ' +
        `above ${DEFAULT_HEALTH_LIMITS.drift})`,
    ),
    'max-clipped': amount(
      'X',
      'share of the values of a group beyond one threshold that is a finding (default: ' +
        `${DEFAULT_HEALTH_LIMITS.clippedFraction})`,
    ),
    'max-output-error': amount(
      'X',
      `squared error of INT8 outputs over the signal that is a finding (default: ${DEFAULT_HEALTH_LIMITS.outputNmse})`,
    ),
    limit: limitOption('images of each set'),
    threads: threadsOption,
    'memory-limit': memoryLimitOption,
  },
  async run(values, [project = ''], { runJob, print }) {
    const maxDrift = values['max-drift'];
    if (maxDrift !== undefined && values.against === undefined)
      throw new WorkbenchError('usage', '--max-drift needs --against DIR: drift is that of images from the field');
    const result = await runJob({
      kind: 'health',
      projectPath: resolve(project),
      limits: present({
        drift: maxDrift,
        clippedFraction: values['max-clipped'],
        outputNmse: values['max-output-error'],
      }),
      ...present({
        againstPath: values.against === undefined ? undefined : resolve(values.against),
        limit: values.limit,
        threads: values.threads,
        memoryLimitGb: values['memory-limit'],
      }),
    });
    print(result, asText);
    return maxDrift !== undefined && result.against !== null && !isWithin(result.against, maxDrift)
      ? EXIT_GATE
      : EXIT_OK;
  },
});

/** A limit that cannot be judged counts as not met, as for every gate. */
function isWithin({ groups, driftAtLeast }: FieldComparison, limit: number): boolean {
  return driftAtLeast <= limit && !Object.values(groups).some((group) => isUnclear(group, limit));
}

function asText(result: HealthResult): Block[] {
  const findings = result.findings.map(({ severity, message }) => `${severity.padEnd(7)}  ${message}`);
  return [
    ...(findings.length === 0 ? ['no findings'] : findings),
    '',
    groupTable(result),
    ...(result.convergence.length === 0 ? [] : ['', convergenceTable(result)]),
    ...(result.against === null ? [] : fieldTables(result.against).flatMap((table) => ['', table])),
  ];
}

function groupTable({ groups }: HealthResult): Table {
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
  return { columns, rows };
}

function convergenceTable({ convergence }: HealthResult): Table {
  const columns: Column[] = [
    { title: 'thresholds of images', align: 'right' },
    { title: 'mean SQNR lost', align: 'right' },
    { title: 'worst', align: 'right' },
    { title: 'in' },
  ];
  const rows = convergence.map((point) => [
    formatCount(point.images),
    formatDb(point.meanLossDb),
    formatDb(point.worstLossDb),
    point.worstTensor ?? '',
  ]);
  return { columns, rows };
}

function fieldTables(against: FieldComparison): Table[] {
  const groups: Table = {
    columns: [
      { title: 'field group' },
      { title: 'images', align: 'right' },
      { title: 'drift', align: 'right' },
      { title: 'at least', align: 'right' },
      { title: 'nearest' },
      { title: 'clipped', align: 'right' },
      { title: 'most in' },
      { title: 'output error', align: 'right' },
    ],
    rows: Object.entries(against.groups).map(([name, group]) => [
      name,
      formatCount(group.images),
      formatFixed(group.drift, 2),
      formatFixed(group.driftAtLeast, 2),
      group.nearest ?? 'whole set',
      formatFraction(group.clippedFraction),
      group.clippedTensor ?? '',
      group.outputNmse === null ? '' : formatFraction(group.outputNmse),
    ]),
  };
  const names = Object.keys(against.groups);
  const tensors: Table = {
    columns: [
      { title: 'tensor' },
      ...names.flatMap((name): Column[] => [
        { title: `drift ${name}`, align: 'right' },
        { title: `clipped ${name}`, align: 'right' },
      ]),
    ],
    rows: against.tensors
      .slice(0, SHOWN_TENSORS)
      .map(({ tensor, groups: own }) => [
        tensor,
        ...names.flatMap((name) => [
          formatFixed(ownValue(own, name)?.drift ?? 0, 2),
          formatFraction(ownValue(own, name)?.clippedFraction ?? 0),
        ]),
      ]),
  };
  return [groups, tensors];
}
