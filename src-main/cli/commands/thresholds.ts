import { resolve } from 'node:path';
import { HISTOGRAM_METHODS, METHODS, type Method } from '../../../src-shared/domain/methods';
import { formatDb, formatPercent, formatReal } from '../../../src-shared/base/units';
import type { ThresholdTable } from '../../../src-shared/contract/api';
import { EXIT_OK, oneOf, parseFlags, present, toJson, type Command } from '../command';
import { renderTable, type Column } from '../text-table';

export const thresholds: Command = {
  name: 'thresholds',
  summary: 'table of thresholds, scale, SQNR and clipping per tensor',
  usage: `Usage: calib thresholds PROJECT [--method ${METHODS.join('|')}] [--json]
  --method M   as if every tensor used M (nothing is changed)`,
  async run(argv, { api, print }) {
    const { values, positionals } = parseFlags(argv, { method: { type: 'string' } }, { min: 1, max: 1, names: 'PROJECT' });
    const table = await api.getThresholds({ projectPath: resolve(positionals[0] ?? ''), ...present({ method: oneOf('--method', values.method, METHODS) }) });
    print(values.json ? toJson(table) : asText(table));
    return EXIT_OK;
  },
};

function asText(table: ThresholdTable): string {
  const extra = (['entropy-tensorrt', 'imported', 'manual'] as const).filter((method) => table.tensors.some((row) => row.methods[method] !== undefined));
  const shown: Method[] = [...HISTOGRAM_METHODS, ...extra];
  const columns: Column[] = [
    { title: 'tensor' },
    ...shown.map((method): Column => ({ title: method, align: 'right' })),
    { title: 'in use' },
    { title: 'scale', align: 'right' },
    { title: 'SQNR', align: 'right' },
    { title: 'clipped', align: 'right' },
  ];
  const rows = table.tensors.map((row) => [
    row.name,
    ...shown.map((method) => {
      const threshold = row.methods[method];
      return threshold === undefined ? '' : formatReal(threshold);
    }),
    row.method,
    formatReal(row.scale),
    formatDb(row.sqnrDb),
    formatPercent(row.clippedFraction * 100),
  ]);
  return renderTable(columns, rows);
}
