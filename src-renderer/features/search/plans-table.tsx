import { useCallback, useMemo } from 'react';
import type { SearchPlan, SearchResult } from '../../../src-shared/domain/analysis/analysis';
import { t } from '../../i18n';
import { useSession } from '../../state/session';
import { type Column, DataTable } from '../../widgets/data-table';
import { shortNames } from '../../panels/layers/layer-rows';
import { Icon } from '../../widgets/icons';
import { adoptPlan, dropOf, isInUse, measureLabel, measureOf, valueOf, worstGroupDrop } from './plan-facts';
import {
  changeText,
  dominanceText,
  groupChangeText,
  latencyText,
  planName,
  speedAgainstFp32,
  valueText,
} from './plan-text';
import { classNames } from '../../widgets/class-names';
import shared from './search.module.css';
import layerTableStyles from '../../panels/layers/layer-table.module.css';
import styles from './plans-table.module.css';

interface PlansTableProps {
  readonly result: SearchResult;
  readonly selected: number | null;
  readonly onSelect: (index: number) => void;
}

interface PlanRow {
  readonly index: number;
  readonly plan: SearchPlan;
}

const keyOf = (row: PlanRow): string => String(row.index);

/** All plans that were tried; Enter applies the selected one. */
export function PlansTable({ result, selected, onSelect }: PlansTableProps) {
  const rows = useMemo(() => result.plans.map((plan, index): PlanRow => ({ index, plan })), [result]);
  const columns = useColumns(result);
  const adopt = useCallback(
    (key: string) => {
      const plan = result.plans[Number(key)];
      if (plan !== undefined) adoptPlan({ ...plan, method: result.method });
    },
    [result],
  );
  return (
    <div className={classNames(styles.table, layerTableStyles.root)}>
      <DataTable<PlanRow>
        label={t('search.plans')}
        rows={rows}
        columns={columns}
        rowKey={keyOf}
        activeKey={selected === null ? null : String(selected)}
        onPick={(key) => onSelect(Number(key))}
        onActivate={adopt}
        empty={t('search.plans.none')}
      />
    </div>
  );
}

function useColumns(result: SearchResult): readonly Column<PlanRow>[] {
  return useMemo(() => columnsOf(result), [result]);
}

function columnsOf(result: SearchResult): readonly Column<PlanRow>[] {
  const { fp32 } = result;
  const measure = measureOf(result);
  const hasGroups = result.plans.some(({ quality }) => worstGroupDrop(quality, fp32) !== null);
  const names = shortNames(
    result.ranking.map(({ layer }) => layer).concat(result.plans.flatMap(({ fp16Layers }) => fp16Layers)),
  );
  const named: Column<PlanRow>[] = [
    {
      id: 'count',
      title: t('search.column.count'),
      hint: t('search.column.count.title'),
      width: 46,
      align: 'right',
      sortValue: ({ plan }) => plan.fp16Layers.length,
      render: ({ plan }) => plan.fp16Layers.length,
    },
    {
      id: 'layers',
      title: t('search.column.layers'),
      width: '1fr',
      render: ({ plan }) =>
        plan.fp16Layers.length === 0
          ? planName(plan)
          : plan.fp16Layers.map((layer) => names.get(layer) ?? layer).join(', '),
      hover: ({ plan }) => plan.fp16Layers.join('\n'),
    },
  ];
  const values: Column<PlanRow>[] = [
    {
      id: 'value',
      title: measureLabel(result, 'search.column'),
      hint: measureLabel(result, 'analysis'),
      width: measure === 'agreement' ? 96 : 78,
      align: 'right',
      firstDirection: 'descending',
      sortValue: ({ plan }) => valueOf(plan.quality, measure),
      render: ({ plan }) => valueText(plan.quality, measure),
    },
  ];
  if (measure !== 'sqnr') {
    values.push({
      id: 'change',
      title: t('search.column.change'),
      hint: t('search.column.change.title'),
      width: 76,
      align: 'right',
      sortValue: ({ plan }) => dropOf(plan.quality, fp32, measure),
      render: ({ plan }) => changeText(plan.quality, fp32, measure),
    });
  }
  if (hasGroups) {
    values.push({
      id: 'group',
      title: t('search.column.group'),
      hint: t('search.column.group.title'),
      width: 108,
      align: 'right',
      sortValue: ({ plan }) => worstGroupDrop(plan.quality, fp32)?.drop ?? null,
      render: ({ plan }) => groupChangeText(plan.quality, fp32),
    });
  }
  return [...named, ...values, ...endColumns(result)];
}

function endColumns(result: SearchResult): readonly Column<PlanRow>[] {
  return [
    {
      id: 'latency',
      title: t('search.column.latency'),
      width: 76,
      align: 'right',
      sortValue: ({ plan }) => plan.latencyMs,
      render: ({ plan }) => (
        <span className={plan.latencyKind === 'modelled' ? 'modelled' : undefined}>{latencyText(plan)}</span>
      ),
      hover: ({ plan }) => `${plan.latencyMs} ms, ${t(`search.legend.${plan.latencyKind}`)}`,
    },
    {
      id: 'speed',
      title: t('search.column.speed'),
      hint: t('search.column.speed.title'),
      width: 92,
      align: 'right',
      sortValue: ({ plan }) => plan.latencyMs,
      render: ({ plan }) => speedAgainstFp32(plan, result),
    },
    {
      id: 'limits',
      title: t('search.column.limits'),
      width: 54,
      align: 'center',
      sortValue: ({ plan }) => (plan.meetsLimit ? 0 : 1),
      render: ({ plan }) => <Limits plan={plan} />,
      hover: ({ plan }) => t(plan.meetsLimit ? 'search.meets' : 'search.misses'),
    },
    {
      id: 'adopt',
      title: t('search.column.adopt'),
      width: 70,
      render: ({ plan }) => <Adopt plan={plan} result={result} />,
    },
  ];
}

function Limits({ plan }: { readonly plan: SearchPlan }) {
  return (
    <span className={plan.meetsLimit ? shared.met : shared.missed}>
      <Icon
        name={plan.meetsLimit ? 'check' : 'cross'}
        size={12}
        label={t(plan.meetsLimit ? 'search.meets' : 'search.misses')}
      />
    </span>
  );
}

/** The button is not a Tab stop, because the keys of the table do the same. */
function Adopt({ plan, result }: { readonly plan: SearchPlan; readonly result: SearchResult }) {
  const tried = { fp16Layers: plan.fp16Layers, method: result.method };
  const dominance = dominanceText(plan, result);
  const isUsed = useSession((state) => state.project !== null && isInUse(state.project.file, tried));
  if (isUsed) return <span className="dim">{t('search.inUse')}</span>;
  if (dominance !== null) {
    return (
      <span className="dim" title={dominance}>
        {t('search.dominated.short')}
      </span>
    );
  }
  return (
    <button
      type="button"
      tabIndex={-1}
      className={styles.adopt}
      title={t('search.adopt.title')}
      onClick={() => adoptPlan(tried)}
      onDoubleClick={(event) => event.stopPropagation()}
    >
      {t('search.adopt')}
    </button>
  );
}
