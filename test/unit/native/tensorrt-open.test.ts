import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { inChild } from '../../support/fake-tensorrt/child';
import { FAKES, MAJORS_WITH_HEADERS, prepareFakes } from '../../support/fake-tensorrt/libraries';
import { useTempDirs } from '../../support/temp-dir';

const has10 = MAJORS_WITH_HEADERS.includes(10);

beforeAll(async () => {
  if (has10) await prepareFakes();
}, 600_000);

describe.skipIf(!has10)('the TensorRT addon opens libraries', () => {
  const tempDir = useTempDirs();

  it('loads without any of NVIDIA’s libraries and says what is missing', async () => {
    const found = await inChild(async ({ addon, failure }) => ({
      major: addon.major,
      missing: await failure(() => addon.open({ nvinfer: '/nowhere/libnvinfer.so.10', parser: null })),
    }));
    expect(found.major).toBe(10);
    expect(found.missing).toMatchObject({ code: 'library-missing', log: [] });
    expect(found.missing.message).toContain('/nowhere/libnvinfer.so.10');
  });

  it('refuses a library that is not libnvinfer, and a parser that is none', async () => {
    const codes = await inChild(async ({ addon, fakes, failure }) => [
      await failure(() => addon.open({ nvinfer: `${fakes.driver}/libcuda.so.1`, parser: null })),
      await failure(() => addon.open({ nvinfer: fakes.nvinfer, parser: `${fakes.driver}/libcuda.so.1` })),
      await failure(() => addon.open({ nvinfer: fakes.nvinfer, parser: '/nowhere/libnvonnxparser.so.10' })),
    ]);
    expect(codes.map(({ code }) => code)).toEqual(['library-missing', 'library-missing', 'library-missing']);
    expect(codes[0]?.message).toContain('is not libnvinfer');
  });

  it.each([
    ['another major', '110100', '11.1.0'],
    ['a version older than the interface', '100000', '10.0.0'],
    ['the numbering of TensorRT 8', '8601', '8.6.1'],
  ])('refuses %s', async (_, version, text) => {
    const refused = await inChild(({ library, failure }) => failure(library), {
      env: { FAKE_NVINFER_VERSION: version },
    });
    expect(refused.code).toBe('library-version');
    expect(refused.message).toContain(`is ${text}`);
  });

  it('gives the version, and the same library for the same paths; another file needs a new process', async () => {
    const dir = tempDir();
    copyFileSync(FAKES.nvinfer, join(dir, 'libnvinfer.so.10'));
    const found = await inChild(
      async ({ library, addon, input, failure }) => ({
        version: library().version,
        isSame: library() === library(),
        other: await failure(() => addon.open({ nvinfer: input, parser: null })),
      }),
      { input: join(dir, 'libnvinfer.so.10') },
    );
    expect(found).toMatchObject({ version: '10.6.0', isSame: true, other: { code: 'library-version' } });
  });

  it('opens a library without a parser, with which only a build fails', async () => {
    const dir = tempDir();
    copyFileSync(FAKES.nvinfer, join(dir, 'libnvinfer.so.10'));
    const found = await inChild(
      ({ addon, input, failure }) => {
        const library = addon.open({ nvinfer: input, parser: null });
        const request = { model: new Uint8Array([1]), modelPath: '', device: 0, typing: 'strong' } as const;
        return failure(() => library.build(request, () => undefined, addon.createCancelToken()));
      },
      { input: join(dir, 'libnvinfer.so.10') },
    );
    expect(found.code).toBe('library-missing');
    expect(found.message).toContain('libnvonnxparser.so.10');
  });
});

