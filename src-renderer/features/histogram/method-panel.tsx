import type { ThresholdRow } from '../../../src-shared/contract/views';
import { isHistogramMethod, type Method } from '../../../src-shared/domain/project/methods';
import { formatReal } from '../../../src-shared/base/units';
import { hasMessage, t } from '../../i18n';
import { useSession } from '../../state/session';
import { MethodBadge } from '../../widgets/badge';
import { Button } from '../../widgets/button';
import { NumberField } from '../../widgets/number-field';
import { chooseBestForAll, chooseMethod, chooseMethodForAll, followProject, setThreshold } from './method-actions';
import { hasOwnChoice, offeredMethods } from './methods';

/** Which rule sets the threshold: for this tensor, as the project says, or for all tensors. */
export function MethodPanel({ row }: { readonly row: ThresholdRow }) {
  const file = useSession((state) => state.project?.file);
  const table = useSession((state) => state.thresholds);
  if (file === undefined) return null;
  const isOwn = hasOwnChoice(row.name, file);
  const methodName = t(`histogram.method.${row.method}`);
  const best = table?.chosenMethod ?? table?.best?.decision.chosenMethod;
  return (
    <section className="histogram-methods" aria-label={t('histogram.methods')}>
      <h3>{t('histogram.methods')}</h3>
      <div role="group" aria-label={t('histogram.methods')}>
        {offeredMethods(row).map((method) => (
          <button
            key={method}
            type="button"
            className="histogram-method"
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
      <div className="histogram-actions">
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

/** Values beyond max|x| only make the steps coarser; some room is left for images that were not in the set. */
const HEADROOM = 4;

/** The largest threshold that is taken; no limit for a tensor that is always 0. */
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
