import { formatCount, formatFixed, formatFraction, formatReal } from '../../../../src-shared/base/units';
import { ownValue } from '../../../../src-shared/base/records';
import type { FieldComparison, FieldTensor } from '../../../../src-shared/domain/health/health';
import type { HealthLimits } from '../../../../src-shared/domain/health/health-limits';
import { t } from '../../../i18n';
import { openHistogramOf } from '../../../state/histogram-tab';
import { useSelection } from '../../../state/selection';
import { classNames } from '../../../widgets/class-names';
import { DataTable, type Column } from '../../../widgets/data-table';
import { ModelName } from '../../../widgets/model-name';
import shared from './health.module.css';
import dataStyles from '../data.module.css';
import styles from './field-section.module.css';

interface FieldSectionProps {
  readonly against: FieldComparison;
  readonly limits: HealthLimits;
  /** The group whose tensors are shown; null: the group with the largest drift. */
  readonly group: string | null;
  readonly onGroup: (group: string) => void;
}

/** Shows how much each group of field images differs from the calibration set, and in which tensors. */
export function FieldSection({ against, limits, group, onGroup }: FieldSectionProps) {
  const chosen = group !== null && ownValue(against.groups, group) !== undefined ? group : worstGroup(against);
  return (
    <section className={styles.root} aria-label={t('health.fieldTitle')}>
      <h3 className={dataStyles.heading} title={against.path}>
        {t('health.fieldTitle')}
      </h3>
      <p className={dataStyles.note}>{t('health.fieldText', { images: against.images, path: against.path })}</p>
      <table className={shared.table}>
        <thead>
          <tr>
            <th>{t('health.group')}</th>
            <th className="number">{t('data.images')}</th>
            <th className="number" title={t('health.driftHint')}>
              {t('health.drift')}
            </th>
            <th>{t('health.nearest')}</th>
            <th className="number" title={t('health.clippedHint')}>
              {t('health.clipped')}
            </th>
            <th className="number" title={t('health.outputHint')}>
              {t('health.output')}
            </th>
          </tr>
        </thead>
        <tbody>
          {Object.entries(against.groups).map(([name, row]) => (
            <tr key={name} className={classNames(name === chosen && styles.chosen)}>
              <td>
                <button
                  type="button"
                  className={styles.link}
                  aria-pressed={name === chosen}
                  onClick={() => onGroup(name)}
                >
                  {name}
                </button>
              </td>
              <td className="number">{formatCount(row.images)}</td>
              <td
                className={classNames('number', row.driftAtLeast > limits.drift && shared.bad)}
                title={t('health.driftEstimate', { value: formatFixed(row.drift, 3) })}
              >
                {formatFixed(row.driftAtLeast, 2)}
              </td>
              <td>{row.nearest ?? t('health.wholeSet')}</td>
              <td
                className={classNames('number', row.clippedFraction > limits.clippedFraction && shared.bad)}
                title={row.clippedTensor ?? undefined}
              >
                {formatFraction(row.clippedFraction)}
              </td>
              <td className={classNames('number', (row.outputNmse ?? 0) > limits.outputNmse && shared.bad)}>
                {row.outputNmse === null ? '' : formatFraction(row.outputNmse)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <Tensors against={against} group={chosen} />
    </section>
  );
}

function worstGroup({ groups }: FieldComparison): string {
  return Object.keys(groups).reduce(
    (worst, name) =>
      (ownValue(groups, name)?.driftAtLeast ?? 0) > (ownValue(groups, worst)?.driftAtLeast ?? -1) ? name : worst,
    '',
  );
}

function Tensors({ against, group }: { readonly against: FieldComparison; readonly group: string }) {
  const tensor = useSelection((state) => state.tensor);
  const selectTensor = useSelection((state) => state.selectTensor);
  const of = (row: FieldTensor) => ownValue(row.groups, group);
  const columns: readonly Column<FieldTensor>[] = [
    {
      id: 'tensor',
      title: t('health.tensor'),
      width: '1fr',
      render: (row) => <ModelName name={row.tensor} />,
      sortValue: (row) => row.tensor,
    },
    {
      id: 'drift',
      title: t('health.drift'),
      width: 84,
      align: 'right',
      firstDirection: 'descending',
      render: (row) => formatFixed(of(row)?.drift ?? 0, 2),
      sortValue: (row) => of(row)?.drift ?? 0,
    },
    {
      id: 'clipped',
      title: t('health.clipped'),
      width: 84,
      align: 'right',
      firstDirection: 'descending',
      render: (row) => formatFraction(of(row)?.clippedFraction ?? 0),
      sortValue: (row) => of(row)?.clippedFraction ?? 0,
    },
    {
      id: 'beyond',
      title: t('health.beyond'),
      hint: t('health.beyondHint'),
      width: 124,
      align: 'right',
      firstDirection: 'descending',
      render: (row) => formatFraction(of(row)?.beyondRange ?? 0),
      sortValue: (row) => of(row)?.beyondRange ?? 0,
    },
    {
      id: 'threshold',
      title: t('health.threshold'),
      width: 84,
      align: 'right',
      render: (row) => formatReal(row.threshold),
      sortValue: (row) => row.threshold,
    },
  ];
  return (
    <div className={styles.tensorTable}>
      <DataTable
        key={group}
        label={t('health.tensorsOf', { group })}
        rows={against.tensors}
        columns={columns}
        rowKey={keyOf}
        activeKey={tensor}
        initialSort={{ column: 'drift', direction: 'descending' }}
        onPick={selectTensor}
        onActivate={openHistogramOf}
      />
      <p className={dataStyles.note}>{t('health.tensorsHint')}</p>
    </div>
  );
}

const keyOf = ({ tensor }: FieldTensor): string => tensor;
