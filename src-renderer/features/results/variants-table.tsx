import type { GateResult, RunRecord, TableRow } from '../../../src-shared/domain/runs/run-record';
import { distinctRows } from '../../../src-shared/domain/runs/run-table';
import { t } from '../../i18n';
import { classNames } from '../../widgets/class-names';
import { Icon } from '../../widgets/icons';
import {
  barFraction,
  columnHint,
  columnScale,
  columnTitle,
  screenColumns,
  type ColumnScale,
  type ResultColumn,
} from './columns';
import { gateLimit, gateOfCell, gateOfColumn, gateSentence } from './gates';
import { VariantBadge, variantColor } from '../../widgets/badge';
import shared from './results.module.css';
import styles from './variants-table.module.css';

interface VariantsTableProps {
  readonly record: RunRecord;
  /** The judgement of every variant by the current gates. */
  readonly judged: readonly GateResult[];
  readonly chosen: string | null;
  readonly onChoose: (variant: string) => void;
}

/** The table of the variants. Choosing a row shows the losses of this variant below. */
export function VariantsTable({ record, judged, chosen, onChoose }: VariantsTableProps) {
  const distinct = distinctRows(record.table, record.shipped);
  const rows = distinct.map(({ row }) => row);
  const columns = screenColumns(rows).map((column) => ({ column, scale: columnScale(column, rows) }));
  const areBackendsMixed = new Set(rows.map((row) => row.backend)).size > 1;
  return (
    <div className={shared.scroll} tabIndex={0} role="region" aria-label={t('results.table')}>
      <table className={classNames(shared.table, styles.variants)}>
        <thead>
          <tr>
            <th scope="col">{t('results.column.variant')}</th>
            {areBackendsMixed ? <th scope="col">{t('results.column.backend')}</th> : null}
            {columns.map(({ column }) => (
              <th key={column.id} scope="col" className="number" title={columnHint(column.id, rows)}>
                {columnTitle(column.id, rows)}
                <ColumnLimit gate={gateOfColumn(judged, column.id)} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {distinct.map(({ row, kind, names }) => (
            <tr key={row.variant} className={classNames(row.variant === chosen && shared.rowChosen)}>
              <VariantCell
                row={row}
                kind={kind}
                names={names}
                isShipped={record.shipped.includes(row.variant)}
                isChosen={row.variant === chosen}
                onChoose={onChoose}
              />
              {areBackendsMixed ? <td className="dim">{row.backend}</td> : null}
              {columns.map(({ column, scale }) => (
                <ValueCell
                  key={column.id}
                  row={row}
                  kind={kind}
                  column={column}
                  scale={scale}
                  gate={gateOfCell(judged, row.variant, column.id)}
                />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface VariantCellProps {
  readonly row: TableRow;
  /** The variant that determines the badge. */
  readonly kind: string;
  /** All names of the same model. */
  readonly names: readonly string[];
  readonly isShipped: boolean;
  readonly isChosen: boolean;
  readonly onChoose: (variant: string) => void;
}

function VariantCell({ row, kind, names, isShipped, isChosen, onChoose }: VariantCellProps) {
  return (
    <th scope="row" className={shared.variant}>
      <button type="button" className={styles.button} aria-pressed={isChosen} onClick={() => onChoose(row.variant)}>
        <span className={styles.shipped} aria-hidden="true">
          {isShipped ? '▸' : ''}
        </span>
        <VariantBadge variant={kind} />
        <span>{names.join(' = ')}</span>
      </button>
    </th>
  );
}

interface ValueCellProps {
  readonly row: TableRow;
  /** The variant that determines the colour. */
  readonly kind: string;
  readonly column: ResultColumn;
  readonly scale: ColumnScale;
  readonly gate: GateResult | undefined;
}

function ValueCell({ row, kind, column, scale, gate }: ValueCellProps) {
  const value = column.value(row);
  if (value === null) {
    return (
      <td className="number dim">
        <span className={shared.value}>{gate === undefined ? null : <GateMark gate={gate} />}–</span>
      </td>
    );
  }
  const shown = column.format(value, row);
  const detail = column.detail(row);
  return (
    <td className="number" title={`${value}`}>
      <span
        className={shared.bar}
        style={{ width: `${barFraction(scale, value) * 100}%`, background: variantColor(kind) }}
      />
      <span className={shared.value}>
        {gate === undefined ? null : <GateMark gate={gate} />}
        {value === scale.best ? <b>{shown}</b> : shown}
      </span>
      {detail === '' ? null : <span className={shared.detail}>{detail}</span>}
    </td>
  );
}

function ColumnLimit({ gate }: { readonly gate: GateResult | undefined }) {
  return gate === undefined ? null : <span className={styles.limit}>{gateLimit(gate)}</span>;
}

const GATE_MARKS = {
  met: { icon: 'check', className: styles.gateMet },
  missed: { icon: 'cross', className: styles.gateMissed },
  unjudged: { icon: 'help', className: styles.gateOpen },
} as const;

/** The mark ✓, ✗ or ?. The column header shows the limit, and the tooltip shows both the value and the limit. */
function GateMark({ gate }: { readonly gate: GateResult }) {
  const title = gateSentence(gate);
  const mark = GATE_MARKS[gate.state];
  return (
    <span className={classNames(styles.gate, mark.className)} title={title}>
      <Icon name={mark.icon} size={12} label={title} />
    </span>
  );
}
