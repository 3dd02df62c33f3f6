// @vitest-environment jsdom
import { act, cleanup, configure, fireEvent, render, screen, within } from '@testing-library/react';
import { createElement } from 'react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { HistoryView, ProjectView, RunView } from '../../../../src-shared/contract/views';
import { historyEntry } from '../../../../src-shared/domain/history/history-entry';
import type { RunRecord } from '../../../../src-shared/domain/runs/run-record';
import { ResultsScreen } from '../../../../src-renderer/features/results/results-screen';
import { stubLayout } from '../widgets/picture/layout';
import { useResults } from '../../../../src-renderer/features/results/results-store';
import { useRunHistoryStore } from '../../../../src-renderer/state/run-history';
import { useSession } from '../../../../src-renderer/state/session';
import { image, RECORD, report, withRow } from './records';

const GATES = { maxTop1Drop: 1, maxWorstGroupDrop: null, minTop1: null, maxLatencyMs: null };
const PROJECT: ProjectView = {
  path: '/p.calib',
  calibrated: true,
  file: {
    version: 1,
    name: 'p',
    model: RECORD.model,
    calibrationSet: { path: '/c', labels: null },
    validationSet: { path: '/v', labels: null },
    preprocessing: RECORD.preprocessing,
    preprocessingNotes: [],
    method: 'entropy',
    percentile: 99.99,
    tensorMethods: {},
    manualThresholds: {},
    importedThresholds: {},
    plan: { layers: {} },
    target: 'onnxruntime',
    gates: GATES,
  },
};

const MIXED = report('mixed', {
  groups: { night: { images: 300, top1: 91 } },
  classes: [{ label: 6, name: '6', images: 18, top1: 80, top1Fp32: 100, difference: -20 }],
  confusions: [
    { label: 6, from: 6, to: 8, count: 14 },
    { label: 5, from: 5, to: 3, count: 1 },
  ],
  worstImages: [
    image('night/6/1.jpg', { fp32Score: 4, score: 5 }),
    image('night/5/2.jpg', { label: 5, fp32: 5, answer: 3 }),
  ],
});
const FULL: RunRecord = {
  ...RECORD,
  validation: {
    images: 594,
    labelled: true,
    variants: [report('fp32', { groups: { night: { images: 300, top1: 94 } } }), MIXED],
  },
};

const scrollIntoView = vi.fn();
const getRun = vi.fn();

const getImageAnswers = vi.fn().mockResolvedValue({ width: 8, height: 8, truth: null, classNames: [], variants: [] });

async function show(runs: readonly RunView[]): Promise<void> {
  const getThumbnail = vi.fn().mockResolvedValue({ width: 1, height: 1, bytes: new Uint8Array([1]) });
  const entries = runs.map(({ record }) => historyEntry(record, null));
  getRun.mockImplementation(({ runId }: { readonly runId: string }) => {
    const run = runs.find((candidate) => candidate.runId === runId);
    return run === undefined ? Promise.reject(new Error(`There is no run ${runId}`)) : Promise.resolve(run);
  });
  const getHistory = (): Promise<HistoryView> => Promise.resolve({ path: '/p.calib/runs', entries, unreadable: [] });
  useSession.setState({
    api: { ...useSession.getState().api, getHistory, getRun, getThumbnail, getImageAnswers },
    project: PROJECT,
  });
  await act(async () => void render(createElement(ResultsScreen)));
}

function summary(record: RunRecord): RunView {
  return { runId: record.runId, record, report: '', details: null };
}

const click = (element: HTMLElement): Promise<void> => act(async () => void fireEvent.click(element));
const press = (name: string | RegExp): Promise<void> => click(screen.getByRole('button', { name }));
const images = (): HTMLElement => screen.getByRole('region', { name: 'Images whose answer changed' });
const cards = (): HTMLElement[] => within(images()).queryAllByRole('listitem');
/** The tooltip says `6 → 8`; the arrow is no part of the button's name. */
const confusion = (): HTMLElement => screen.getByTitle(/^6 → 8\. /);

// jsdom applies no style sheet: to ask it for the visibility of each element only takes time.
configure({ defaultHidden: true });

