import { formatCount, formatDuration } from '../../../src-shared/base/units';
import { toWireError } from '../../../src-shared/contract/errors';
import { t } from '../../i18n';
import type { CostAnswer } from '../../state/analysis-cost';

/** `26 models × 64 images = 1,664 passes, ~42 s`; an upper bound; the time is an estimate and looks like one. */
export function CostLine({ cost }: { readonly cost: CostAnswer }) {
  return (
    <p className="analysis-cost" role="status">
      {cost === undefined ? <span className="dim">{t('analysis.cost.asking')}</span> : null}
      {cost instanceof Error ? <Problem error={cost} /> : null}
      {cost === undefined || cost instanceof Error ? null : (
        <>
          {/* Some models are tried on fewer images than others: then there is no product to show. */}
          {t(cost.trials * cost.images === cost.passes ? 'analysis.cost' : 'analysis.cost.upTo', {
            trials: cost.trials,
            images: cost.images,
            passes: formatCount(cost.passes),
          })}
          {cost.seconds === null ? (
            <span className="dim"> {t('analysis.cost.noTime')}</span>
          ) : (
            <em className="modelled">
              {' '}
              ~{formatDuration(Math.max(1, Math.round(cost.seconds))).replace(/\.0 s$/, ' s')}
            </em>
          )}
        </>
      )}
    </p>
  );
}

/** Why it cannot be counted, which is why it cannot be started; and what to do. */
function Problem({ error }: { readonly error: Error }) {
  const { message, hint } = toWireError(error);
  return (
    <span className="analysis-problem">
      {message}
      {hint === undefined ? '' : `. ${hint}`}
    </span>
  );
}
