// @vitest-environment jsdom
import { cleanup, render, screen } from '@testing-library/react';
import { createElement, type ReactNode } from 'react';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { orderedTensors } from '../../../../src-renderer/features/histogram/tensor-order';
import { setLanguage } from '../../../../src-renderer/i18n';
import { layerOfTensor, useSelection } from '../../../../src-renderer/state/selection';
import { useSession } from '../../../../src-renderer/state/session';
import { fullName, ModelName, NamedModel, nameNote, splitName } from '../../../../src-renderer/widgets/model-name';
import type { LayerView, ModelView } from '../../../../src-shared/contract/views';
import { generatedModel } from '../../../support/generated-model';
import { rowOf } from '../histogram/support';

const [template] = generatedModel(6).layers as [LayerView];
const layer = (name: string, op: string, inputs: string[], outputs: string[]): LayerView => ({
  ...template,
  layer: name,
  op,
  inputs,
  outputs,
});
/** As old exporters write it: layers have names, tensors are numbers; one layer is a number too. */
const MODEL: ModelView = {
  inputs: ['input.1'],
  outputs: ['690'],
  layers: [
    layer('Conv_12', 'Conv', ['input.1'], ['682']),
    layer('Sigmoid_13', 'Sigmoid', ['682'], ['683']),
    layer('14', 'Mul', ['682', '683'], ['684']),
    layer('/head/Add_15', 'Add', ['684', '682'], ['690']),
  ],
  calibrationTensors: ['input.1', '682', '683', '684', '690'],
};

beforeEach(() => setLanguage('en'));
afterEach(() => {
  cleanup();
  useSession.setState(useSession.getInitialState());
  useSelection.setState(useSelection.getInitialState());
});

describe('the name of a layer or tensor', () => {
  it('is cut before the end that tells names apart, at a step of its path where there is one', () => {
    expect(splitName('Conv_12')).toEqual({ start: '', end: 'Conv_12', suffix: '' });
    expect(splitName('/features/stage.3/block.11/conv1/Conv_output_0')).toEqual({
      start: '/features/stage.3',
      end: '/block.11/conv1/Conv',
      suffix: '_output_0',
    });
    expect(splitName('StatefulPartitionedCall_efficientnet_block_a')).toEqual({
      start: 'StatefulPartitionedCall_efficientnet',
      end: '_block_a',
      suffix: '',
    });
    for (const name of ['a/b', '/f/f.3/pre/pre.0/Conv_output_0', 'x'.repeat(90)])
      expect(Object.values(splitName(name)).join('')).toBe(name);
  });

  it('says what a number is: its operator and what comes before it', () => {
    expect(fullName(MODEL, '683')).toBe('683, Sigmoid after Conv_12');
    expect(nameNote(MODEL, '682')).toBe('Conv after input.1');
    expect(nameNote(MODEL, '690')).toBe('Add after Mul, Conv_12');
    expect(nameNote(MODEL, '14')).toBe('Mul after Conv_12, Sigmoid_13');
    for (const name of ['Conv_12', '999', 'input.1', 'constructor']) expect(nameNote(MODEL, name)).toBeNull();
    expect(nameNote(null, '683')).toBeNull();
    setLanguage('zh');
    expect(fullName(MODEL, '683')).toBe('683, Conv_12 之后的 Sigmoid');
  });

  it('is found by its operator in the list of tensors', () => {
    const rows = MODEL.calibrationTensors.map((name) => rowOf(name));
    expect(orderedTensors(rows, 'sigmoid', 'name', (name) => fullName(MODEL, name)).map(({ name }) => name)).toEqual([
      '683',
      '684',
    ]);
  });

  it('stands whole in the page and in its title', () => {
    const ModelNames = ({ children }: { children?: ReactNode }) =>
      createElement(NamedModel, { value: MODEL }, children);
    const name = '/features/stage.3/block.11/conv1/Conv_output_0';
    const { container, rerender } = render(createElement(ModelName, { name }), { wrapper: ModelNames });
    expect([container.textContent, screen.getByTitle(name).textContent]).toEqual([name, name]);
    rerender(createElement(ModelName, { name: '683' }));
    expect(container.textContent).toBe('683, Sigmoid after Conv_12');
  });
});

describe('a tensor that is chosen', () => {
  it('brings the layer that writes it, and an input of the model the layer that reads it', () => {
    expect(layerOfTensor(MODEL, 'input.1')).toBe('Conv_12');
    useSession.setState({ model: MODEL });
    useSelection.getState().select({ tensor: '682', layer: '/head/Add_15' });
    expect(useSelection.getState().layer).toBe('/head/Add_15');
    useSelection.getState().selectTensor('683');
    expect(useSelection.getState()).toMatchObject({ tensor: '683', layer: 'Sigmoid_13' });
    useSelection.getState().selectTensor(null);
    expect(useSelection.getState()).toMatchObject({ tensor: null, layer: null });
  });

  it('brings its layer when the model is known later than the address', () => {
    useSelection.getState().select({ tensor: '690', layer: null });
    expect(useSelection.getState().layer).toBeNull();
    useSession.setState({ model: MODEL });
    expect(useSelection.getState().layer).toBe('/head/Add_15');
  });
});
