// @vitest-environment jsdom
import { act, cleanup, configure, fireEvent, render, screen, within } from '@testing-library/react';
import { createElement } from 'react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SearchScreen } from '../../../../src-renderer/features/search/search-screen';
import { DEFAULT_OPTIONS, useSearchOptions } from '../../../../src-renderer/features/search/search-options';
import { setLanguage } from '../../../../src-renderer/i18n';
import { activeCommands, useCommandRegistry } from '../../../../src-renderer/state/commands';
import { useFieldImages } from '../../../../src-renderer/state/files';
import { useJobs } from '../../../../src-renderer/state/jobs';
import { useSession } from '../../../../src-renderer/state/session';
import { WorkbenchError } from '../../../../src-shared/base/errors';
import type { AnalysesView } from '../../../../src-shared/contract/views';
import type { AnalysisSpec } from '../../../../src-shared/contract/job-specs';
import { NO_ANALYSES, quality, searchPlan, searchResult } from '../analysis-results';
import { fakeApi, projectView, type FakeApi } from '../state/fake-api';

// Plotly wants a canvas; what it would draw is tested in pareto-figure.
vi.mock('../../../../src-renderer/widgets/plot/plot', () => ({
  Plot: ({ label }: { readonly label: string }) => createElement('div', { role: 'img', 'aria-label': label }),
}));

let fake: FakeApi;
let stored: AnalysesView;
const asked = vi.fn<(spec: AnalysisSpec) => void>();
const session = useSession.getState;

async function show(): Promise<void> {
  await act(async () => {
    await session().openProject('/data/a.calib');
  });
  await act(async () => void render(createElement(SearchScreen)));
}

const rows = (): HTMLElement[] => screen.getAllByRole('row');
const points = (): HTMLElement[] => screen.queryAllByTestId('search-point');
/** The lines of the limits of the plan in sight. */
const limits = (): HTMLElement[] => within(screen.getByTestId('plan-limits')).getAllByRole('listitem');

// jsdom applies no style sheet: to ask it for the visibility of each element only takes time.
configure({ defaultHidden: true });

