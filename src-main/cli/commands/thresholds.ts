import { resolve } from 'node:path';
import { measuredText, singlesText } from '../../../src-shared/domain/analysis/best-method';
import {
  HISTOGRAM_METHODS,
  METHODS,
  UNDECIDED_METHOD,
  type HistogramMethod,
  type Method,
} from '../../../src-shared/domain/project/methods';
import { formatDb, formatPercent, formatReal } from '../../../src-shared/base/units';
import type { WorkbenchApi } from '../../../src-shared/contract/api';
import type { ThresholdTable } from '../../../src-shared/contract/views';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { matchGlob } from '../../../src-shared/domain/glob';
import { defineCommand, EXIT_OK, present } from '../command';
import { choice, flag, text } from '../options';
import type { Column, Table } from '../output';

export const thresholds = defineCommand({
  name: 'thresholds',
  summary: 'show thresholds, scale, SQNR and clipping per tensor',
  positionals: ['PROJECT'],
  options: {
    method: choice('M', METHODS, `as if every tensor used M (nothing is changed): ${METHODS.join(', ')}`),
    tensor: text('GLOB', 'only tensors whose names match'),
    costs: flag('SQNR and share of clipped values under every method, for all values and for each group'),
  },
  async run({ method, tensor, costs }, [project = ''], { api, runJob, print, note, isJson }) {
    const projectPath = resolve(project);
    if (await lacksAuto(api, projectPath, method)) {
      note('choosing the thresholds of method auto first');
      await runJob({ kind: 'auto', projectPath });
    }
    const all = await api.getThresholds({ projectPath, ...present({ method, withCosts: costs }) });
    const table =
      tensor === undefined ? all : { ...all, tensors: all.tensors.filter((row) => matchGlob(tensor, row.name)) };
    if (table.tensors.length === 0)
      throw new WorkbenchError('usage', `No calibrated tensor matches "${tensor ?? ''}"`, {
        hint: '`calib thresholds PROJECT` lists the tensors.',
      });
    if (!isJson) for (const line of bestNotes(table)) note(line);
    print(table, () => [costs ? costTable(table) : thresholdTable(table)]);
    return EXIT_OK;
  },
});

/** Whether thresholds of method auto are needed and were not computed yet. */
async function lacksAuto(api: WorkbenchApi, projectPath: string, method: Method | undefined): Promise<boolean> {
  const { file } = await api.openProject({ projectPath });
  const isUsed =
    method === undefined
      ? file.method === 'auto' || Object.values(file.tensorMethods).includes('auto')
      : method === 'auto';
  return isUsed && (await api.getAnalyses({ projectPath })).auto?.isCurrent !== true;
}

/** The method that `best` has chosen, and the errors of the single methods. */
function bestNotes({ chosenMethod, best, tensors }: ThresholdTable): string[] {
  const usesBest = chosenMethod !== undefined || tensors.some(({ method }) => method === 'best');
  if (best === undefined)
    return usesBest
      ? [`method best is not decided yet: ${UNDECIDED_METHOD} is used until calib calibrate or calib run decides it`]
      : [];
  const { decision, isCurrent } = best;
  const stale = isCurrent
    ? ''
    : ' (decided for another plan, target or percentile; calib calibrate or calib run decides again)';
  const problem = decision.problem === undefined ? '' : `: ${decision.problem}`;
  const first = usesBest ? [`method best is ${decision.chosenMethod}${stale}${problem}`] : [];
  return decision.singles.length === 0 ? first : [...first, `${measuredText(decision)}: ${singlesText(decision)}`];
}

function thresholdTable(table: ThresholdTable): Table {
  const extra = (['entropy-tensorrt', 'auto', 'learned', 'imported', 'manual'] as const).filter((method) =>
    table.tensors.some((row) => row.methods[method] !== undefined),
  );
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
    row.method === 'best' ? `best (${bestMethodOf(table)})` : row.method,
    formatReal(row.scale),
    formatDb(row.sqnrDb),
    formatPercent(row.clippedFraction * 100),
  ]);
  return { columns, rows };
}

function bestMethodOf({ chosenMethod, best }: ThresholdTable): HistogramMethod {
  return chosenMethod ?? best?.decision.chosenMethod ?? UNDECIDED_METHOD;
}

/**
 * One row per tensor and method: SQNR and the share of clipped values, first for all values and then for each group.
 */
function costTable(table: ThresholdTable): Table {
  const groups = [...new Set(table.tensors.flatMap(({ costs = [] }) => costs.map(({ group }) => group)))];
  const columns: Column[] = [
    { title: 'tensor' },
    { title: 'method' },
    { title: 'threshold', align: 'right' },
    ...groups.flatMap((group): Column[] => [
      { title: `SQNR ${group ?? 'all'}`, align: 'right' },
      { title: `clipped ${group ?? 'all'}`, align: 'right' },
    ]),
  ];
  const rows = table.tensors.flatMap((row) =>
    METHODS.flatMap((method) => {
      const threshold = row.methods[method];
      if (threshold === undefined) return [];
      const costs = groups.map((group) => row.costs?.find((cost) => cost.method === method && cost.group === group));
      const cells = costs.flatMap((cost) =>
        cost ? [formatDb(cost.sqnrDb), formatPercent(cost.clippedFraction * 100)] : ['', ''],
      );
      return [
        [
          row.name,
          row.method === method ? `${method === 'best' ? `best: ${bestMethodOf(table)}` : method} (in use)` : method,
          formatReal(threshold),
          ...cells,
        ],
      ];
    }),
  );
  return { columns, rows };
}
