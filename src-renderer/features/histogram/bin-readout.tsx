import { useEffect, useRef, type RefObject } from 'react';
import { formatCount, formatSignificant } from '../../../src-shared/base/units';
import { t } from '../../i18n';
import type { TensorAnalysis } from './analysis';
import { valueFromPixel, type PlotArea, type ValueRange } from './axis';
import { countIn, edgeOf, intervalOf } from './count-scale';
import { scaleOf } from './chart-figure';

interface BinReadoutProps {
  readonly box: RefObject<HTMLElement | null>;
  readonly analysis: TensorAnalysis;
  readonly range: ValueRange;
  readonly area: PlotArea;
  readonly isSigned: boolean;
  /** Of the x axis: shown while the pointer is elsewhere. */
  readonly title: string;
}

/** Under the x axis: its title, or the bin under the pointer and how many values each series has in it. Written without rendering. */
export function BinReadout({ box, analysis, range, area, isSigned, title }: BinReadoutProps) {
  const text = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = box.current;
    const output = text.current;
    if (element === null || output === null) return undefined;
    const onMove = (event: PointerEvent): void => {
      const px = event.clientX - element.getBoundingClientRect().left;
      const isInside = event.buttons === 0 && px >= area.leftPx && px <= area.leftPx + area.widthPx;
      output.textContent = isInside ? describeBin(analysis, valueFromPixel(px, range, area), isSigned) : title;
    };
    const onLeave = (): void => {
      output.textContent = title;
    };
    onLeave();
    element.addEventListener('pointermove', onMove);
    element.addEventListener('pointerleave', onLeave);
    return () => {
      element.removeEventListener('pointermove', onMove);
      element.removeEventListener('pointerleave', onLeave);
    };
  }, [box, analysis, range, area, isSigned, title]);
  return <div ref={text} className="histogram-bin" aria-hidden="true" />;
}

function describeBin(analysis: TensorAnalysis, valueReal: number, isSigned: boolean): string {
  const scale = scaleOf(analysis, isSigned);
  const index = intervalOf(scale, valueReal);
  const low = isSigned ? edgeOf(scale, index) : Math.max(0, edgeOf(scale, index));
  const high = edgeOf(scale, index + 1);
  const groups = analysis.groups.map(
    (group) => `${group.name} ${formatCount(countIn(group.histogram, scale, index, isSigned))}`,
  );
  const total = t(isSigned ? 'histogram.bin.signed' : 'histogram.bin', {
    low: formatSignificant(low, 5),
    high: formatSignificant(high, 5),
    count: countIn(analysis.histogram, scale, index, isSigned),
  });
  return [total, ...groups].join('   ');
}
