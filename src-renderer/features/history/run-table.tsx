import { useMemo } from 'react';
import type { MarkedEntry, MetricName } from '../../../src-shared/domain/history/history-entry';
import { formatMetric } from '../../../src-shared/domain/history/metrics';
import { t, useLanguage, type Language } from '../../i18n';
import { type Column, DataTable } from '../../widgets/data-table';
import { Icon } from '../../widgets/icons';
import { historyTime } from '../../panels/history/history-text';

const keyOf = ({ runId }: MarkedEntry): string => runId;

interface RunTableProps {
  readonly entries: readonly MarkedEntry[];
  readonly shownId: string;
  readonly onShow: (runId: string) => void;
}

/** Every run, newest first. */
export function RunTable({ entries, shownId, onShow }: RunTableProps) {
  const language = useLanguage();
  const columns = useMemo(() => columnsOf(language), [language]);
  return (
    <DataTable<MarkedEntry>
      label={t('history.runs')}
      rows={entries}
      columns={columns}
      rowKey={keyOf}
      activeKey={shownId}
      onPick={onShow}
      empty={t('history.runs.none')}
    />
  );
}

function columnsOf(language: Language): readonly Column<MarkedEntry>[] {
  return [
    {
      id: 'time',
      title: t('history.column.time'),
      width: 170,
      render: ({ createdAt }) => historyTime(createdAt, language),
      hover: ({ runId }) => runId,
      sortValue: ({ runId }) => runId,
      firstDirection: 'descending',
    },
    {
      id: 'gates',
      title: t('history.column.gates'),
      width: 68,
      render: gatesIcon,
      sortValue: ({ gates }) => gates.filter(({ state }) => state !== 'met').length,
    },
    {
      id: 'name',
      title: t('history.column.name'),
      width: '2fr',
      render: ({ marks }) => marksText(marks),
      hover: ({ marks }) => marksText(marks),
      sortValue: ({ marks }) => marks?.name ?? null,
    },
    {
      id: 'branch',
      title: t('history.column.branch'),
      width: '1fr',
      render: ({ branch }) => branch ?? '',
      sortValue: ({ branch }) => branch ?? null,
    },
    {
      id: 'variant',
      title: t('history.column.variant'),
      width: 100,
      render: ({ variant }) => variant ?? '',
      sortValue: ({ variant }) => variant,
    },
    metricColumn('measure', 84),
    metricColumn('drop', 84),
    metricColumn('latencyMs', 84),
    metricColumn('gain', 64),
  ];
}

function metricColumn(metric: MetricName, width: number): Column<MarkedEntry> {
  return {
    id: metric,
    title: t(`history.short.${metric}`),
    hint: t(`history.metric.${metric}`),
    width,
    align: 'right',
    render: ({ values, measureName }) => {
      const value = values[metric];
      return value === undefined ? '' : formatMetric(metric, value, measureName);
    },
    sortValue: ({ values }) => values[metric] ?? null,
    firstDirection: 'descending',
  };
}

function gatesIcon({ gates }: MarkedEntry) {
  if (gates.length === 0) return <span className="dim">–</span>;
  const count = (state: 'missed' | 'unjudged'): number => gates.filter((gate) => gate.state === state).length;
  const n = gates.length;
  if (count('missed') > 0)
    return <Icon name="cross" size={12} label={t('results.run.missed', { n, missed: count('missed') })} />;
  if (count('unjudged') > 0)
    return <Icon name="help" size={12} label={t('results.run.unjudged', { n, unjudged: count('unjudged') })} />;
  return <Icon name="check" size={12} label={t('results.run.met', { n })} />;
}

function marksText(marks: MarkedEntry['marks']): string {
  const { name = '', tags = [], isPinned } = marks ?? {};
  return [...(isPinned ? ['★'] : []), name, ...tags.map((tag) => `#${tag}`)].filter((part) => part !== '').join(' ');
}
