import { formatCount } from '../../../src-shared/base/units';
import { PRECISIONS } from '../../../src-shared/domain/project/precision';
import { t } from '../../i18n';
import type { LayerRow } from '../../widgets/graph/layer-rows';

/** `1,000 layers · 25.6 M parameters · INT8 902 · FP16 3 · FP32 95`. */
export function modelSummary(rows: readonly LayerRow[]): string {
  const parameters = rows.reduce((sum, row) => sum + row.parameters, 0);
  const counts = PRECISIONS.map((precision) => ({
    precision,
    count: rows.filter((row) => row.runsIn === precision).length,
  }));
  return [
    t('model.summary.layers', { count: rows.length }),
    t('model.summary.parameters', { count: formatCount(parameters) }),
    ...counts
      .filter(({ count }) => count > 0)
      .map(({ precision, count }) => `${precision.toUpperCase()} ${formatCount(count)}`),
  ].join(' · ');
}
