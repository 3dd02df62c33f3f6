// @vitest-environment jsdom
import { act, createElement } from 'react';
import { createRoot, type Root } from 'react-dom/client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ProjectView, RunSummary } from '../../../../src-shared/contract/views';
import type { RunRecord } from '../../../../src-shared/domain/runs/run-record';
import { ResultsScreen } from '../../../../src-renderer/features/results/results-screen';
import { useResults } from '../../../../src-renderer/features/results/results-store';
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
let root: Root;
let host: HTMLElement;

async function show(runs: readonly RunSummary[]): Promise<void> {
  const getThumbnail = vi.fn().mockResolvedValue({ width: 1, height: 1, bytes: new Uint8Array([1]) });
  useSession.setState({
    api: { ...useSession.getState().api, listRuns: () => Promise.resolve(runs), getThumbnail },
    project: PROJECT,
  });
  await act(async () => root.render(createElement(ResultsScreen)));
}

function summary(record: RunRecord): RunSummary {
  return { runId: record.runId, record, report: '' };
}

function find(selector: string, text: string): HTMLElement {
  const found = [...host.querySelectorAll<HTMLElement>(selector)].find((element) => element.textContent.includes(text));
  if (found === undefined) throw new Error(`no ${selector} with "${text}"`);
  return found;
}

beforeEach(() => {
  Reflect.set(globalThis, 'IS_REACT_ACT_ENVIRONMENT', true);
  window.matchMedia = vi
    .fn()
    .mockReturnValue({ matches: false, addEventListener: vi.fn(), removeEventListener: vi.fn() });
  URL.createObjectURL = vi.fn(() => 'blob:picture');
  URL.revokeObjectURL = vi.fn();
  // jsdom has neither.
  Element.prototype.scrollIntoView = scrollIntoView;
  HTMLDialogElement.prototype.showModal = function showModal(this: HTMLDialogElement) {
    this.open = true;
  };
  scrollIntoView.mockClear();
  useResults.setState(useResults.getInitialState(), true);
  host = document.body.appendChild(document.createElement('div'));
  root = createRoot(host);
});

afterEach(async () => {
  await act(async () => root.unmount());
  host.remove();
});

describe('ResultsScreen', () => {
  it('says the next step when there is no run', async () => {
    await show([]);
    expect(host.textContent).toContain('No run yet');
    expect(find('button', 'Go to Run')).toBeDefined();
  });

  it('judges the variants by the gates and says in words what is missed', async () => {
    await show([summary(FULL)]);
    const row = find('.results-variants tbody tr', 'mixed');
    expect(row.textContent).toContain('−1.50 pp');
    expect(row.querySelector('[aria-label="Top-1 drop: missed: 1.50 pp, limit ≤ 1.00 pp"]')).not.toBeNull();
    expect(find('.results-verdicts', 'mixed is not ready: 1 of 1 gate missed')).toBeDefined();
    expect(host.textContent).toContain('The gates were changed after this run');
  });

  it('narrows the images to a confusion and shows both answers', async () => {
    await show([summary(FULL)]);
    expect(host.querySelectorAll('.results-card')).toHaveLength(2);
    const confusion = find('.results-confusion', '6 → 8');
    expect(confusion.textContent).toContain('14 images');
    await act(async () => confusion.click());
    expect(scrollIntoView.mock.contexts.map((element) => (element as Element).id)).toEqual(['results-images']);
    expect([...host.querySelectorAll('.results-card-file')].map((element) => element.textContent)).toEqual([
      'night/6/1.jpg',
    ]);
    expect(host.querySelector('.results-card img')?.getAttribute('src')).toBe('blob:picture');
    expect(find('.results-card', 'score 4.00').textContent).toContain('score 5.00');
    await act(async () => find('button', 'Show all').click());
    expect(host.querySelectorAll('.results-card')).toHaveLength(2);
  });

  it('opens an image large; arrow keys walk through the list', async () => {
    await show([summary(FULL)]);
    await act(async () => find('.results-picture-button', '').click());
    const title = (): string => find('dialog h2', 'Image').textContent;
    expect([title(), find('dialog .results-card-file', '').textContent]).toEqual(['Image 1 of 2', 'night/6/1.jpg']);
    const press = (key: string): Promise<void> =>
      act(
        async () =>
          void host.querySelector('dialog figure')?.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true })),
      );
    await press('ArrowRight');
    expect([title(), find('dialog .results-card-file', '').textContent]).toEqual(['Image 2 of 2', 'night/5/2.jpg']);
    await press('ArrowRight');
    expect(title()).toBe('Image 2 of 2');
    await press('Home');
    expect(title()).toBe('Image 1 of 2');
    await act(async () => void host.querySelector('dialog')?.dispatchEvent(new Event('close')));
    expect(host.querySelector('dialog')).toBeNull();
  });

  it('lets go of the answer to why, then of the filter, with Escape', async () => {
    await show([summary(FULL)]);
    await act(async () => find('.results-confusion', '6 → 8').click());
    await act(async () => useResults.getState().askWhy({ kind: 'group', group: 'night' }));
    const escape = (): Promise<void> =>
      act(async () => void window.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape' })));
    await escape();
    expect([useResults.getState().why, useResults.getState().filter.from]).toEqual([null, 6]);
    await escape();
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
    const rows = (): number => host.querySelectorAll('.results-classes tbody tr').length;
    expect(rows()).toBe(12);
    expect(find('.results-class-name', '#7').textContent).toBe('#7');
    await act(async () => find('button', 'Show all').click());
    expect(rows()).toBe(200);
    await act(async () => find('button', 'Show 200 more of 1\u202f000').click());
    expect(rows()).toBe(400);
  });

  it('says the verdict and what the run warned of before the table', async () => {
    await show([summary({ ...FULL, warnings: [{ code: 'x', message: 'Night is clipped.' }] })]);
    const order = [...host.querySelectorAll('.results-headline, .results-cautions, .results-variants')].map(
      (element) => element.className.split(' ')[0],
    );
    expect(order).toEqual(['results-headline', 'results-cautions', 'results-table']);
    expect(
      find('.results-headline', 'mixed is not ready. Top-1 drop: missed: 1.50 pp, limit ≤ 1.00 pp.'),
    ).toBeDefined();
    expect(find('.results-cautions', 'Night is clipped.')).toBeDefined();
  });

  it('compares with another run and refuses latency between machines', async () => {
    const other = withRow({ ...FULL, runId: 'b', machine: { ...FULL.machine, cpu: 'Xeon' } }, 'mixed', { top1: 94 });
    await show([summary(FULL), summary(other)]);
    await act(async () => useResults.getState().compareWith('b'));
    expect(host.textContent).toContain('Latency, throughput and memory are not compared: CPU differs.');
    const cells = [...host.querySelectorAll('.results-cells tbody tr')].find((row) =>
      row.textContent.includes('mixed'),
    );
    expect(cells?.textContent).toContain('+1.50 ppbetter');
    expect(cells?.textContent).toContain('n/c');
  });
});
