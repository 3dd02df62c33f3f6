import { useMemo } from 'react';
import { formatDb, formatFraction, formatReal } from '../../../src-shared/base/units';
import type { ThresholdRow } from '../../../src-shared/contract/views';
import { groupProperty } from '../../../src-shared/domain/palette';
import { isHistogramMethod, type Method } from '../../../src-shared/domain/project/methods';
import { hasMessage, t } from '../../i18n';
import { useSession } from '../../state/session';
import { MethodBadge } from '../../widgets/badge';
import { Button } from '../../widgets/button';
import { classNames } from '../../widgets/class-names';
import { NumberField } from '../../widgets/number-field';
import {
  chooseBestForAll,
  chooseMethod,
  chooseMethodForAll,
  followProject,
  type GroupCost,
  hasOwnChoice,
  type MethodCost,
  methodCosts,
  offeredMethods,
  setThreshold,
} from './methods';
import type { ThresholdSession } from './use-threshold-session';
import styles from './method-panel.module.css';
import histogramStyles from './histogram.module.css';

/** Chooses the method that sets the threshold: for this tensor, the project's method, or one method for all tensors. */
export function MethodPanel({ row }: { readonly row: ThresholdRow }) {
  const file = useSession((state) => state.project?.file);
  const table = useSession((state) => state.thresholds);
  if (file === undefined) return null;
  const isOwn = hasOwnChoice(row.name, file);
  const methodName = t(`histogram.method.${row.method}`);
  const best = table?.chosenMethod ?? table?.best?.decision.chosenMethod;
  return (
    <section className={styles.methods} aria-label={t('histogram.methods')}>
      <h3>{t('histogram.methods')}</h3>
      <div role="group" aria-label={t('histogram.methods')}>
        {offeredMethods(row).map((method) => (
          <button
            key={method}
            type="button"
            className={styles.method}
            aria-pressed={row.method === method}
            title={hintOf(method)}
            onClick={() => chooseMethod(row.name, method)}
          >
            <MethodBadge method={method} title={t(`histogram.method.${method}`)} />
            <span>
              {t(`histogram.method.${method}`)}
              {method === 'best' && best !== undefined ? (
                <span className="dim"> {t(`histogram.method.${best}`)}</span>
              ) : null}
              {method === 'percentile' ? <span className="dim"> {`${file.percentile} %`}</span> : null}
            </span>
            <span className="number">{thresholdText(row, method === 'best' ? (best ?? method) : method)}</span>
          </button>
        ))}
      </div>
      <NumberField
        label={t('histogram.byHand')}
        key={row.name}
        value={Number(row.threshold.toPrecision(6))}
        above={0}
        {...upTo(row)}
        onCommit={(value) => value !== null && setThreshold(row.name, value)}
      />
      <div className={histogramStyles.actions}>
        <Button disabled={!isOwn} onClick={() => followProject(row.name)}>
          {t('histogram.followProject', { method: t(`histogram.method.${file.method}`) })}
        </Button>
        {isHistogramMethod(row.method) || row.method === 'best' ? (
          <Button onClick={() => (row.method === 'best' ? chooseBestForAll() : chooseMethodForAll(row.method))}>
            {t('histogram.forAll', { method: methodName })}
          </Button>
        ) : null}
      </div>
    </section>
  );
}

/**
 * Thresholds above max|x| only make the quantization steps coarser; some headroom is left for images outside the set.
 */
const HEADROOM = 4;

/** The largest accepted threshold; no limit for a tensor that contains only zeros. */
function upTo({ amax, threshold, methods }: ThresholdRow): { readonly max?: number } {
  const largest = Math.max(amax, threshold, ...Object.values(methods));
  return largest > 0 ? { max: Number((largest * HEADROOM).toPrecision(3)) } : {};
}

function thresholdText({ methods }: ThresholdRow, method: Method): string {
  const threshold = methods[method];
  return threshold === undefined ? '' : formatReal(threshold);
}

function hintOf(method: Method): string | undefined {
  const key = `histogram.hint.${method}`;
  return hasMessage(key) ? t(key) : undefined;
}

/** A table of methods against groups: the cost of each method's threshold for every group. */
export function CostTable({ session: { analysis, row } }: { readonly session: ThresholdSession }) {
  const rows = useMemo(() => methodCosts(analysis, row), [analysis, row]);
  const { groups } = analysis;
  const title = t(groups.length === 0 ? 'histogram.costs' : 'histogram.costs.groups');
  if (rows.length === 0) return null;
  return (
    <section className={styles.costs} aria-label={title}>
      <h3>{title}</h3>
      <div className={styles.costsScroll} tabIndex={0} role="group" aria-label={title}>
        <table>
          <thead>
            <tr>
              <th scope="col">{t('histogram.costs.method')}</th>
              <th scope="col" className="number">
                {t('histogram.costs.all')}
              </th>
              {groups.map((group, i) => (
                <th key={group.name} scope="col" className="number" title={group.name}>
                  <span className={histogramStyles.swatch} style={{ background: `var(${groupProperty(i)})` }} />
                  {group.name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((cost) => (
              <CostRow key={cost.method} row={cost} />
            ))}
          </tbody>
        </table>
      </div>
      <p className="dim">{t('histogram.costs.hint')}</p>
    </section>
  );
}

function CostRow({ row }: { readonly row: MethodCost }) {
  const name = t(`histogram.method.${row.method}`);
  return (
    <tr className={row.isInUse ? styles.costUsed : undefined} aria-current={row.isInUse ? 'true' : undefined}>
      <th scope="row" title={name}>
        <span className={styles.costMethod}>
          <MethodBadge method={row.method} title={name} />
          <span className="number" title={String(row.thresholdReal)}>
            {formatReal(row.thresholdReal)}
          </span>
        </span>
      </th>
      {row.costs.map((cost) => (
        <td key={cost.group ?? ''} className="number" title={exactText(row, cost)}>
          <span className={classNames(cost.isBest && styles.costBest)}>{formatDb(cost.sqnrDb)}</span>
          <span className="dim">{formatFraction(cost.clippedFraction)}</span>
        </td>
      ))}
    </tr>
  );
}

function exactText(row: MethodCost, cost: GroupCost): string {
  return t('histogram.costs.cell', {
    method: t(`histogram.method.${row.method}`),
    value: String(row.thresholdReal),
    group: cost.group ?? t('histogram.costs.all'),
    sqnr: `${cost.sqnrDb} dB`,
    clipped: `${cost.clippedFraction * 100} %`,
  });
}
