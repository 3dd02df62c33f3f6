import { resolve } from 'node:path';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { formatCountOf, formatReal } from '../../../src-shared/base/units';
import type { WorkbenchApi } from '../../../src-shared/contract/api';
import { findAnomalies } from '../../../src-shared/domain/history/anomalies';
import {
  METRIC_NAMES,
  type MarkedEntry,
  type MetricName,
  type RunMarksEdit,
} from '../../../src-shared/domain/history/history-entry';
import { formatMetric, METRICS } from '../../../src-shared/domain/history/metrics';
import { changedPart, changesBetween, trendOf } from '../../../src-shared/domain/history/trend';
import { compareDetails, type DetailsDifference } from '../../../src-shared/domain/runs/run-details';
import { prometheusText } from '../ci/prometheus';
import { defineCommand, EXIT_OK, present, type CommandContext } from '../command';
import { choice, flag, text, wholeNumber, type OptionValues } from '../options';
import { anomalyLines } from '../history-text';
import type { Block } from '../output';

const DEFAULT_LIMIT = 20;
/** Thresholds that a comparison lists as text; --json has all. */
const LISTED_THRESHOLDS = 20;
const MARKS = { group: 'What people write about a run:' };

const OPTIONS = {
  limit: wholeNumber('N', `the newest N runs (default: ${DEFAULT_LIMIT}; with --metric all)`, { min: 1 }),
  project: text('NAME', 'only runs of this project, in a folder with runs of several'),
  branch: text('NAME', 'only runs of this branch'),
  tag: text('TAG', 'only runs with this tag; beside --mark it adds the tag'),
  pinned: flag('only pinned runs'),
  metric: choice(
    'M',
    METRIC_NAMES,
    `one value over time, with changes of hardware and software: ${METRIC_NAMES.join(', ')}`,
  ),
  compare: text('A,B', 'compare two runs down to thresholds and layers'),
  prometheus: flag('print the newest run of each project as Prometheus text'),
  mark: text('RUN', 'the run that the following options are about', MARKS),
  name: text('TEXT', 'its name (an empty text removes it)', MARKS),
  note: text('TEXT', 'a note (an empty text removes it)', MARKS),
  untag: text('TAG', 'remove a tag', MARKS),
  pin: flag('pin it', MARKS),
  unpin: flag('unpin it', MARKS),
} as const;
type Values = OptionValues<typeof OPTIONS>;

export const history = defineCommand({
  name: 'history',
  summary: 'list the recorded runs of a project or a folder of runs, follow a value over time, compare two runs',
  positionals: ['PROJECT'],
  options: OPTIONS,
  details: 'PROJECT is a project or a folder that calib run --history wrote. See docs/history.md.',
  async run(values, [project = ''], context) {
    const projectPath = resolve(project);
    if (values.mark !== undefined) return markRun({ projectPath, runId: values.mark }, values, context);
    if (values.compare !== undefined) return compareRuns(projectPath, values.compare, context);
    const view = await context.api.getHistory({ projectPath });
    for (const { runId, problem } of view.unreadable) context.note(`${runId} cannot be read: ${problem}`);
    const entries = view.entries.filter((entry) => isWanted(entry, values));
    if (values.prometheus) {
      context.print(newestOfEach(entries), (newest) => prometheusText(newest).trimEnd().split('\n'));
      return EXIT_OK;
    }
    if (values.metric !== undefined) return printTrend(entries, values.metric, { limit: values.limit, context });
    const shown = entries.slice(0, values.limit ?? DEFAULT_LIMIT);
    context.print({ path: view.path, all: entries.length, runs: shown }, () => runList(shown, entries.length));
    return EXIT_OK;
  },
});

function isWanted({ project, branch, marks }: MarkedEntry, values: Values): boolean {
  return (
    (values.project === undefined || project === values.project) &&
    (values.branch === undefined || branch === values.branch) &&
    (values.tag === undefined || (marks?.tags ?? []).includes(values.tag)) &&
    (values.pinned !== true || marks?.isPinned === true)
  );
}

function newestOfEach(entries: readonly MarkedEntry[]): readonly MarkedEntry[] {
  const newest = new Map<string, MarkedEntry>();
  for (const entry of entries) if (!newest.has(entry.project)) newest.set(entry.project, entry);
  return [...newest.values()];
}

function runList(entries: readonly MarkedEntry[], all: number): Block[] {
  const value = (entry: MarkedEntry, metric: MetricName): string => {
    const own = entry.values[metric];
    return own === undefined ? '' : formatMetric(metric, own, entry.measureName);
  };
  return [
    `${formatCountOf(all, 'run')}${all > entries.length ? `, the newest ${entries.length}` : ''}`,
    {
      columns: [
        { title: 'run' },
        { title: 'project' },
        { title: 'branch' },
        { title: 'variant' },
        { title: 'measure', align: 'right' },
        { title: 'latency', align: 'right' },
        { title: 'speed', align: 'right' },
        { title: 'gates' },
        { title: 'marks' },
      ],
      rows: entries.map((entry) => [
        entry.runId,
        entry.project,
        entry.branch ?? '',
        entry.variant ?? '',
        value(entry, 'measure'),
        value(entry, 'latencyMs'),
        value(entry, 'gain'),
        gatesText(entry),
        marksText(entry),
      ]),
    },
  ];
}

function gatesText({ gates }: MarkedEntry): string {
  if (gates.length === 0) return 'none';
  const open = gates.filter(({ state }) => state !== 'met');
  return open.length === 0 ? 'met' : open.map(({ name, state }) => `${name} ${state}`).join(', ');
}

function marksText({ marks = {} }: MarkedEntry): string {
  const { name, note, tags = [], isPinned } = marks;
  return [...(isPinned ? ['pinned'] : []), name, ...tags.map((tag) => `#${tag}`), note]
    .filter((part) => part !== undefined)
    .join(' ');
}

