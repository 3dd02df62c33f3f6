import { describe, expect, it } from 'vitest';
import { createParser, valuesOf } from '../../../src-main/cli/options';
import type { Command } from '../../../src-main/cli/command';
import { bench } from '../../../src-main/cli/commands/bench';
import { build } from '../../../src-main/cli/commands/build';
import { run } from '../../../src-main/cli/commands/run';
import { tune } from '../../../src-main/cli/commands/tune';
import { validate } from '../../../src-main/cli/commands/validate';
import { DEVICES_OPTIONS, devicesSpec, VARIANT_OPTIONS, variantSpec } from '../../../src-main/cli/shared-options';
import type { BackendId } from '../../../src-shared/domain/project/precision';
import { flagsOfTensorrtOptions, type TensorrtOptions } from '../../../src-shared/domain/engines/tensorrt-options';

const OPTIONS = { ...VARIANT_OPTIONS, ...DEVICES_OPTIONS };

const parse = (argv: readonly string[]) => {
  const parser = createParser({ name: 'test', summary: 'a test', positionals: [], options: OPTIONS });
  return valuesOf(parser.parse(argv, { from: 'user' }), OPTIONS);
};

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
      streams: [1, 3],
      cudaGraph: false,
      transfers: true,
      int8Inputs: true,
      fp16Outputs: true,
      profiles: [[{ input: 'x', min: [1, 3], opt: [2, 3], max: [4, 3] }]],
    };
    const read = (backend: BackendId) => {
      const argv = Object.entries(flagsOfTensorrtOptions(chosen, backend)).flatMap(([name, value]) =>
        value === true ? [`--${name}`] : [`--${name}`, String(value)],
      );
      return variantSpec(parse(['--backend', backend, ...argv])).tensorrt;
    };
    expect(read('tensorrt')).toEqual(chosen);
    expect(read('openvino')).toEqual({ batches: [1, 8], device: 2, streams: [1, 3], int8Inputs: true });
  });

  it('leave out what is the default', () => {
    expect(flagsOfTensorrtOptions({}, 'tensorrt')).toEqual({});
    expect(flagsOfTensorrtOptions({ batches: [1], cudaGraph: true, device: 0 }, 'tensorrt')).toEqual({});
  });

  it('are refused by other backends if they say nothing to them', () => {
    expect(() => variantSpec(parse(['--backend', 'openvino', '--tf32', '--workspace', '64']))).toThrow(
      'Only the backend tensorrt takes --workspace, --tf32; found openvino',
    );
    expect(() => variantSpec(parse(['--implicit']))).toThrow('takes --implicit; found ort-cpu');
    expect(() => variantSpec(parse(['--streams', '1,4']))).toThrow('--streams above 1; found ort-cpu');
    expect(variantSpec(parse(['--streams', '1,4', '--backend', 'openvino'])).tensorrt).toEqual({ streams: [1, 4] });
    expect(variantSpec(parse(['--streams', '1'])).tensorrt).toEqual({ streams: [1] });
    expect(variantSpec(parse(['--tf32']), 'tensorrt').tensorrt).toEqual({ tf32: true });
  });
});

describe('flags of several GPUs', () => {
  it('name them, or all', () => {
    expect(devicesSpec(parse(['--devices', '0, 1', '--parallel']))).toEqual({
      devices: [0, 1],
      isParallel: true,
    });
    expect(devicesSpec(parse(['--devices', 'all']))).toEqual({ devices: 'all' });
    expect(devicesSpec(parse([]))).toEqual({});
  });

  it('refuse what is unclear', () => {
    expect(() => devicesSpec(parse(['--parallel']))).toThrow('--parallel needs --devices');
    expect(() => devicesSpec(parse(['--devices', '0', '--device', '1']))).toThrow(/found both/);
    expect(() => devicesSpec(parse(['--devices', 'first']))).toThrow(/--devices/);
  });
});

describe('--memory-limit', () => {
  it('is taken by the commands that run models over images, not by those that build and time engines', () => {
    const takesLimit = ({ options }: Command): boolean => 'memory-limit' in options;
    expect([validate, run].filter(takesLimit)).toEqual([validate, run]);
    expect([bench, build, tune].filter(takesLimit)).toEqual([]);
  });
});
