import { formatDb, formatFixed } from '../../../src-shared/base/units';
import type { OutputQuality, VariantReport } from '../../../src-shared/domain/runs/accuracy';
import type { RunRecord, ValidationRecord } from '../../../src-shared/domain/runs/run-record';
import { distinctRows } from '../../../src-shared/domain/runs/run-table';
import { t } from '../../i18n';
import { classNames } from '../../widgets/class-names';
import { Segmented } from '../../widgets/fields';
import { ClassesPanel } from './classes-panel';
import { ConfusionsPanel } from './confusions-panel';
import { GroupsPanel } from './groups-panel';
import { ScoresPanel } from './scores-panel';
import { TaskImages } from './task-images';
import { useResults } from './results-store';
import { comparedVariants } from './what-got-worse';
import { WorstImages } from './worst-images';
import shared from './results.module.css';
import styles from './worse-section.module.css';

interface WorseSectionProps {
  readonly record: RunRecord;
  readonly validation: ValidationRecord;
}

/** The losses of a variant, from groups down to single images. */
export function WorseSection({ record, validation }: WorseSectionProps) {
  const variant = useResults((state) => state.variant);
  const showVariant = useResults((state) => state.showVariant);
  const distinct = distinctRows(validation.variants, record.shipped);
  const shown = new Map(distinct.map((own) => [own.row.variant, own]));
  const reports = comparedVariants(record).filter((candidate) => shown.has(candidate.variant));
  const report = reports.find((candidate) => candidate.variant === variant) ?? reports[0];
  if (report === undefined) return null;
  const choices = reports.map((candidate) => ({
    value: candidate.variant,
    label: shown.get(candidate.variant)?.names.join(' = ') ?? candidate.variant,
  }));
  return (
    <section className={shared.section} aria-labelledby="results-worse">
      <header className={shared.sectionHead}>
        <h2 id="results-worse">{t('results.worse')}</h2>
        {choices.length < 2 ? (
          <span className="dim">{report.variant}</span>
        ) : (
          <Segmented
            label={t('results.worse.variant')}
            value={report.variant}
            choices={choices}
            onChoose={showVariant}
          />
        )}
      </header>
      <Diagnoses record={record} variant={report.variant} />
      <GroupsPanel reports={distinct} chosen={report.variant} />
      <ScoresPanel reports={distinct} chosen={report.variant} />
      <Classifier report={report} validation={validation} />
      <OutputsPanel report={report} />
      {isClassification(report) ? (
        <WorstImages key={report.variant} report={report} validation={validation} runId={record.runId} />
      ) : (
        <TaskImages key={report.variant} report={report} runId={record.runId} />
      )}
    </section>
  );
}

/** The diagnoses that the run made for groups that lost too much, in the words of the record. */
function Diagnoses({ record, variant }: { readonly record: RunRecord; readonly variant: string }) {
  const own = (record.diagnoses ?? []).filter((diagnosis) => diagnosis.variant === variant);
  if (own.length === 0) return null;
  return (
    <ul className={styles.diagnoses}>
      {own.map(({ title, summary }) => (
        <li key={title}>
          <strong>{title}</strong> {summary}
        </li>
      ))}
    </ul>
  );
}

/** Long class names need the full width, so that classes and confusions are stacked instead of side by side. */
function hasLongNames({ classNames: names = [] }: ValidationRecord): boolean {
  return names.some((name) => name.length > 16);
}

/** Images of a classification have the classes that FP32 and the variant answer. */
function isClassification({ worstImages, confusions, perClass }: VariantReport): boolean {
  return perClass === undefined && (confusions.length > 0 || worstImages.every(({ answer }) => answer !== undefined));
}

function Classifier({ report, validation }: { readonly report: VariantReport; readonly validation: ValidationRecord }) {
  const hasClasses = report.classes.length > 0 || (report.perClass ?? []).length > 0;
  if (!hasClasses && report.confusions.length === 0) return null;
  return (
    <div className={classNames(styles.columns, hasLongNames(validation) && styles.columnsWide)}>
      {hasClasses ? <ClassesPanel report={report} validation={validation} /> : null}
      {report.perClass === undefined ? <ConfusionsPanel report={report} validation={validation} /> : null}
    </div>
  );
}

/** How close every output is to FP32's. For models that are not classifiers, this is the only measure. */
function OutputsPanel({ report }: { readonly report: VariantReport }) {
  if (report.outputs.length === 0) return null;
  return (
    <section className={classNames(shared.panel, styles.outputs)} aria-labelledby="results-outputs">
      <h3 id="results-outputs">{t('results.outputs')}</h3>
      <table className={shared.table}>
        <thead>
          <tr>
            <th scope="col">{t('results.outputs.name')}</th>
            <th scope="col" className="number">
              {t('results.outputs.sqnr')}
            </th>
            <th scope="col" className="number">
              {t('results.outputs.cosine')}
            </th>
          </tr>
        </thead>
        <tbody>
          {report.outputs.map((output) => (
            <tr key={output.name}>
              <th scope="row">{output.name}</th>
              <td className="number">{sqnrText(output)}</td>
              <td className="number">{output.cosine === null ? '–' : formatFixed(output.cosine, 4)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** An output with NaN or infinite values has no SQNR, and must not be reported as having no error. */
function sqnrText({ sqnrDb, notFinite }: OutputQuality): string {
  if (notFinite) return t('results.outputs.notFinite');
  return sqnrDb === null ? t('results.outputs.exact') : formatDb(sqnrDb);
}
