import { useEffect, useRef, type RefObject } from 'react';
import { BIN_COUNT } from '../../../src-shared/domain/histogram';
import { formatCount, formatSignificant } from '../../../src-shared/base/units';
import { t } from '../../i18n';
import type { TensorAnalysis } from './analysis';
import { valueFromPixel, type PlotArea, type ValueRange } from './axis';
import { countAt } from './steps';

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
  const bin = Math.min(BIN_COUNT - 1, Math.max(isSigned ? -BIN_COUNT : 0, Math.floor(valueReal / analysis.binWidthReal)));
  const [low, high] = [bin * analysis.binWidthReal, (bin + 1) * analysis.binWidthReal];
  const groups = analysis.groups.map((group) => `${group.name} ${formatCount(countAt(group.histogram, bin, isSigned))}`);
  const total = t(isSigned ? 'histogram.bin.signed' : 'histogram.bin', { low: formatSignificant(low, 5), high: formatSignificant(high, 5), count: countAt(analysis.histogram, bin, isSigned) });
  return [total, ...groups].join('   ');
}
