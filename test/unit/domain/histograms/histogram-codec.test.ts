import { describe, expect, it } from 'vitest';
import { decodeHistogram, encodeHistogram } from '../../../../src-shared/domain/histograms/histogram-codec';
import { sampleValues, SHAPE_NAMES, slowHistogram } from './histogram-samples';

const bytesOf = (values: readonly number[]): number[] => [...encodeHistogram(slowHistogram(values))];

describe('histogram record', () => {
  it('has the documented bytes', () => {
    // [1, 1, -0.75, 0, NaN]: exponent 1, width 1/2048; 1 is in bin 2048 (varint 80 10), -0.75 in bin 1536 (varint 80
    // 0c).
    const head = [1, 1, 0x00, 0x00, 0x40, 0xbf, 0x00, 0x00, 0x80, 0x3f, 1, 1, 0];
    expect(bytesOf([1, 1, -0.75, 0, Number.NaN])).toEqual([...head, 1, 0x80, 0x10, 1, 2, 1, 0x80, 0x0c, 1, 1]);
    expect(bytesOf([])).toEqual([1, 0xe8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  });

  it.each(SHAPE_NAMES)('comes back from its bytes: %s', (shape) => {
    const histogram = slowHistogram(sampleValues(shape, 3_000, 4));
    expect(decodeHistogram(encodeHistogram(histogram))).toEqual(histogram);
  });

  it('keeps counts up to 2^53 - 1', () => {
    const histogram = {
      ...slowHistogram([0]),
      zeroCount: Number.MAX_SAFE_INTEGER,
      elementCount: Number.MAX_SAFE_INTEGER,
    };
    expect(decodeHistogram(encodeHistogram(histogram))).toEqual(histogram);
  });

  it('reads a record in the middle of a buffer', () => {
    const record = encodeHistogram(slowHistogram([1, -2]));
    const buffer = new Uint8Array(record.length + 10);
    buffer.set(record, 3);
    expect(decodeHistogram(buffer.subarray(3, 3 + record.length))).toEqual(slowHistogram([1, -2]));
  });

  const good = bytesOf([1, 1, -0.75, 0, Number.NaN]);
  const changed = (at: number, ...bytes: number[]): number[] => [
    ...good.slice(0, at),
    ...bytes,
    ...good.slice(at + bytes.length),
  ];
  const cases: readonly (readonly [string, readonly number[], RegExp])[] = [
    ['nothing', [], /ends after 0 bytes/],
    ['another version', changed(0, 2), /version 2/],
    ['a truncated record', good.slice(0, -1), /ends after 22 bytes/],
    ['a longer record', [...good, 0], /goes on/],
    ['a minimum that is NaN', changed(2, 0, 0, 0xc0, 0x7f), /finite/],
    ['a minimum of -0', changed(2, 0, 0, 0, 0x80), /finite/],
    ['leading zeros in a number', [...good.slice(0, 10), 0x81, 0x00, ...good.slice(11)], /leading zeros/],
    [
      'a number above 2^53',
      [...good.slice(0, 10), 255, 255, 255, 255, 255, 255, 255, 0x10, ...good.slice(11)],
      /2\^53/,
    ],
    ['a bin beyond the last', changed(14, 0xff, 0x1f, 2), /4096 bins/],
    ['an empty bin in a run', changed(17, 0), /empty bin/],
    ['an empty run', changed(16, 0), /empty run/],
    ['an exponent that does not fit', changed(1, 2), /range/],
    ['a maximum in another bin', changed(8, 0x70), /range/],
  ];
  it.each(cases)('refuses %s', (_, bytes, message) => {
    expect(() => decodeHistogram(Uint8Array.from(bytes))).toThrow(message);
    expect(() => decodeHistogram(Uint8Array.from(bytes))).toThrow(
      expect.objectContaining({ code: 'calibration-mismatch' }),
    );
  });
});