function printTrend(
  entries: readonly MarkedEntry[],
  metric: MetricName,
  { limit, context }: { readonly limit: number | undefined; readonly context: CommandContext },
): number {
  const all = trendOf(entries, metric);
  const points = limit === undefined ? all : all.slice(-limit);
  const newest = entries[0];
  const report = newest === undefined ? null : findAnomalies(newest, entries.slice(1));
  const anomalies = report?.anomalies.filter((anomaly) => anomaly.metric === metric) ?? [];
  const result = {
    metric,
    points: points.map(({ entry, value, changes }) => ({
      runId: entry.runId,
      createdAt: entry.createdAt,
      value,
      changes,
    })),
    anomalies,
    causes: anomalies.length === 0 ? [] : (report?.causes ?? []),
  };
  context.print(result, () => [
    `${METRICS[metric].title}: ${formatCountOf(points.length, 'run')}`,
    {
      columns: [{ title: 'run' }, { title: 'value', align: 'right' }, { title: 'changed' }],
      rows: points.map(({ entry, value, changes }) => [
        entry.runId,
        formatMetric(metric, value, entry.measureName),
        changes.map((change) => `${change}: ${changedPart(change, entry)}`).join('; '),
      ]),
    },
    ...anomalyLines(result),
  ]);
  return EXIT_OK;
}

async function markRun(
  run: { readonly projectPath: string; readonly runId: string },
  values: Values,
  { api, print }: CommandContext,
): Promise<number> {
  const { entries } = await api.getHistory(run);
  const before = entries.find(({ runId }) => runId === run.runId)?.marks?.tags ?? [];
  const kept = before.filter((tag) => tag !== values.untag && tag !== values.tag);
  const tags = values.tag === undefined ? kept : [...kept, values.tag];
  const marks: RunMarksEdit = {
    ...present({ name: values.name, note: values.note }),
    ...(values.tag === undefined && values.untag === undefined ? {} : { tags }),
    ...(values.pin ? { isPinned: true } : {}),
    ...(values.unpin ? { isPinned: null } : {}),
  };
  if (Object.keys(marks).length === 0)
    throw new WorkbenchError('usage', 'Expected --name, --note, --tag, --untag, --pin or --unpin beside --mark');
  print(await api.markRun({ ...run, marks }), (now) => [`${run.runId}: ${marksText({ marks: now } as MarkedEntry)}`]);
  return EXIT_OK;
}

async function compareRuns(projectPath: string, given: string, { api, print }: CommandContext): Promise<number> {
  const [a, b, ...rest] = given.split(',').map((id) => id.trim());
  if (a === undefined || b === undefined || rest.length > 0)
    throw new WorkbenchError('usage', `Expected --compare A,B with the ids of two runs, found "${given}"`);
  const { entries } = await api.getHistory({ projectPath });
  const [from, to] = [entryOf(entries, a), entryOf(entries, b)];
  const difference = await differenceOf(projectPath, [from.runId, to.runId], api);
  const changes = changesBetween(from, to).map((change) => ({
    change,
    from: changedPart(change, from),
    to: changedPart(change, to),
  }));
  const values = METRIC_NAMES.flatMap((metric) => {
    const [before, after] = [from.values[metric], to.values[metric]];
    return before === undefined && after === undefined ? [] : [{ metric, ...present({ before, after }) }];
  });
  print({ from: a, to: b, changes, values, ...present({ details: difference ?? undefined }) }, () => [
    ...changes.map((own) => `${own.change}: ${own.from} -> ${own.to}`),
    {
      columns: [{ title: 'value' }, { title: a, align: 'right' }, { title: b, align: 'right' }],
      rows: values.map(({ metric, before, after }) => [
        METRICS[metric].title,
        before === undefined ? '' : formatMetric(metric, before, from.measureName),
        after === undefined ? '' : formatMetric(metric, after, to.measureName),
      ]),
    },
    ...(difference === null
      ? ['One of the runs was recorded by an older version, without its thresholds and layers.']
      : detailLines(difference)),
  ]);
  return EXIT_OK;
}

function entryOf(entries: readonly MarkedEntry[], id: string): MarkedEntry {
  const found = entries.find(({ runId, marks }) => runId === id || marks?.name === id);
  if (found === undefined) throw new WorkbenchError('not-found', `There is no run ${id}`);
  return found;
}

async function differenceOf(
  projectPath: string,
  ids: readonly [string, string],
  api: WorkbenchApi,
): Promise<DetailsDifference | null> {
  const [from, to] = await Promise.all(ids.map((runId) => api.getRun({ projectPath, runId })));
  return from?.details && to?.details ? compareDetails(from.details, to.details) : null;
}

function detailLines({ thresholds, layers }: DetailsDifference): Block[] {
  const rest = thresholds.length - LISTED_THRESHOLDS;
  return [
    `${formatCountOf(thresholds.length, 'threshold differs', 'thresholds differ')}, ` +
      formatCountOf(layers.length, 'layer differs', 'layers differ'),
    ...(thresholds.length === 0
      ? []
      : [
          {
            columns: [
              { title: 'tensor' },
              { title: 'from', align: 'right' as const },
              { title: 'to', align: 'right' as const },
            ],
            rows: thresholds
              .slice(0, LISTED_THRESHOLDS)
              .map(({ name, from, to }) => [
                name,
                ...[from, to].map((own) => (own === undefined ? '' : formatReal(own))),
              ]),
          },
        ]),
    ...(rest > 0 ? [`and ${rest} others; --json has all`] : []),
    ...layers.map(({ name, from = 'none', to = 'none' }) => `${name}: ${from} -> ${to}`),
  ];
}
