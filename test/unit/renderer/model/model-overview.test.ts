// @vitest-environment jsdom
import { act, cleanup, render } from '@testing-library/react';
import { createElement } from 'react';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { setLanguage } from '../../../../src-renderer/i18n';
import { useSession } from '../../../../src-renderer/state/session';
import { ModelOverview } from '../../../../src-renderer/panels/layers/model-overview';
import { WorkbenchError } from '../../../../src-shared/base/errors';
import type { ModelInspection } from '../../../../src-shared/domain/project/inspection';
import { fakeApi, type FakeApi } from '../state/fake-api';

const INSPECTION: ModelInspection = {
  model: {
    path: '/data/a.onnx',
    opset: 17,
    ir: 8,
    producer: 'pytorch 2.9.0',
    inputs: [{ name: 'images', dtype: 'float32', shape: ['batch', 3, 64, 64] }],
    outputs: [{ name: 'logits', dtype: 'float32', shape: null }],
    layers: 48,
    quantizable: 22,
    parameters: 152_545,
    macs: 7_348_480,
    ops: {},
  },
  warnings: [],
};

let fake: FakeApi;

async function show(): Promise<string> {
  const { container } = render(createElement(ModelOverview));
  await act(async () => undefined);
  return container.textContent;
}

beforeEach(async () => {
  setLanguage('en');
  fake = fakeApi();
  useSession.setState({ ...useSession.getInitialState(), api: fake.api });
  await useSession.getState().openProject('/data/a.calib');
});
afterEach(cleanup);

describe('the inspector without a layer', () => {
  it('says who wrote the model, what goes in and out, and how large it is', async () => {
    fake.answers.inspectModel = () => INSPECTION;
    const text = await show();
    for (const part of [
      'a.onnx',
      'Operator set17',
      'Producerpytorch 2.9.0',
      'Parameters153\u202fk',
      'MACs7.35\u202fM',
      'imagesfloat32 batch\u202f×\u202f3\u202f×\u202f64\u202f×\u202f64',
      'logitsfloat32 of unknown rank',
    ]) {
      expect(text.replaceAll(' k', '\u202fk').replaceAll(' M', '\u202fM')).toContain(part);
    }
  });

  it('says that the operations are unknown instead of inventing them', async () => {
    fake.answers.inspectModel = () => ({ ...INSPECTION, model: { ...INSPECTION.model, macs: undefined } });
    expect(await show()).toContain('MACsunknown: sizes vary');
  });

  it('says why where the model cannot be read', async () => {
    fake.answers.inspectModel = () => Promise.reject(new WorkbenchError('not-found', '/data/a.onnx is not there'));
    expect(await show()).toContain('/data/a.onnx is not there');
  });
});