beforeEach(() => {
  setLanguage('en');
  window.matchMedia = vi
    .fn()
    .mockReturnValue({ matches: false, addEventListener: vi.fn(), removeEventListener: vi.fn() });
  vi.stubGlobal(
    'ResizeObserver',
    class {
      observe = vi.fn();
      unobserve = vi.fn();
      disconnect = vi.fn();
    },
  );
  // jsdom lays nothing out.
  vi.spyOn(Element.prototype, 'clientHeight', 'get').mockReturnValue(300);
  vi.spyOn(Element.prototype, 'clientWidth', 'get').mockReturnValue(600);
  HTMLElement.prototype.scrollTo = vi.fn() as typeof HTMLElement.prototype.scrollTo;
  asked.mockReset();
  stored = { ...NO_ANALYSES, search: { isCurrent: true, result: searchResult() } };
  fake = fakeApi(
    projectView('/data/a.calib', {
      plan: { layers: { head: 'fp32' } },
      gates: { maxTop1Drop: 0.2, maxWorstGroupDrop: null, minTop1: null, maxLatencyMs: null },
    }),
  );
  fake.answers.getAnalyses = () => stored;
  fake.answers.getAnalysisCost = ({ spec }: { spec: AnalysisSpec }) => {
    asked(spec);
    return { trials: 119, images: 600, passes: 30_000, seconds: null };
  };
  useSession.setState({ ...useSession.getInitialState(), api: fake.api });
  useJobs.setState({ jobs: [], rates: {} });
  useSearchOptions.setState({ options: DEFAULT_OPTIONS });
  useFieldImages.setState({ path: '' });
});
afterEach(() => {
  cleanup();
  session().closeProject();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

describe('SearchScreen', () => {
  it('begins at the chosen plan and says what it gives, modelled latencies with a tilde', async () => {
    await show();
    expect(screen.getByTestId('search-verdict').textContent).toBe('One layer in FP16 is enough.');
    const pressed = points().filter((point) => point.getAttribute('aria-pressed') === 'true');
    expect(pressed.map((point) => point.getAttribute('aria-label'))).toEqual([
      '1 FP16 layer: 96.80 %, night −0.40 pp, ~1.20 ms, 2.0x faster against FP32, meets the limits',
    ]);
    const texts = rows()
      .slice(1)
      .map((row) => row.textContent);
    expect(texts[0]).toMatch(/^0all INT896\.00 %−1\.00 pp.*~1\.00 ms/);
    expect(texts[1]).toMatch(/^1conv_196\.80 %.*~1\.20 ms/);
    expect(screen.getAllByText('~1.00 ms').some(({ classList }) => classList.contains('modelled'))).toBe(true);
  });

  it('shows measured latencies plainly, and says which plans are not on the chart', async () => {
    const plans = searchResult().plans.map((plan, index) =>
      index === 2 ? plan : { ...plan, latencyKind: 'measured' as const },
    );
    stored = { ...NO_ANALYSES, search: { isCurrent: true, result: searchResult({ plans }) } };
    await show();
    expect(rows()[2]?.textContent).toMatch(/pp1\.20 ms/);
    expect(points()).toHaveLength(2);
    expect(document.body.textContent).toContain('1 plan with a modelled latency only in the table');
  });

  it('shows the plan of the point that is clicked', async () => {
    await show();
    for (const point of points().slice(0, 1)) fireEvent.click(point);
    expect(
      within(screen.getByRole('region', { name: 'Inspector' })).getByRole('heading', { level: 2 }).textContent,
    ).toBe('all INT8');
    const missed = limits().filter((line) => line.dataset['state'] === 'missed');
    expect(missed.map((line) => line.textContent)).toEqual([
      '✗ 1.00 pp below FP32, limit 0.50 pp',
      '✗ night: 2.00 pp below FP32, limit 1.00 pp',
    ]);
  });

  it('says above for what gained, where limits speak of losses', async () => {
    const better = searchPlan([], {
      quality: quality({ top1: 98, groupTop1: { day: 99.75, night: 95 } }),
      meetsLimit: true,
    });
    stored = { ...NO_ANALYSES, search: { isCurrent: true, result: searchResult({ plans: [better], chosen: 0 }) } };
    await show();
    expect(limits().map((line) => line.textContent)).toEqual([
      '✓ 1.00 pp above FP32, limit 0.50 pp below',
      '✓ day: 0.25 pp above FP32, limit 1.00 pp below',
    ]);
  });

  it('adopts a plan with one click, keeps the rest of the project’s plan, and undo takes it back by name', async () => {
    await show();
    fireEvent.click(within(rows()[2] ?? document.body).getByRole('button', { name: 'Adopt' }));
    await act(async () => vi.waitFor(() => expect(session().project?.file.plan.layers).toEqual({ conv_1: 'fp16' })));
    expect(session().history.undoable.at(-1)?.name).toBe('adopt plan with 1 FP16 layer');
    expect(rows()[2]?.textContent).toContain('in use');
    await act(async () => session().undo());
    expect(session().project?.file.plan.layers).toEqual({ head: 'fp32' });
  });

  it('adopts the plan that is shown from the palette and by its key', async () => {
    await show();
    const adopt = activeCommands(useCommandRegistry.getState().registered).find(
      (command) => command.id === 'search.adopt',
    );
    expect(adopt?.keys).toEqual(['A']);
    await act(async () => adopt?.run());
    await act(async () => vi.waitFor(() => expect(session().project?.file.plan.layers).toEqual({ conv_1: 'fp16' })));
  });

  it('asks for the cost of what is chosen, beginning at the project’s gates', async () => {
    await show();
    await act(async () => vi.waitFor(() => expect(asked).toHaveBeenCalled()));
    expect(asked).toHaveBeenLastCalledWith({
      kind: 'search',
      projectPath: '/data/a.calib',
      maxDrop: 0.2,
      maxWorstGroupDrop: 1,
    });
    expect(document.body.textContent).toContain(
      'About 119 models on 600 images: the work of 30\u202f000 passes, time not known yet',
    );
    await act(async () => useFieldImages.getState().setPath('/data/field'));
    await act(async () =>
      vi.waitFor(() => expect(asked).toHaveBeenLastCalledWith(expect.objectContaining({ againstPath: '/data/field' }))),
    );
  });

  it('says why the cost cannot be told and what to do, and starts nothing', async () => {
    fake.answers.getAnalysisCost = () => {
      throw new WorkbenchError('images-empty', 'Image set /data/nowhere does not exist', {
        hint: 'Name a folder of images.',
      });
    };
    await show();
    await act(async () => vi.waitFor(() => expect(fake.calls).toContain('getAnalysisCost')));
    expect(screen.getByText('Image set /data/nowhere does not exist. Name a folder of images.')).toBeDefined();
    expect(screen.getByRole<HTMLButtonElement>('button', { name: 'Search again' }).disabled).toBe(true);
  });

  it('says what a search does before there is one', async () => {
    stored = NO_ANALYSES;
    await show();
    expect(document.body.textContent).toContain('No search yet');
    expect(screen.queryByRole('region', { name: 'Inspector' })).toBeNull();
  });
});
