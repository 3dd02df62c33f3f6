import { useMemo } from 'react';
import { formatCount, formatFraction, formatReal } from '../../../src-shared/base/units';
import type { Method } from '../../../src-shared/domain/project/methods';
import { t } from '../../i18n';
import { curvesOf, draggableRange } from './analysis';
import { TOTAL } from './chart-figure';
import { ChartToolbar, type ChartView } from './chart-toolbar';
import { HistogramChart } from './histogram-chart';
import { useRange } from './use-range';
import type { ThresholdSession } from './use-threshold-session';

interface InspectViewProps {
  readonly session: ThresholdSession;
  readonly chart: ChartView;
  readonly onChart: (changes: Partial<ChartView>) => void;
  readonly onChoose: (method: Method) => void;
}

/** One tensor, large. */
export function InspectView({ session, chart, onChart, onChoose }: InspectViewProps) {
  const { analysis, row } = session;
  const curves = useMemo(() => curvesOf(analysis), [analysis]);
  const isSigned = chart.isSigned && analysis.hasNegative;
  const thresholdsReal = useMemo(() => Object.values(row.methods), [row]);
  // A threshold may lie beyond the largest value: set by hand, or imported.
  const largestReal = draggableRange(analysis, thresholdsReal).max;
  const control = useRange({
    tensor: row.name,
    largestReal,
    binWidthReal: analysis.binWidthReal,
    isSigned,
    thresholdsReal,
  });
  const groups = useMemo(() => analysis.groups.map((group) => group.name), [analysis]);
  const visible = useMemo(
    () => new Set([TOTAL, ...groups].filter((key) => !chart.hidden.has(key))),
    [groups, chart.hidden],
  );
  return (
    <section className="histogram-inspect" aria-label={row.name}>
      <ChartToolbar view={chart} onChange={onChart} control={control} groups={groups} canSign={analysis.hasNegative} />
      <Facts session={session} />
      <HistogramChart
        session={session}
        curves={curves}
        control={control}
        isLog={chart.isLog}
        isSigned={isSigned}
        visible={visible}
        onChoose={onChoose}
      />
    </section>
  );
}

/** What is no bar of the histogram: how many values, the zero spike, the range, what was not a number. */
function Facts({ session: { analysis } }: { readonly session: ThresholdSession }) {
  const { histogram, model } = analysis;
  const { zeroCount, nanCount, infinityCount, elementCount } = histogram;
  return (
    <p className="histogram-facts">
      <span>{t('histogram.fact.values', { count: formatCount(elementCount) })}</span>
      <span>
        {t('histogram.fact.zeros', {
          share: formatFraction(model.folded.finiteCount === 0 ? 0 : zeroCount / model.folded.finiteCount),
        })}
      </span>
      <span>{t('histogram.fact.range', { min: formatReal(histogram.min), max: formatReal(histogram.max) })}</span>
      {nanCount + infinityCount === 0 ? null : (
        <span className="histogram-bad">
          {t('histogram.fact.notFinite', { nan: nanCount, infinite: infinityCount })}
        </span>
      )}
    </p>
  );
}
