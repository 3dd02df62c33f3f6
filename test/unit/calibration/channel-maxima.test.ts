import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadAddon } from '../../../src-main/backends/addon';
import { CalibrationState } from '../../../src-main/calibration/histograms/calibration-state';
import {
  CHANNEL_MAXIMA_FILE,
  decodeChannelMaxima,
  encodeChannelMaxima,
  raiseMaxima,
  readChannelMaxima,
} from '../../../src-main/calibration/histograms/channel-maxima';
import { decodeHistogramFile, encodeHistogramFile } from '../../../src-main/calibration/histograms/histogram-file';
import { pseudoRandom } from '../../support/onnx-builder';

const dir = mkdtempSync(join(tmpdir(), 'calib-channels-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const addon = loadAddon();
const maxima = {
  key: 'k',
  tensors: [
    { tensor: '__proto__', axis: 1, maxima: Float32Array.of(1, 0, 2.5) },
    { tensor: 'none', axis: -1, maxima: new Float32Array() },
  ],
};

describe('the maxima of channels', () => {
  it.each([
    { dims: [2, 5, 3, 7], axis: 1 },
    { dims: [2, 5, 3, 7], axis: -1 },
    { dims: [40, 33], axis: 1 },
    { dims: [33], axis: 0 },
  ])('are the largest finite |x| along an axis: %j', ({ dims, axis }) => {
    const count = dims.reduce((product, dim) => product * dim, 1);
    const values = pseudoRandom(count, 3);
    values.set([Number.NaN, Number.NEGATIVE_INFINITY, -1e-42], 1);
    const at = axis < 0 ? axis + dims.length : axis;
    const channels = dims[at] ?? 0;
    const inner = dims.slice(at + 1).reduce((product, dim) => product * dim, 1);
    const expected = new Float32Array(channels);
    for (const [i, value] of values.entries()) {
      const channel = Math.floor(i / inner) % channels;
      if (Number.isFinite(value)) expected[channel] = Math.max(expected[channel] ?? 0, Math.abs(value));
    }
    expect(addon.channelMaxima(values, dims, axis)).toEqual(expected);
  });

  it('are empty for a tensor without that axis', () => {
    expect(addon.channelMaxima(Float32Array.of(1, 2), [2], 1)).toHaveLength(0);
    expect(addon.channelMaxima(Float32Array.of(1, 2), [2], -2)).toHaveLength(0);
  });

  it('only rise, also when the number of channels varies', () => {
    const all = new Map<string, Float32Array>();
    raiseMaxima(all, 'a', Float32Array.of(1, 5));
    raiseMaxima(all, 'a', Float32Array.of(2, 3, 4));
    raiseMaxima(all, 'a', Float32Array.of(0));
    expect(all.get('a')).toEqual(Float32Array.of(2, 5, 4));
  });
});

describe('the file of channel maxima', () => {
  it('keeps names, axes and values', () => {
    expect(decodeChannelMaxima(Buffer.from(encodeChannelMaxima(maxima)), 'f')).toEqual(maxima);
    writeFileSync(join(dir, CHANNEL_MAXIMA_FILE), encodeChannelMaxima(maxima));
    expect(readChannelMaxima(dir)).toEqual(new Map([['__proto__', Float32Array.of(1, 0, 2.5)]]));
  });

  it('may be absent', () => {
    expect(readChannelMaxima(join(dir, 'other'))).toEqual(new Map());
  });

  it.each([
    ['is shorter', (bytes: Buffer) => bytes.subarray(0, -1)],
    ['is longer', (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc(1)])],
    [
      'has a negative maximum',
      (bytes: Buffer) => Buffer.concat([bytes.subarray(0, -4), Buffer.from([0, 0, 0x80, 0xbf])]),
    ],
    ['has NaN', (bytes: Buffer) => Buffer.concat([bytes.subarray(0, -4), Buffer.from([0, 0, 0xc0, 0x7f])])],
    ['has another header', (bytes: Buffer) => Buffer.from(bytes.toString('latin1').replace('axis', 'axes'), 'latin1')],
    ['is of another kind', (bytes: Buffer) => bytes.subarray(1)],
  ])('is refused if it %s', (_, damage) => {
    const damaged = damage(Buffer.from(encodeChannelMaxima(maxima)));
    expect(() => decodeChannelMaxima(damaged, 'PATH')).toThrow(/Expected a file of channel maxima, but PATH /);
  });
});

describe('a calibration with channel maxima', () => {
  const channels = [{ tensor: 'a', axis: 1 }];
  const stateOf = (own = channels): CalibrationState =>
    new CalibrationState('k', ['a', 'b'], own, (count) => new addon.HistogramSet(count));

  function shard(name: string, values: Float32Array): CalibrationState {
    const state = stateOf();
    state.addImage(name, Float32Array.of(1, 2), []);
    state.mergeCounts({ groups: {}, channels: new Map([['a', values]]) });
    return state;
  }

  it('merges shards in any order', () => {
    const shards = [shard('1.png', Float32Array.of(1, 4)), shard('2.png', Float32Array.of(3, 2))];
    for (const order of [shards, [...shards].reverse()]) {
      const merged = stateOf();
      for (const each of order) {
        const bytes = encodeHistogramFile(each.toFile({ index: 1, count: 2 }));
        merged.mergeFile(decodeHistogramFile(bytes, 'shard'), 'shard');
      }
      expect(merged.channelMaxima().tensors).toEqual([{ ...channels[0], maxima: Float32Array.of(3, 4) }]);
    }
  });

  it('refuses a shard with the maxima of other tensors', () => {
    const other = stateOf([{ tensor: 'b', axis: 1 }]).toFile(null);
    expect(() => stateOf().mergeFile(other, 'PATH')).toThrow(/PATH holds the maxima of the channels of other tensors/);
    expect(() => stateOf().mergeFile({ ...other, channels: null }, 'PATH')).toThrow(/another version/);
  });
});
