// @vitest-environment jsdom
import { act, createElement } from 'react';
import { createRoot, type Root } from 'react-dom/client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { layoutGraph, type LayoutReply } from '../../../../src-renderer/panels/layers/graph-layout';
import { graphStructure, type GraphStructure } from '../../../../src-renderer/panels/layers/graph-structure';
import { useGraphLayout } from '../../../../src-renderer/panels/layers/layer-graph';
import { generatedModel } from '../../../support/generated-model';

class FakeWorker {
  static readonly started: FakeWorker[] = [];
  onmessage: ((event: { readonly data: LayoutReply }) => void) | null = null;
  onerror: ((event: { readonly message: string }) => void) | null = null;
  request: GraphStructure | null = null;
  isTerminated = false;
  constructor() {
    FakeWorker.started.push(this);
  }
  postMessage(request: GraphStructure): void {
    this.request = request;
  }
  terminate(): void {
    this.isTerminated = true;
  }
  reply(data: LayoutReply): void {
    act(() => this.onmessage?.({ data }));
  }
}

type Shown = ReturnType<typeof useGraphLayout>;
let shown: Shown | undefined;
let root: Root;

function Probe({ structure }: { readonly structure: GraphStructure }) {
  shown = useGraphLayout(structure);
  return null;
}
const show = (structure: GraphStructure): void => act(() => root.render(createElement(Probe, { structure })));
const worker = (): FakeWorker => {
  const last = FakeWorker.started.at(-1);
  if (last === undefined) throw new Error('no worker was started');
  return last;
};

beforeEach(() => {
  vi.stubGlobal('IS_REACT_ACT_ENVIRONMENT', true);
  vi.stubGlobal('Worker', FakeWorker);
  FakeWorker.started.length = 0;
  root = createRoot(document.createElement('div'));
});
afterEach(() => {
  act(() => root.unmount());
  vi.unstubAllGlobals();
});

describe('useGraphLayout', () => {
  it('asks a worker, shows its progress in nodes, and then the layout', () => {
    const structure = graphStructure(generatedModel(31));
    show(structure);
    expect(shown?.layout).toEqual({ state: 'working', done: 0, total: 33 });
    expect(worker().request).toBe(structure);
    worker().reply({ type: 'progress', done: 20, total: 33 });
    expect(shown?.layout).toEqual({ state: 'working', done: 20, total: 33 });
    worker().reply({ type: 'done', layout: layoutGraph(structure) });
    expect(shown?.layout.state).toBe('ready');
  });

  it('lays out a structure once, however often it is shown', () => {
    const structure = graphStructure(generatedModel(32));
    show(structure);
    worker().reply({ type: 'done', layout: layoutGraph(structure) });
    show(graphStructure(generatedModel(32, { layers: { conv_0: 'fp16' } })));
    expect(shown?.layout.state).toBe('ready');
    expect(FakeWorker.started).toHaveLength(1);
  });

  it('stops the worker on cancel and starts another on retry', () => {
    show(graphStructure(generatedModel(33)));
    act(() => shown?.cancel());
    expect(shown?.layout.state).toBe('cancelled');
    expect(worker().isTerminated).toBe(true);
    act(() => shown?.retry());
    expect(shown?.layout.state).toBe('working');
    expect(FakeWorker.started).toHaveLength(2);
  });

  it('drops the worker of a model that is no longer shown, and says what went wrong', () => {
    show(graphStructure(generatedModel(34)));
    const first = worker();
    show(graphStructure(generatedModel(35)));
    expect(first.isTerminated).toBe(true);
    worker().reply({ type: 'failed', message: 'no room' });
    expect(shown?.layout).toEqual({ state: 'failed', message: 'no room' });
  });
});
