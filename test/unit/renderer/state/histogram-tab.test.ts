// @vitest-environment jsdom
import { expect, it } from 'vitest';
import { openHistogramOf, useHistogramTab } from '../../../../src-renderer/state/histogram-tab';
import { useSelection } from '../../../../src-renderer/state/selection';
import { useView } from '../../../../src-renderer/state/view';

it('shows the tensor itself although another tab was open on the histogram screen', () => {
  useHistogramTab.getState().showTab('auto');
  useView.getState().openScreen('results');
  openHistogramOf('/f/Relu_output_0');
  expect(useSelection.getState().tensor).toBe('/f/Relu_output_0');
  expect(useHistogramTab.getState().tab).toBe('inspect');
  expect(useView.getState().screen).toBe('histogram');
});
