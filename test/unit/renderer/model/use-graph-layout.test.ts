// @vitest-environment jsdom
import { act, cleanup, renderHook } from '@testing-library/react';
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

let hook: ReturnType<typeof renderHook<ReturnType<typeof useGraphLayout>, GraphStructure>> | undefined;
const show = (structure: GraphStructure): void => {
  if (hook === undefined) hook = renderHook(useGraphLayout, { initialProps: structure });
  else hook.rerender(structure);
};
const worker = (): FakeWorker => {
  const last = FakeWorker.started.at(-1);
  if (last === undefined) throw new Error('no worker was started');
  return last;
};

beforeEach(() => {
  vi.stubGlobal('Worker', FakeWorker);
  FakeWorker.started.length = 0;
  hook = undefined;
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

describe('useGraphLayout', () => {
  it('asks a worker, shows its progress in nodes, and then the layout', () => {
    const structure = graphStructure(generatedModel(31));
    show(structure);
    expect(hook?.result.current.layout).toEqual({ state: 'working', done: 0, total: 33 });
    expect(worker().request).toBe(structure);
    worker().reply({ type: 'progress', done: 20, total: 33 });
    expect(hook?.result.current.layout).toEqual({ state: 'working', done: 20, total: 33 });
    worker().reply({ type: 'done', layout: layoutGraph(structure) });
    expect(hook?.result.current.layout.state).toBe('ready');
  });

  it('lays out a structure once, however often it is shown', () => {
    const structure = graphStructure(generatedModel(32));
    show(structure);
    worker().reply({ type: 'done', layout: layoutGraph(structure) });
    show(graphStructure(generatedModel(32, { layers: { conv_0: 'fp16' } })));
    expect(hook?.result.current.layout.state).toBe('ready');
    expect(FakeWorker.started).toHaveLength(1);
  });

  it('stops the worker on cancel and starts another on retry', () => {
    show(graphStructure(generatedModel(33)));
    act(() => hook?.result.current.cancel());
    expect(hook?.result.current.layout.state).toBe('cancelled');
    expect(worker().isTerminated).toBe(true);
    act(() => hook?.result.current.retry());
    expect(hook?.result.current.layout.state).toBe('working');
    expect(FakeWorker.started).toHaveLength(2);
  });

  it('drops the worker of a model that is no longer shown, and says what went wrong', () => {
    show(graphStructure(generatedModel(34)));
    const first = worker();
    show(graphStructure(generatedModel(35)));
    expect(first.isTerminated).toBe(true);
    worker().reply({ type: 'failed', message: 'no room' });
    expect(hook?.result.current.layout).toEqual({ state: 'failed', message: 'no room' });
  });
});
