import type { PairedRatio } from '../../src-shared/domain/runs/latency';
import { formatFactor, speedOfRatio, type Speed } from '../../src-shared/domain/runs/speed';
import { t } from '../i18n';

/** `1.15x slower`, `3.2x faster`, `equally fast`: never a bare ratio, whose direction a reader has to guess. */
export function speedText({ kind, factor }: Speed): string {
  return kind === 'same' ? t('widgets.speed.same') : t(`widgets.speed.${kind}`, { factor: formatFactor(factor) });
}

/** The 10th to the 90th percentile of the rounds in words; empty where there were too few rounds. */
export function speedSpreadText({ p10, p90 }: PairedRatio): string {
  if (p10 === undefined || p90 === undefined) return '';
  const [low, high] = [speedOfRatio(p10), speedOfRatio(p90)];
  if (low.kind !== high.kind || low.kind === 'same')
    return t('widgets.speed.spread', { low: speedText(low), high: speedText(high) });
  const [least, most] = low.factor < high.factor ? [low, high] : [high, low];
  return t('widgets.speed.spread', { low: `${formatFactor(least.factor)}x`, high: `${formatFactor(most.factor)}x` });
}
