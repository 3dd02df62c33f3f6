// @vitest-environment jsdom
import { cleanup, fireEvent, render, screen } from '@testing-library/react';
import { createElement, type ReactElement } from 'react';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { setLanguage } from '../../../../src-renderer/i18n';
import { useSelection } from '../../../../src-renderer/state/selection';
import { useSession } from '../../../../src-renderer/state/session';
import { leastWidth, ShapeToggle } from '../../../../src-renderer/panels/layers/layer-table';
import { layerRows } from '../../../../src-renderer/panels/layers/layer-rows';
import {
  foldShapes,
  type LayerListing,
  shapeLayers,
  useLayerListing,
  useLayers,
  useShapeLayers,
} from '../../../../src-renderer/panels/layers/use-layers';
import type { LayerView, ModelView } from '../../../../src-shared/contract/views';
import { generatedModel } from '../../../support/generated-model';

const [template] = generatedModel(6).layers as [LayerView];
const layer = (name: string, op: string, inputs: string[], output: string): LayerView => ({
  ...template,
  layer: name,
  op,
  inputs,
  outputs: [output],
});
/** A flatten as exporters write it: [Shape(x)[0], -1] given to Reshape; and a scale made of a shape. */
const LAYERS = [
  layer('conv', 'Conv', ['input'], 'a'),
  layer('shape', 'Shape', ['a'], 's'),
  layer('gather', 'Gather', ['s'], 'g'),
  layer('concat', 'Concat', ['g'], 'c'),
  layer('reshape', 'Reshape', ['a', 'c'], 'b'),
  layer('range', 'Range', [], 'r'),
  layer('add', 'Add', ['b', 'r'], 'd'),
];
const MODEL: ModelView = { inputs: ['input'], outputs: ['d'], layers: LAYERS, calibrationTensors: [] };

describe('layers that only compute shapes', () => {
  it('are Shape and what reads nothing but its results; not what uses a shape on values, nor constants', () => {
    expect([...shapeLayers(LAYERS)]).toEqual(['shape', 'gather', 'concat']);
    expect(shapeLayers(generatedModel(40).layers).size).toBe(0);
  });

  it('are folded unless they are wanted, searched for or looked at', () => {
    const rows = layerRows(MODEL, null);
    const names = (changes: Partial<Parameters<typeof foldShapes>[1]>): readonly string[] =>
      foldShapes(rows, {
        shapes: shapeLayers(LAYERS),
        areShown: false,
        isSearching: false,
        active: null,
        ...changes,
      }).map((row) => row.layer);
    expect(names({})).toEqual(['conv', 'reshape', 'range', 'add']);
    expect(names({ active: 'gather' })).toEqual(['conv', 'gather', 'reshape', 'range', 'add']);
    expect(names({ areShown: true })).toHaveLength(LAYERS.length);
    expect(names({ isSearching: true })).toHaveLength(LAYERS.length);
  });
});

describe('the list of layers', () => {
  let rerender: (element: ReactElement) => void;
  let listing: LayerListing | null;

  function List({ search }: { readonly search: string }) {
    const layers = useLayers();
    return layers === null ? null : createElement(Listing, { layers, search });
  }
  function Listing({
    layers,
    search,
  }: {
    readonly layers: NonNullable<ReturnType<typeof useLayers>>;
    readonly search: string;
  }) {
    listing = useLayerListing(layers, layers.rows, search);
    return createElement(ShapeToggle, { count: listing.shapeCount });
  }
  const show = (search: string): void => rerender(createElement(List, { search }));

  beforeEach(() => {
    setLanguage('en');
    useSession.setState({ model: MODEL });
    rerender = render(null).rerender;
  });
  afterEach(() => {
    cleanup();
    useSession.setState(useSession.getInitialState());
    useSelection.setState(useSelection.getInitialState());
    useShapeLayers.setState(useShapeLayers.getInitialState());
  });

  it('folds shape layers away and brings them back with one button', () => {
    show('');
    expect(listing?.shown).toHaveLength(4);
    expect(screen.getByRole('button').textContent).toBe('+ 3 shape layers');
    fireEvent.click(screen.getByRole('button'));
    expect(listing?.shown).toHaveLength(7);
    expect(screen.getByRole('button').getAttribute('aria-pressed')).toBe('true');
  });

  it('tells the graph what a search found, and nothing without one', () => {
    show('');
    expect(listing?.matches).toBeNull();
    show('gather');
    expect([...(listing?.matches ?? [])]).toEqual(['gather']);
    expect(listing?.shown.map((row) => row.layer)).toEqual(['gather']);
  });
});

it('gives names a share of the pane, so that they gain when it widens', () => {
  const column = (width: number | `${number}fr`) => ({ id: '', title: '', width, render: () => null });
  expect(leastWidth([column(40), column('1fr'), column(60)])).toBe('calc(100px + 1 * max(170px, 30cqw))');
  expect(leastWidth([column('2fr'), column('3fr'), column(60)])).toBe('calc(60px + 2 * max(150px, 22cqw))');
});
