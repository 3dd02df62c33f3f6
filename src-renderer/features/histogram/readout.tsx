import { useLayoutEffect, useRef } from 'react';
import { formatDb, formatFraction, formatReal } from '../../../src-shared/base/units';
import { groupProperty } from '../../../src-shared/domain/palette';
import { t } from '../../i18n';
import { type Reading, readingAt } from './analysis';
import type { ThresholdSession } from './use-threshold-session';
import { classNames } from '../../widgets/class-names';
import styles from './readout.module.css';
import histogramStyles from './histogram.module.css';

/** The texts of the readout, by field name. */
export function readoutTexts(reading: Reading, signalPower: number): Readonly<Record<string, string>> {
  const ofSignal = (mse: number): string => formatFraction(signalPower > 0 ? mse / signalPower : 0);
  const groups = reading.groups.flatMap((group) => [
    [groupField(group.name, 'clipped'), formatFraction(group.clippedFraction)],
    [groupField(group.name, 'sqnr'), formatDb(group.sqnrDb)],
  ]);
  return {
    threshold: formatReal(reading.thresholdReal),
    scale: formatReal(reading.scaleReal),
    sqnr: formatDb(reading.sqnrDb),
    levels: String(reading.levelsUsed),
    clipped: formatFraction(reading.clippedFraction),
    rounding: ofSignal(reading.roundingMse),
    clipping: ofSignal(reading.clippingMse),
    ...(Object.fromEntries(groups) as Record<string, string>),
  };
}

export function groupField(group: string, what: 'clipped' | 'sqnr'): string {
  return `${what}:${group}`;
}

/** Share of the rounding error in the total error, 0..1; 0 if there is no error. */
export function roundingShare(reading: Pick<Reading, 'roundingMse' | 'clippingMse'>): number {
  const total = reading.roundingMse + reading.clippingMse;
  return total > 0 ? reading.roundingMse / total : 0;
}

/** Shows the cost of the threshold while it moves. The fields are written to the DOM directly, without rendering. */
export function Readout({ session }: { readonly session: ThresholdSession }) {
  const box = useRef<HTMLDivElement>(null);
  const { live, analysis } = session;
  useLayoutEffect(() => {
    const root = box.current;
    if (root === null) return undefined;
    const fields = new Map(
      [...root.querySelectorAll<HTMLElement>('[data-field]')].map((element) => [
        element.dataset['field'] ?? '',
        element,
      ]),
    );
    const bar = root.querySelector<HTMLElement>('[data-bar]');
    return live.subscribe((thresholdReal) => {
      const reading = readingAt(analysis, thresholdReal);
      for (const [name, text] of Object.entries(readoutTexts(reading, analysis.model.signalPower))) {
        const element = fields.get(name);
        if (element !== undefined && element.textContent !== text) element.textContent = text;
      }
      if (bar !== null) bar.style.transform = `scaleX(${roundingShare(reading)})`;
    });
  }, [live, analysis]);
  return (
    <div ref={box} className={styles.root}>
      <dl className={styles.numbers}>
        <Row name={t('histogram.threshold')} field="threshold" isStrong />
        <Row name={t('histogram.sqnr')} field="sqnr" isStrong />
        <Row name={t('histogram.scale')} field="scale" />
        <Row name={t('histogram.levels')} field="levels" unit={t('histogram.levels.of')} />
        <Row name={t('histogram.clipped')} field="clipped" />
      </dl>
      <ErrorBar />
      {analysis.groups.length === 0 ? null : <GroupTable session={session} />}
    </div>
  );
}

interface RowProps {
  readonly name: string;
  readonly field: string;
  readonly unit?: string;
  readonly isStrong?: boolean;
}

function Row({ name, field, unit, isStrong = false }: RowProps) {
  return (
    <div className={isStrong ? styles.strong : undefined}>
      <dt>{name}</dt>
      <dd className="number">
        <span data-field={field} />
        {unit === undefined ? null : ` ${unit}`}
      </dd>
    </div>
  );
}

/** One bar for the rounding and the clipping error, because a threshold that decreases one increases the other. */
function ErrorBar() {
  return (
    <section aria-label={t('histogram.error')}>
      <h3>{t('histogram.error')}</h3>
      <div className={styles.errorBar} aria-hidden="true">
        <div data-bar className={styles.errorRounding} />
      </div>
      <dl className={styles.numbers}>
        <div>
          <dt>
            <span className={classNames(histogramStyles.swatch, styles.swatchRounding)} />
            {t('histogram.rounding')}
          </dt>
          <dd className="number" data-field="rounding" />
        </div>
        <div>
          <dt>
            <span className={classNames(histogramStyles.swatch, styles.swatchClipping)} />
            {t('histogram.clipping')}
          </dt>
          <dd className="number" data-field="clipping" />
        </div>
      </dl>
    </section>
  );
}

function GroupTable({ session: { analysis } }: { readonly session: ThresholdSession }) {
  return (
    <table className={styles.groups}>
      <caption className="visually-hidden">{t('histogram.groups')}</caption>
      <thead>
        <tr>
          <th scope="col">{t('histogram.group')}</th>
          <th scope="col" className="number">
            {t('histogram.clipped')}
          </th>
          <th scope="col" className="number">
            {t('histogram.sqnr')}
          </th>
          <th scope="col" className="number">
            {t('histogram.amax')}
          </th>
        </tr>
      </thead>
      <tbody>
        {analysis.groups.map((group, i) => (
          <tr key={group.name}>
            <th scope="row">
              <span className={histogramStyles.swatch} style={{ background: `var(${groupProperty(i)})` }} />
              {group.name}
            </th>
            <td className="number" data-field={groupField(group.name, 'clipped')} />
            <td className="number" data-field={groupField(group.name, 'sqnr')} />
            <td className="number">{formatReal(group.amaxReal)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
