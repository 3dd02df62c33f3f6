// @vitest-environment jsdom
import { render } from '@testing-library/react';
import { createElement } from 'react';
import { expect, it, vi } from 'vitest';
import type { PlotFigure } from '../../../../../src-renderer/widgets/plot/figure';
import { Plot } from '../../../../../src-renderer/widgets/plot/plot';

const plotly = vi.hoisted(() => ({ react: vi.fn(), purge: vi.fn() }));
vi.mock('plotly.js-basic-dist-min', () => ({ default: plotly }));

const FIGURE: PlotFigure = {
  series: [],
  panels: [],
  xRange: [0, 1],
  xTitle: 'x',
  margins: { leftPx: 0, rightPx: 0, topPx: 0, bottomPx: 0 },
};

it('is purged only after its drawing has ended, since a later step of the drawing would fail', async () => {
  vi.stubGlobal('matchMedia', () => ({ addEventListener: vi.fn(), removeEventListener: vi.fn() }));
  let endDrawing: () => void = () => undefined;
  plotly.react.mockReturnValue(
    new Promise<void>((resolve) => {
      endDrawing = resolve;
    }),
  );
  const { unmount } = render(createElement(Plot, { figure: FIGURE, widthPx: 100, heightPx: 100, label: 'a plot' }));
  await vi.waitFor(() => {
    expect(plotly.react).toHaveBeenCalledOnce();
  });
  unmount();
  await new Promise((resolve) => setTimeout(resolve, 0));
  expect(plotly.purge).not.toHaveBeenCalled();
  endDrawing();
  await vi.waitFor(() => {
    expect(plotly.purge).toHaveBeenCalledOnce();
  });
});
