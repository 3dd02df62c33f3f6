// @vitest-environment jsdom
import { cleanup, render, screen } from '@testing-library/react';
import { createElement } from 'react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { HistoryScreen } from '../../../../src-renderer/features/history/history-screen';
import { useHistory } from '../../../../src-renderer/features/history/history-store';
import { useRunHistoryStore } from '../../../../src-renderer/state/run-history';
import { useSession } from '../../../../src-renderer/state/session';
import type { RunMarksEdit } from '../../../../src-shared/domain/history/history-entry';
import type { WorkbenchApi } from '../../../../src-shared/contract/api';
import { entryAt } from '../../domain/history/entries';
import { projectView } from '../state/fake-api';

const GATES = [{ name: 'maxDrop', value: 0.4, limit: 0.5, state: 'met' as const }];
const entries = Array.from({ length: 10 }, (_, i) =>
  entryAt(i, {
    values: { latencyMs: i === 9 ? 3 : 2 + i / 100 },
    gates: GATES.map((gate) => ({ ...gate, value: 0.4 + (i % 3) / 20 })),
  }),
).reverse();

let marked: unknown = null;
beforeEach(() => {
  vi.stubGlobal(
    'ResizeObserver',
    class {
      observe = vi.fn();
      unobserve = vi.fn();
      disconnect = vi.fn();
    },
  );
  vi.stubGlobal('matchMedia', () => ({ matches: false, addEventListener: vi.fn(), removeEventListener: vi.fn() }));
  const api: Partial<WorkbenchApi> = {
    getHistory: () =>
      Promise.resolve({ path: '/data/a.calib/runs', entries, unreadable: [{ runId: 'x', problem: 'y' }] }),
    getRun: () => Promise.reject(new Error('not asked for')),
    markRun: (request: { readonly marks: RunMarksEdit }) => {
      marked = request.marks;
      return Promise.resolve({});
    },
  };
  useSession.setState({ api: { ...useSession.getState().api, ...api }, project: projectView() });
  useRunHistoryStore.setState(useRunHistoryStore.getInitialState(), true);
  useHistory.setState({ runId: null, compareId: null, metric: 'latencyMs' });
  marked = null;
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

describe('the history screen', () => {
  it('shows what is unusual about the newest run, readiness, and runs that cannot be read', async () => {
    render(createElement(HistoryScreen));
    expect(await screen.findByText('History: 10 runs')).toBeDefined();
    expect(
      screen.getByText('Median latency 3.00 ms is unusual: 9 earlier runs were 2.00 ms to 2.08 ms.'),
    ).toBeDefined();
    expect(screen.getByText(/meets all gates with a probability of \d+ %/)).toBeDefined();
    expect(screen.getByText(/1 run cannot be read/)).toBeDefined();
  });

  it('keeps a name, a note and tags', async () => {
    render(createElement(HistoryScreen));
    const { fireEvent } = await import('@testing-library/react');
    fireEvent.change(await screen.findByLabelText('Name'), { target: { value: 'candidate' } });
    fireEvent.change(screen.getByLabelText('Tags, separated by commas'), { target: { value: 'release, ,rain' } });
    fireEvent.click(screen.getByRole('button', { name: 'Keep' }));
    expect(marked).toEqual({ name: 'candidate', note: '', tags: ['release', 'rain'] });
    fireEvent.click(screen.getByRole('button', { name: 'Pin' }));
    expect(marked).toEqual({ isPinned: true });
  });
});
