import { formatDb, formatFixed, formatPoints } from '../../../src-shared/base/units';
import type { SensitivityLayer, SensitivityResult } from '../../../src-shared/domain/analysis/analysis';
import { t } from '../../i18n';
import { isErrorLevel } from '../../widgets/graph/damage';

/**
 * A score with its unit, as a person reads it: what is won back has a plus, what is lost a minus, and an error is a SQNR
 * (the score itself is minus that).
 */
export function scoreText(
  result: Pick<SensitivityResult, 'kind' | 'metric'>,
  entry: Pick<SensitivityLayer, 'score' | 'sqnrDb'>,
): string {
  if (isErrorLevel(result)) return entry.sqnrDb === null ? t('analysis.exact') : formatDb(entry.sqnrDb);
  const change = result.kind === 'cause' ? -entry.score : entry.score;
  return result.metric === 'sqnr' ? signedDb(change) : formatPoints(change);
}

/** Two decimals: what one layer of many wins back is often a tenth of a dB. */
function signedDb(valueDb: number): string {
  const text = formatFixed(valueDb, 2);
  return `${Number(text) > 0 ? '+' : ''}${text} dB`;
}