describe.skipIf(!has10)('the TensorRT addon looks at GPUs', () => {
  const tempDir = useTempDirs();

  it('lists them', async () => {
    const devices = await inChild(({ addon }) => addon.devices(), { env: { FAKE_CUDA_DEVICES: '2' } });
    expect(devices).toHaveLength(2);
    expect(devices[1]).toEqual({
      index: 1,
      name: 'Fake GPU',
      uuid: 'GPU-00112233-4455-6677-8899-aabbccddeeff',
      computeCapability: '9.0',
      memoryBytes: 80 * 2 ** 30,
      driverVersion: '13.0',
    });
  });

  it('reads clocks, power and temperature, null where the GPU does not tell', async () => {
    const readings = await inChild(({ addon }) => addon.readings(0));
    expect(readings).toEqual({
      smClockMhz: 1980,
      memoryClockMhz: null,
      temperatureC: 41,
      powerW: 118.5,
      throttleReasons: ['power-cap', 'thermal'],
      driver: '580.65.06',
      usedMemoryBytes: 40,
    });
  });

  it('reads nothing without NVML', async () => {
    const dir = tempDir();
    copyFileSync(join(FAKES.driver, 'libcuda.so.1'), join(dir, 'libcuda.so.1'));
    writeFileSync(join(dir, 'libnvidia-ml.so.1'), '');
    const readings = await inChild(({ addon }) => addon.readings(0), { env: { LD_LIBRARY_PATH: dir } });
    expect(Object.values(readings)).toEqual([null, null, null, null, null, null, null]);
  });

  it('says why there is none: no driver, no GPU, an old driver, no such index', async () => {
    const dir = tempDir();
    writeFileSync(join(dir, 'libcuda.so.1'), '');
    const devices = async (env: Record<string, string>): Promise<string> =>
      (await inChild(({ addon, failure }) => failure(() => addon.devices()), { env })).code;
    expect(await devices({ LD_LIBRARY_PATH: dir })).toBe('driver-missing');
    expect(await devices({ FAKE_CUDA_DEVICES: '0' })).toBe('no-gpu');
    expect(await devices({ FAKE_CUDA_VERSION: '11040' })).toBe('driver-old');
    expect(await inChild(({ addon, failure }) => failure(() => addon.readings(1)))).toMatchObject({
      code: 'wrong-argument',
      message: 'Expected device to be from 0 to 0, found 1',
    });
  });

  it('fails builds and loads in the same way', async () => {
    const codes = await inChild(
      async ({ build, library, failure }) => [
        (await failure(() => build(['input x float32 1']))).code,
        (await failure(() => library().load(new Uint8Array(8), 0))).code,
      ],
      { env: { FAKE_CUDA_DEVICES: '0' } },
    );
    expect(codes).toEqual(['no-gpu', 'no-gpu']);
  });
});

describe.skipIf(!has10)('the TensorRT addon survives what it is given', () => {
  it('refuses garbage with a code', async () => {
    const codes = await inChild(async ({ addon, build, library, failure }) => {
      const garbage: unknown[] = [
        undefined,
        null,
        7,
        NaN,
        'x',
        [],
        {},
        () => undefined,
        Symbol('x'),
        10n,
        new Uint8Array(3),
        new Proxy({}, {}),
      ];
      const seen: string[] = [];
      const call = (target: object, method: string, ...values: unknown[]) =>
        (Reflect.get(target, method) as (...list: unknown[]) => unknown).apply(target, values);
      for (const value of garbage) {
        seen.push((await failure(() => call(addon, 'open', value))).code);
        seen.push((await failure(() => call(addon, 'open', { nvinfer: value, parser: null }))).code);
        seen.push((await failure(() => call(library(), 'build', value, value, value))).code);
        seen.push((await failure(() => call(library(), 'load', value, value))).code);
        if (value !== 7) seen.push((await failure(() => call(addon, 'readings', value))).code);
        for (const key of [
          'model',
          'modelPath',
          'device',
          'typing',
          'precisions',
          'profiles',
          'layerPrecisions',
          'workspaceBytes',
          'optimizationLevel',
          'auxiliaryStreams',
          'timingCache',
          'tf32',
        ]) {
          const request = { [key]: value };
          if (typeof value !== 'function') seen.push((await failure(() => build(['input x float32 1'], request))).code);
        }
        seen.push((await failure(() => build(['input x float32 1'], {}, { token: (value ?? {}) as never }))).code);
      }
      seen.push((await failure(() => Reflect.construct(library().constructor, []))).code);
      return [...new Set(seen)].sort();
    });
    // `none`: absent is allowed for some fields, an empty list for others; library-missing: the path 'x' of open.
    expect(codes).toEqual(['library-missing', 'none', 'wrong-argument']);
  });

  it('takes no object for a token but its own', async () => {
    const codes = await inChild(async ({ addon, build, library, failure }) => {
      const tokens = [
        { cancel: () => undefined },
        Object.create(addon.createCancelToken()) as never,
        library() as never,
      ];
      return Promise.all(
        tokens.map(async (token) => (await failure(() => build(['input x float32 1'], {}, { token }))).code),
      );
    });
    expect(codes).toEqual(['wrong-argument', 'wrong-argument', 'wrong-argument']);
  });
});

describe.skipIf(!has10 || !MAJORS_WITH_HEADERS.includes(11))('the addon for TensorRT 11', () => {
  it('is compiled, loads, and refuses a library of TensorRT 10', async () => {
    const found = await inChild(
      async ({ addon, library, failure }) => ({
        major: addon.major,
        devices: addon.devices().length,
        opened: await failure(library),
      }),
      { major: 11 },
    );
    expect(found).toMatchObject({ major: 11, devices: 1, opened: { code: 'library-version' } });
    expect(found.opened.message).toContain('10.6.0');
  });
});