beforeEach(() => {
  window.matchMedia = vi
    .fn()
    .mockReturnValue({ matches: false, addEventListener: vi.fn(), removeEventListener: vi.fn() });
  URL.createObjectURL = vi.fn(() => 'blob:picture');
  URL.revokeObjectURL = vi.fn();
  // jsdom has none.
  Element.prototype.scrollIntoView = scrollIntoView;
  stubLayout();
  scrollIntoView.mockClear();
  useResults.setState(useResults.getInitialState(), true);
  useRunHistoryStore.setState(useRunHistoryStore.getInitialState(), true);
  getRun.mockReset();
});

afterEach(cleanup);

describe('ResultsScreen', () => {
  it('says the next step when there is no run', async () => {
    await show([]);
    expect(document.body.textContent).toContain('No run yet');
    expect(screen.getByRole('button', { name: 'Go to Run' })).toBeDefined();
  });

  it('judges the variants by the gates and says in words what is missed', async () => {
    await show([summary(FULL)]);
    const row = within(screen.getByRole('region', { name: 'Variants' })).getByRole('row', { name: /mixed/ });
    expect(row.textContent).toContain('−1.50 pp');
    expect(within(row).getByLabelText('Top-1 drop: missed: 1.50 pp, limit ≤ 1.00 pp')).not.toBeNull();
    expect(screen.getByText(/mixed is not ready: 1 of 1 gate missed/)).toBeDefined();
    expect(document.body.textContent).toContain('The gates were changed after this run');
  });

  it('narrows the images to a confusion and shows both answers', async () => {
    await show([summary(FULL)]);
    expect(cards()).toHaveLength(2);
    expect(confusion().textContent).toContain('14 images');
    await click(confusion());
    expect(scrollIntoView.mock.contexts.map((element) => (element as Element).id)).toEqual(['results-images']);
    expect(screen.getAllByTestId('image-file').map((element) => element.textContent)).toEqual(['night/6/1.jpg']);
    expect(within(images()).getByRole('img', { name: 'night/6/1.jpg' }).getAttribute('src')).toBe('blob:picture');
    expect(cards().find((card) => card.textContent.includes('score 4.00'))?.textContent).toContain('score 5.00');
    await press('Show all');
    expect(cards()).toHaveLength(2);
  });

  it('opens an image large; arrow keys walk through the list', async () => {
    await show([summary(FULL)]);
    await press('Show night/6/1.jpg large');
    const dialog = screen.getByRole('dialog');
    const title = (): string => within(dialog).getByRole('heading', { level: 2 }).textContent;
    expect(title()).toBe('night/6/1.jpg (1 of 2)');
    expect(within(dialog).getByText('score 5.00')).not.toBeNull();
    expect(getImageAnswers).toHaveBeenCalledWith(
      expect.objectContaining({ imageId: 'night/6/1.jpg', variants: ['fp32', 'mixed'], runId: FULL.runId }),
    );
    const pressKey = (key: string): void => {
      const [picture] = within(dialog).getAllByRole('group', { name: /night/ });
      act(() => void fireEvent.keyDown(picture ?? dialog, { key }));
    };
    const settled = (): Promise<void> => act(async () => undefined);
    await settled();
    pressKey('ArrowRight');
    expect(title()).toBe('night/5/2.jpg (2 of 2)');
    await settled();
    pressKey('ArrowRight');
    expect(title()).toBe('night/5/2.jpg (2 of 2)');
    pressKey('Home');
    expect(title()).toBe('night/6/1.jpg (1 of 2)');
    act(() => void fireEvent(dialog, new Event('close')));
    expect(screen.queryByRole('dialog')).toBeNull();
  });

  it('lets go of the answer to why, then of the filter, with Escape', async () => {
    await show([summary(FULL)]);
    await click(confusion());
    await act(async () => useResults.getState().askWhy({ kind: 'group', group: 'night' }));
    const escape = (): boolean => fireEvent.keyDown(window, { key: 'Escape' });
    escape();
    expect([useResults.getState().why, useResults.getState().filter.from]).toEqual([null, 6]);
    escape();
    expect(useResults.getState().filter.from).toBeNull();
  });

  it('shows a thousand classes in steps, and tells an index from a name', async () => {
    const names = Array.from({ length: 1000 }, (_, label) =>
      label === 7 ? '' : `class ${label} with a name that is as long as names of real classes are, or longer`,
    );
    const classes = names.map((_, label) => ({ label, images: 50, top1: 60, top1Fp32: 70, difference: -10 }));
    await show([
      summary({
        ...FULL,
        validation: {
          images: 50_000,
          labelled: true,
          classCount: 1000,
          classNames: names,
          variants: [report('fp32'), { ...MIXED, classes }],
        },
      }),
    ]);
    const table = within(screen.getByRole('region', { name: 'Classes' })).getByRole<HTMLTableElement>('table');
    const rows = (): number | undefined => table.tBodies[0]?.rows.length;
    expect(rows()).toBe(12);
    expect(within(table).getByText('#7').textContent).toBe('#7');
    await click(screen.getByText(/^Show all/));
    expect(rows()).toBe(200);
    await click(screen.getByText('Show 200 more of 1 000'));
    expect(rows()).toBe(400);
  });

  it('says the verdict and what the run warned of before the table', async () => {
    await show([summary({ ...FULL, warnings: [{ code: 'x', message: 'Night is clipped.' }] })]);
    const headline = screen.getByTestId('results-headline');
    const cautions = screen.getByRole('list', { name: 'Warnings' });
    const table = within(screen.getByRole('region', { name: 'Variants' })).getByRole('table');
    const order = [table, cautions, headline].sort((a, b) =>
      (a.compareDocumentPosition(b) & Node.DOCUMENT_POSITION_FOLLOWING) !== 0 ? -1 : 1,
    );
    expect(order).toEqual([headline, cautions, table]);
    expect(headline.textContent).toContain('mixed is not ready. Top-1 drop: missed: 1.50 pp, limit ≤ 1.00 pp.');
    expect(cautions.textContent).toContain('Night is clipped.');
  });

  it('compares with another run and refuses latency between machines', async () => {
    const other = withRow({ ...FULL, runId: 'b', machine: { ...FULL.machine, cpu: 'Xeon' } }, 'mixed', { top1: 94 });
    await show([summary(FULL), summary(other)]);
    await act(async () => useResults.getState().compareWith('b'));
    expect(document.body.textContent).toContain('Latency, throughput and memory are not compared: CPU differs.');
    const table = screen.getByRole('region', { name: 'Differences, cell by cell' });
    const cells = within(table).getByRole('row', { name: /mixed/ });
    expect(cells.textContent).toContain('+1.50 ppbetter');
    expect(cells.textContent).toContain('n/c');
  });

  it('reads only the runs that are shown, and shows the old one until the new one is there', async () => {
    const runs = Array.from({ length: 5000 }, (_, i) => summary({ ...FULL, runId: `run-${i}` }));
    await show(runs);
    expect(getRun.mock.calls).toEqual([[{ projectPath: '/p.calib', runId: 'run-0' }]]);
    expect(document.querySelectorAll('li, option').length).toBeLessThan(400);
    let answer: (run: RunView | undefined) => void = () => undefined;
    getRun.mockImplementation(() => new Promise((resolve) => (answer = resolve)));
    await act(async () => useResults.getState().showRun('run-4000'));
    expect(screen.getByTestId('results-headline')).not.toBeNull();
    await act(async () => answer(summary({ ...FULL, runId: 'run-4000', createdAt: '2024-05-06T12:00:00.000Z' })));
    expect(screen.getByRole('heading', { level: 1 }).textContent).toContain('6 May 2024');
    await act(async () => useResults.getState().showRun('run-0'));
    expect(getRun).toHaveBeenCalledTimes(2);
  });

  it('does not speak of readiness by gates that were changed since', async () => {
    const runs = Array.from({ length: 9 }, (_, i) => summary({ ...FULL, runId: `run-${i}` }));
    await show(runs);
    expect(document.body.textContent).toContain('readiness is estimated again after the next one');
  });

  it('says why a run cannot be shown', async () => {
    await show([summary(FULL), summary({ ...FULL, runId: 'b' })]);
    getRun.mockRejectedValue(new Error('run.json is damaged'));
    await act(async () => useResults.getState().showRun('b'));
    expect(document.body.textContent).toContain('run.json is damaged');
  });
});
