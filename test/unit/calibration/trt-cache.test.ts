import { describe, expect, it } from 'vitest';
import { formatCalibrationCache, parseCalibrationCache } from '../../../src-main/calibration/tensorrt/trt-cache';

const parse = (text: string) => parseCalibrationCache(text, 'some.cache');

describe('parsing', () => {
  it.each(['EntropyCalibration', 'EntropyCalibration2', 'MinMaxCalibration', 'LegacyCalibration'])(
    'reads a cache of %s',
    (calibrator) => {
      expect(parse(`TRT-8601-${calibrator}\ninput: 3c010a14\n`)).toEqual({
        header: `TRT-8601-${calibrator}`,
        entries: [{ name: 'input', scale: Math.fround(2048.5 / 2048 / 127) }],
      });
    },
  );

  it('splits at the last colon: names contain them', () => {
    const names = ['model/x:0', 'a: b: c', '(Unnamed Layer* 3) [Convolution]_output', 'onnx::MatMul_558_output'];
    expect(
      parse(`TRT-100600-MinMaxCalibration\n${names.map((name) => `${name}: 3f800000`).join('\n')}`).entries,
    ).toEqual(names.map((name) => ({ name, scale: 1 })));
  });

  it('reads Windows line ends and empty lines', () => {
    expect(parse('TRT-100600-EntropyCalibration2\r\n\r\na: 40000000\r\n').entries).toEqual([{ name: 'a', scale: 2 }]);
  });

  it.each([
    ['', /line 1/],
    ['TRT-100600-OtherCalibration\na: 3f800000', /line 1 begins with/],
    ['TRT-100600-EntropyCalibration2\nno hex here', /some\.cache line 2 "no hex here"/],
    ['TRT-100600-EntropyCalibration2\na: 3f80000', /line 2/],
    ['TRT-100600-EntropyCalibration2\n: 3f800000', /line 2/],
  ])('says where %j is wrong', (text, message) => {
    expect(() => parse(text)).toThrow(message);
  });
});

it('writes what it reads, to the last bit', () => {
  const hex = ['3c010a14', '00000001', '7f7fffff', '80000000', '3eaaaaab', '7f800000'];
  const text = `TRT-100600-EntropyCalibration2\n${hex.map((scale, i) => `t:${i}: ${scale}\n`).join('')}`;
  expect(formatCalibrationCache(parse(text))).toBe(text);
});
