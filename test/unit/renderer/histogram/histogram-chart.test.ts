// @vitest-environment jsdom
import { fireEvent, render, screen } from '@testing-library/react';
import { createElement } from 'react';
import { expect, it, vi } from 'vitest';
import { analyse, curvesOf } from '../../../../src-renderer/features/histogram/analysis';
import { TOTAL } from '../../../../src-renderer/features/histogram/chart-figure';
import { HistogramChart } from '../../../../src-renderer/features/histogram/histogram-chart';
import {
  createLiveThreshold,
  createThresholdEditor,
} from '../../../../src-renderer/features/histogram/threshold-editor';
import type { RangeControl } from '../../../../src-renderer/features/histogram/use-range';
import { rowOf, viewOf } from './support';

vi.mock('../../../../src-renderer/widgets/plot/plot', () => ({
  Plot: () => createElement('i', { 'data-testid': 'plot' }),
}));

it('a double click on the ground shows everything again, one on what lies on it does not', () => {
  vi.stubGlobal(
    'ResizeObserver',
    class {
      observe(): void {}
      disconnect(): void {}
    },
  );
  const view = viewOf({ day: [0.5, 1, 2, 4] });
  const analysis = analyse(view);
  const live = createLiveThreshold(4, () => undefined);
  const editor = createThresholdEditor(
    live,
    { minReal: 0.1, maxReal: 4, binWidthReal: analysis.binWidthReal },
    () => undefined,
  );
  const showWhole = vi.fn();
  const control: RangeControl = {
    range: { min: 1, max: 2 },
    whole: { min: 0, max: 4 },
    isTail: false,
    showWhole,
    showTail: vi.fn(),
    zoomBy: vi.fn(),
    zoomAt: vi.fn(),
    shiftBy: vi.fn(),
  };
  const session = { row: rowOf('x'), view, analysis, live, editor, limits: { min: 0.1, max: 4 } };
  const { unmount } = render(
    createElement(HistogramChart, {
      session,
      curves: curvesOf(analysis),
      control,
      isLog: true,
      isSigned: false,
      visible: new Set([TOTAL]),
      onChoose: () => undefined,
    }),
  );
  fireEvent.doubleClick(screen.getByTestId('plot'));
  expect(showWhole).not.toHaveBeenCalled();
  fireEvent.doubleClick(screen.getByTestId('histogram-chart'));
  expect(showWhole).toHaveBeenCalledOnce();
  unmount();
});
