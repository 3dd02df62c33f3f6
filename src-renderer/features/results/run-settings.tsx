import { formatBytes } from '../../../src-shared/base/units';
import type { RunRecord } from '../../../src-shared/domain/runs/run-record';
import { t, useLanguage } from '../../i18n';
import { classNames } from '../../widgets/class-names';
import { Icon } from '../../widgets/icons';
import { VariantBadge } from '../../widgets/badge';
import { filledColumns, formatRelativeChange, type ResultColumn } from './columns';
import {
  accuracyObstacles,
  type CellChange,
  latencyObstacles,
  referenceDrift,
  runSettings,
  type SettingChange,
  settingChanges,
  tableChanges,
  type VariantChange,
} from './run-diff';
import { runTime } from './runs';
import shared from './results.module.css';
import styles from './run-settings.module.css';

interface ChangesSectionProps {
  /** The run to compare with. */
  readonly from: RunRecord;
  /** The run that is shown. */
  readonly to: RunRecord;
}

/** The changes from one run to another: first the settings, then the results. */
export function ChangesSection({ from, to }: ChangesSectionProps) {
  const language = useLanguage();
  const settings = settingChanges(from, to);
  return (
    <section className={shared.section} aria-labelledby="results-changes">
      <header className={shared.sectionHead}>
        <h2 id="results-changes">{t('measured.changes')}</h2>
        <span className="dim">
          {t('measured.changes.between', {
            from: runTime(from.createdAt, language),
            to: runTime(to.createdAt, language),
          })}
        </span>
      </header>
      <Obstacles messageKey="measured.changes.accuracy" changes={accuracyObstacles(settings)} />
      <Obstacles messageKey="measured.changes.latency" changes={latencyObstacles(settings)} />
      {settings.length === 0 ? <p className="dim">{t('measured.changes.same')}</p> : <Settings changes={settings} />}
      <h3>{t('measured.changes.table')}</h3>
      <Drift from={from} to={to} />
      <Cells
        changes={tableChanges(from, to).filter(({ variant }) => !isRepetition(from, to, variant))}
        columns={filledColumns([...from.table, ...to.table])}
      />
    </section>
  );
}

/**
 * True if the variant is the same model as another variant in both runs, so that its row would repeat the other one's.
 */
function isRepetition(from: RunRecord, to: RunRecord, variant: string): boolean {
  const [before, after] = [from, to].map(({ table }) => table.find((row) => row.variant === variant)?.sameAs);
  return before !== undefined && before === after;
}

function settingName(change: SettingChange): string {
  return change.isFlag ? change.key : t(`measured.setting.${change.key}`);
}

function Obstacles({
  messageKey,
  changes,
}: {
  readonly messageKey: string;
  readonly changes: readonly SettingChange[];
}) {
  if (changes.length === 0) return null;
  return (
    <p className={shared.caution}>
      <Icon name="warning" size={13} />{' '}
      {t(messageKey, { what: changes.map(settingName).join(', '), n: changes.length })}
    </p>
  );
}

function Drift({ from, to }: ChangesSectionProps) {
  const drift = referenceDrift(from, to);
  if (drift === null || latencyObstacles(settingChanges(from, to)).length > 0) return null;
  return (
    <p className={shared.caution}>
      <Icon name="warning" size={13} />{' '}
      {t('measured.changes.drift', { change: formatRelativeChange(drift.from, drift.to) })}
    </p>
  );
}

function Settings({ changes }: { readonly changes: readonly SettingChange[] }) {
  return (
    <table className={classNames(shared.table, styles.settings)}>
      <thead>
        <tr>
          <th scope="col">{t('measured.changes.setting')}</th>
          <th scope="col">{t('measured.changes.before')}</th>
          <th scope="col">{t('measured.changes.after')}</th>
          <th scope="col">{t('measured.changes.kind')}</th>
        </tr>
      </thead>
      <tbody>
        {changes.map((change) => (
          <tr key={`${change.kind}.${change.key}`}>
            <th scope="row">{settingName(change)}</th>
            <td>{change.from}</td>
            <td>{change.to}</td>
            <td className="dim">{t(`measured.kind.${change.kind}`)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

interface CellsProps {
  readonly changes: readonly VariantChange[];
  readonly columns: readonly ResultColumn[];
}

function Cells({ changes, columns }: CellsProps) {
  return (
    <div className={shared.scroll} tabIndex={0} role="region" aria-label={t('measured.changes.table')}>
      <table className={classNames(shared.table, styles.cells)}>
        <thead>
          <tr>
            <th scope="col">{t('results.column.variant')}</th>
            {columns.map((column) => (
              <th key={column.id} scope="col" className="number">
                {t(`results.column.${column.id}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {changes.map((row) => (
            <tr key={row.variant}>
              <th scope="row">
                <VariantBadge variant={row.variant} /> {row.variant}
              </th>
              {row.presence === 'both' ? (
                columns.map((column) => <Cell key={column.id} column={column} change={row.cells[column.id]} />)
              ) : (
                <td className="dim" colSpan={columns.length}>
                  {t(`measured.changes.${row.presence}`)}
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/**
 * The word for a change. For times, "faster" and "slower" are used, because a negative change of the latency is a gain.
 */
function wordOf({ id }: ResultColumn, kind: 'better' | 'worse'): 'better' | 'worse' | 'faster' | 'slower' {
  const isTime = id === 'latency' || id === 'p99' || id === 'ratio' || id === 'throughput';
  if (!isTime) return kind;
  return kind === 'better' ? 'faster' : 'slower';
}

const CHANGES = { better: shared.betterText, worse: shared.worseText, changed: undefined };

function Cell({ column, change }: { readonly column: ResultColumn; readonly change: CellChange }) {
  switch (change.kind) {
    case 'absent':
      return <td className="number dim">–</td>;
    case 'gained':
    case 'lost':
      return <td className="number dim">{t(`measured.changes.${change.kind}`)}</td>;
    case 'not-compared':
      return <td className="number dim">{t('measured.changes.notCompared')}</td>;
    case 'same':
      return (
        <td className="number dim" title={column.format(change.to)}>
          {t('measured.changes.unchanged')}
        </td>
      );
    case 'better':
    case 'worse':
    case 'changed':
      return (
        <td
          className={classNames('number', CHANGES[change.kind])}
          title={`${column.format(change.from)} → ${column.format(change.to)}`}
        >
          {column.formatChange(change.from, change.to)}
          {change.kind === 'changed' ? null : (
            <span className={shared.detail}>{t(`measured.changes.${wordOf(column, change.kind)}`)}</span>
          )}
        </td>
      );
  }
}

/** The settings and versions that are needed to repeat the run. */
export function RunFacts({ record }: { readonly record: RunRecord }) {
  const language = useLanguage();
  const facts: readonly (readonly [string, string])[] = [
    [t('measured.facts.time'), runTime(record.createdAt, language)],
    ...runSettings(record).map(
      (setting) => [setting.isFlag ? setting.key : t(`measured.setting.${setting.key}`), setting.value] as const,
    ),
    [t('measured.facts.memory'), formatBytes(record.machine.memoryBytes)],
  ];
  return (
    <section className={classNames(shared.section, styles.facts)} aria-labelledby="results-facts">
      <h2 id="results-facts">{t('measured.facts')}</h2>
      <dl>
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd title={value}>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
