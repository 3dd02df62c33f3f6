import { describe, expect, it } from 'vitest';
import { parseFlags } from '../../../src-main/cli/command';
import {
  DEVICES_OPTIONS,
  parseDevicesFlags,
  parseVariantFlags,
  VARIANT_OPTIONS,
} from '../../../src-main/cli/variant-flags';
import { flagsOfTensorrtOptions, type TensorrtOptions } from '../../../src-shared/domain/engines/tensorrt-options';

const parse = (argv: readonly string[]) =>
  parseFlags(argv, { ...VARIANT_OPTIONS, ...DEVICES_OPTIONS }, { min: 0, max: 0, names: '' }).values;

describe('flags of TensorRT options', () => {
  it('in a record are those that the command line reads again', () => {
    const chosen: Partial<TensorrtOptions> = {
      batches: [1, 8],
      device: 2,
      typing: 'implicit',
      workspaceMib: 256,
      optimizationLevel: 0,
      auxiliaryStreams: 0,
      versionCompatible: true,
      tf32: true,
      streams: 3,
      cudaGraph: false,
      transfers: true,
    };
    const argv = Object.entries(flagsOfTensorrtOptions(chosen)).flatMap(([name, value]) =>
      value === true ? [`--${name}`] : [`--${name}`, String(value)],
    );
    expect(parseVariantFlags(parse(argv)).tensorrt).toEqual(chosen);
  });

  it('leave out what is the default', () => {
    expect(flagsOfTensorrtOptions({})).toEqual({});
    expect(flagsOfTensorrtOptions({ batches: [1], cudaGraph: true, device: 0 })).toEqual({});
  });
});

describe('flags of several GPUs', () => {
  it('name them, or all', () => {
    expect(parseDevicesFlags(parse(['--devices', '0, 1', '--parallel']))).toEqual({
      devices: [0, 1],
      isParallel: true,
    });
    expect(parseDevicesFlags(parse(['--devices', 'all']))).toEqual({ devices: 'all' });
    expect(parseDevicesFlags(parse([]))).toEqual({});
  });

  it('refuse what is unclear', () => {
    expect(() => parseDevicesFlags(parse(['--parallel']))).toThrow('--parallel needs --devices');
    expect(() => parseDevicesFlags(parse(['--devices', '0', '--device', '1']))).toThrow(/found both/);
    expect(() => parseDevicesFlags(parse(['--devices', 'first']))).toThrow(/--devices/);
  });
});
