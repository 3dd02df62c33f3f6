// @vitest-environment jsdom
import { act, createElement, useState } from 'react';
import { createRoot, type Root } from 'react-dom/client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ChartToolbar, type ChartView } from '../../../../src-renderer/features/histogram/chart-toolbar';
import { useRange, type RangeControl } from '../../../../src-renderer/features/histogram/use-range';
import { setLanguage } from '../../../../src-renderer/i18n';

let root: Root;
let host: HTMLElement;
let control: RangeControl;

const VIEW: ChartView = { isLog: true, isSigned: false, hidden: new Set() };

function Toolbar() {
  const [thresholdsReal] = useState([2, 3.5]);
  control = useRange({ tensor: 'x', largestReal: 4, binWidthReal: 2 ** -10, isSigned: false, thresholdsReal });
  return createElement(ChartToolbar, { view: VIEW, onChange: () => undefined, control, groups: [], canSign: false });
}

const button = (name: string): HTMLButtonElement => {
  const found = [...host.querySelectorAll('button')].find(({ textContent }) => textContent === name);
  if (found === undefined) throw new Error(`no button ${name}`);
  return found;
};
const pressed = (): readonly (string | null)[] =>
  ['Whole', 'Tail'].map((name) => button(name).getAttribute('aria-pressed'));

beforeEach(() => {
  vi.stubGlobal('IS_REACT_ACT_ENVIRONMENT', true);
  setLanguage('en');
  host = document.createElement('div');
  root = createRoot(host);
  act(() => root.render(createElement(Toolbar)));
});
afterEach(() => act(() => root.unmount()));

describe('the buttons of the x axis', () => {
  it('show which view is in force', () => {
    expect(pressed()).toEqual(['true', 'false']);
    act(() => button('Tail').click());
    expect(pressed()).toEqual(['false', 'true']);
    expect(control.range.min).toBeCloseTo(1.4, 12);
    act(() => control.zoomBy(0.5));
    expect(pressed()).toEqual(['false', 'false']);
    act(() => button('Whole').click());
    expect(pressed()).toEqual(['true', 'false']);
  });
});
