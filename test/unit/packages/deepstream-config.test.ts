import { describe, expect, it } from 'vitest';
import { deepstreamConfig, type DeepstreamModel } from '../../../src-main/packages/deepstream-config';
import type { Preprocessing } from '../../../src-shared/domain/project/preprocessing';

const PREPROCESSING: Preprocessing = {
  resize: { kind: 'stretch', width: 8, height: 4 },
  crop: null,
  order: 'bgr',
  scale: 1 / 128,
  mean: [0.5, 0.25, 1],
  std: [2],
  layout: 'nchw',
};
const model = (change: Partial<Preprocessing> = {}, rest: Partial<DeepstreamModel> = {}): DeepstreamModel => ({
  input: { channels: 3, height: 4, width: 8 },
  preprocessing: { ...PREPROCESSING, ...change },
  task: { kind: 'classification' },
  classes: 2,
  batch: 4,
  ...rest,
});
/** The value of a key. */
const value = (text: string, key: string): string | undefined => new RegExp(`^${key}=(.*)$`, 'm').exec(text)?.[1];

describe('the configuration for DeepStream', () => {
  it('computes the same values as the preprocessing', () => {
    const { text, warnings } = deepstreamConfig(model());
    expect(warnings).toEqual([]);
    const factor = Number(value(text, 'net-scale-factor'));
    const offsets = (value(text, 'offsets') ?? '').split(';').map(Number);
    const { scale, mean } = PREPROCESSING;
    for (const pixel of [0, 17, 255])
      expect(offsets.map((offset) => factor * (pixel - offset))).toEqual(
        mean.map((own) => expect.closeTo((pixel * scale - own) / 2, 12) as number),
      );
    expect(value(text, 'model-color-format')).toBe('1');
    expect(value(text, 'infer-dims')).toBe('3;4;8');
    expect(value(text, 'int8-calib-file')).toBe('calibration.cache');
  });

  it('refuses one std per channel, crops and other layouts', () => {
    expect(() => deepstreamConfig(model({ std: [1, 2, 3] }))).toThrow(/one std per channel \(1, 2, 3\)/);
    expect(deepstreamConfig(model({ std: [2, 2, 2] })).text).toBe(deepstreamConfig(model()).text);
    expect(() => deepstreamConfig(model({ crop: { width: 4, height: 4 } }))).toThrow(/does not crop/);
    expect(() => deepstreamConfig(model({ layout: 'nhwc' }))).toThrow(/NCHW/);
  });

  it('says what a letterbox and a detector need', () => {
    const resize = { kind: 'letterbox', width: 8, height: 4, pad: 114, align: 'center' } as const;
    const { text, warnings } = deepstreamConfig(model({ resize }, { task: { kind: 'embedding', output: 'y' } }));
    expect(value(text, 'maintain-aspect-ratio')).toBe('1');
    expect(value(text, 'symmetric-padding')).toBe('1');
    expect(value(text, 'network-type')).toBe('100');
    expect(warnings.map(({ code }) => code)).toEqual(['deepstream-pad', 'deepstream-decoder']);
    expect(deepstreamConfig(model({ resize: { ...resize, pad: 0 } })).warnings).toEqual([]);
  });
});
