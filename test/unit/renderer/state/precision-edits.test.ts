import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { ModelView, ProjectView } from '../../../../src-shared/contract/views';
import { shownChoice } from '../../../../src-renderer/state/precision-edits';
import { useNotices } from '../../../../src-renderer/state/notices';
import { useSession } from '../../../../src-renderer/state/session';
import { askPrecision } from '../../../../src-renderer/panels/layers/ask-precision';
import { layerRows, type LayerRow } from '../../../../src-renderer/panels/layers/layer-rows';
import type { Precision, PrecisionChoice } from '../../../../src-shared/domain/project/precision';
import { generatedModel } from '../../../support/generated-model';
import { fakeApi, projectView, type FakeApi } from './fake-api';

const session = useSession.getState;
const inFile = (): Readonly<Record<string, Precision>> => fake.project.file.plan.layers;
const layers = (...names: string[]): Set<string> => new Set(names);
let fake: FakeApi;

/** The rows as the screen has them before the model was read again. */
const rows = (): LayerRow[] => layerRows(session().model ?? { layers: [] }, null);

/** Another window, or the command line, changes a layer; this window does not hear of it. */
function changeElsewhere(layer: string, precision: Precision): void {
  const { file } = fake.project;
  const plan = { ...file.plan, layers: { ...file.plan.layers, [layer]: precision } };
  fake.project = { ...fake.project, file: { ...file, plan } };
}

async function openWith(plan: ProjectView['file']['plan'] = { layers: {} }): Promise<void> {
  session().closeProject();
  useNotices.setState({ notices: [] });
  fake = fakeApi(projectView('/data/a.calib', { plan }));
  fake.answers.getModel = (): ModelView => generatedModel(120, fake.project.file.plan);
  session().connect(fake.api);
  await session().openProject('/data/a.calib');
  await vi.waitFor(() => expect(session().model).not.toBeNull());
}

const settled = (): Promise<void> => vi.waitFor(() => expect(session().pendingEdits).toBe(0));

beforeEach(() => openWith());

describe('quick clicks on a toggle', () => {
  it.each<readonly [PrecisionChoice, PrecisionChoice]>([
    ['fp16', 'auto'],
    ['fp16', 'fp32'],
    ['int8', 'auto'],
    ['fp32', 'int8'],
  ])('%s, then %s: the second is kept, and shown before the application answers', async (first, second) => {
    const before = rows();
    askPrecision(before, layers('conv_1'), first);
    expect(shownChoice(session(), 'conv_1')).toBe(first);
    askPrecision(before, layers('conv_1'), second);
    expect(shownChoice(session(), 'conv_1')).toBe(second);
    await settled();
    expect(inFile()).toEqual(second === 'auto' ? {} : { conv_1: second });
    expect(session().conflict).toBeNull();
    expect(useNotices.getState().notices).toEqual([]);
  });

  it('on two layers are both kept, each as a step of its own', async () => {
    askPrecision(rows(), layers('conv_1'), 'fp16');
    askPrecision(rows(), layers('conv_3'), 'fp32');
    await settled();
    expect(inFile()).toEqual({ conv_1: 'fp16', conv_3: 'fp32' });
    await session().undo();
    expect(inFile()).toEqual({ conv_1: 'fp16' });
  });

  it('after a preset that is still on its way are made on its result', async () => {
    void session().edit('plan', [{ kind: 'plan', plan: { layers: { conv_1: 'fp16' } } }]);
    askPrecision(rows(), layers('conv_1'), 'fp32');
    await settled();
    expect(inFile()).toEqual({ conv_1: 'fp32' });
    expect(session().conflict).toBeNull();
  });
});

describe('an edit of a layer', () => {
  it('can ask for INT8 although the rules of the target keep the layer out of it', async () => {
    const refused = rows().find(({ runsIn }) => runsIn === 'fp32')?.layer ?? '';
    askPrecision(rows(), layers(refused), 'int8');
    await settled();
    expect(inFile()).toEqual({ [refused]: 'int8' });
  });

  it('keeps what was changed in other layers meanwhile, for a hundred layers too, and undo leaves that alone', async () => {
    changeElsewhere('conv_1', 'fp32');
    const hundred = rows()
      .slice(20)
      .map(({ layer }) => layer);
    expect(hundred.length).toBe(100);
    askPrecision(rows(), layers(...hundred), 'fp16');
    await settled();
    expect(inFile()).toEqual({ conv_1: 'fp32', ...Object.fromEntries(hundred.map((layer) => [layer, 'fp16'])) });
    await session().undo();
    expect(inFile()).toEqual({ conv_1: 'fp32' });
    await session().redo();
    expect(Object.keys(inFile())).toHaveLength(101);
  });
});

describe('undo and redo of another decision', () => {
  it('leave alone what was changed in layers meanwhile', async () => {
    await session().edit('mse', [{ kind: 'method', method: 'mse' }]);
    changeElsewhere('conv_1', 'fp32');
    await session().undo();
    expect(fake.project.file.method).toBe('entropy');
    expect(inFile()).toEqual({ conv_1: 'fp32' });
    await session().redo();
    expect(fake.project.file.method).toBe('mse');
    expect(inFile()).toEqual({ conv_1: 'fp32' });
  });
});

describe('an edit of a layer that was changed meanwhile', () => {
  beforeEach(async () => {
    changeElsewhere('conv_1', 'fp32');
    askPrecision(rows(), layers('conv_1', 'relu_2'), 'fp16');
    await settled();
  });

  it('is not made, but shown beside what the layer is now, and is no step of undo', () => {
    expect(inFile()).toEqual({ conv_1: 'fp32' });
    expect([...(session().conflict?.changed ?? [])]).toEqual([['conv_1', 'fp16']]);
    expect(session().project?.file.plan.layers).toEqual({ conv_1: 'fp32' });
    expect(shownChoice(session(), 'conv_1')).toBe('fp32');
    expect(session().history.undoable).toEqual([]);
  });

  it('is made over the other change when a person says so, and undo gives the other change back', async () => {
    await session().resolveConflict('mine');
    expect(inFile()).toEqual({ conv_1: 'fp16', relu_2: 'fp16' });
    expect(session().conflict).toBeNull();
    await session().undo();
    expect(inFile()).toEqual({ conv_1: 'fp32' });
  });

  it('is made for the other layers only, or dropped', async () => {
    await session().resolveConflict('theirs');
    expect(inFile()).toEqual({ conv_1: 'fp32', relu_2: 'fp16' });
    await session().undo();
    changeElsewhere('conv_1', 'int8');
    askPrecision(rows(), layers('conv_1'), 'fp16');
    await settled();
    await session().resolveConflict('none');
    expect(inFile()).toEqual({ conv_1: 'int8' });
    expect(session().conflict).toBeNull();
  });
});
