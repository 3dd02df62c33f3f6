// @vitest-environment jsdom
import { act, cleanup, fireEvent, render, screen } from '@testing-library/react';
import { createElement, useState } from 'react';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ChartToolbar, type ChartView } from '../../../../src-renderer/features/histogram/chart-toolbar';
import { useRange, type RangeControl } from '../../../../src-renderer/features/histogram/use-range';
import { setLanguage } from '../../../../src-renderer/i18n';

let control: RangeControl;

const VIEW: ChartView = { isLog: true, isSigned: false, hidden: new Set() };

function Toolbar() {
  const [thresholdsReal] = useState([2, 3.5]);
  control = useRange({ tensor: 'x', largestReal: 4, binWidthReal: 2 ** -10, isSigned: false, thresholdsReal });
  return createElement(ChartToolbar, { view: VIEW, onChange: () => undefined, control, groups: [], canSign: false });
}

const button = (name: string): HTMLElement => screen.getByRole('button', { name });
const pressed = (): readonly (string | null)[] =>
  ['Whole', 'Tail'].map((name) => button(name).getAttribute('aria-pressed'));

beforeEach(() => {
  setLanguage('en');
  render(createElement(Toolbar));
});
afterEach(cleanup);

describe('the buttons of the x axis', () => {
  it('show which view is in force', () => {
    expect(pressed()).toEqual(['true', 'false']);
    fireEvent.click(button('Tail'));
    expect(pressed()).toEqual(['false', 'true']);
    expect(control.range.min).toBeCloseTo(1.4, 12);
    act(() => control.zoomBy(0.5));
    expect(pressed()).toEqual(['false', 'false']);
    fireEvent.click(button('Whole'));
    expect(pressed()).toEqual(['true', 'false']);
  });
});
