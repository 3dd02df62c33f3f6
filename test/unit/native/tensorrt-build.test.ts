import { beforeAll, describe, expect, it } from 'vitest';
import { inChild } from '../../support/fake-tensorrt/child';
import { MAJORS_WITH_HEADERS, prepareFakes, tensorrtAddonPath } from '../../support/fake-tensorrt/libraries';

const has10 = MAJORS_WITH_HEADERS.includes(10);
/** Values of TensorRT 10's BuilderFlag. */
const FP16 = 0;
const INT8 = 1;
const TF32 = 6;
const OBEY = 9;
const PREFER = 10;
/** BuilderFlag::kSPARSE_WEIGHTS. */
const SPARSE_WEIGHTS = 7;
const VERSION_COMPATIBLE = 13;
/** BuilderFlag::kDISABLE_TIMING_CACHE. */
const DISABLE_TIMING_CACHE = 5;

beforeAll(async () => {
  if (has10) await prepareFakes();
}, 600_000);

describe.skipIf(!has10)('a TensorRT build', () => {
  it('gives engine, timing cache, time and log', async () => {
    const built = await inChild(async ({ build }) => {
      const { engine, timingCache, ...rest } = await build([
        'input x float32 1,3',
        'output y float32 1,3',
        'layer conv1',
        'log 2 be careful',
        'log 3 chatter',
        'log 3 (Sparsity) picked: conv1',
      ]);
      return {
        ...rest,
        engine: Buffer.from(engine).toString(),
        timingCache: Buffer.from(timingCache ?? []).toString(),
      };
    });
    expect(built.engine).toMatch(/^FAKE ENGINE\n/);
    expect(built.timingCache).toBe('FAKE CACHE +1');
    expect(built.seconds).toBeGreaterThan(0);
    expect(built.log).toEqual([
      { severity: 'warning', message: 'be careful' },
      { severity: 'warning', message: '(Sparsity) picked: conv1' },
    ]);
    expect(built.ignoredLayers).toEqual([]);
  });

  it('lists the kernels of every layer and takes those that are asked for, without a timing cache', async () => {
    const { plain, built, told } = await inChild(async (kit) => {
      const script = [
        'input x float32 1,3',
        'layer conv1',
        'kernel conv1 1 17 0.5 0.4',
        'kernel conv1 1 18 0.75 0.2',
        'kernel conv2 2 17 0.5 0.4',
        'kernel conv2 2 18 0.25 0.2',
      ];
      const formats = '0:-1x1:1 0:-1x1:1';
      const kernels = [
        { layer: 'conv1', formats, kernel: '1:12' },
        { layer: 'conv2', formats, kernel: '2:13' }, // not offered: the builder chooses
      ];
      const [timingCache, cached] = [Buffer.from('FAKE CACHE'), await kit.build(script)];
      const { engine, ...rest } = await kit.build(script, { kernels, timingCache });
      return { plain: cached.kernels, built: rest, told: Buffer.from(engine).toString().split('\n')[1] ?? '' };
    });
    expect(plain).toBeNull();
    const formats = '0:-1x1:1 0:-1x1:1';
    expect(built.kernels).toEqual([
      {
        layer: 'conv1',
        offered: [
          { formats, kernel: '1:11', ms: 0.5 },
          { formats, kernel: '1:12', ms: 0.75 },
        ],
        chosen: 1,
      },
      {
        layer: 'conv2',
        offered: [
          { formats, kernel: '2:11', ms: 0.5 },
          { formats, kernel: '2:12', ms: 0.25 },
        ],
        chosen: 1,
      },
    ]);
    expect(built.timingCache).toBeNull();
    expect(JSON.parse(told)).toMatchObject({ flags: [DISABLE_TIMING_CACHE], timingCache: '' });
  });

  it('refuses to choose kernels for engines with several profiles', async () => {
    const error = await inChild(({ build, failure }) => {
      const inputs = { x: { min: [1, 3], opt: [1, 3], max: [1, 3] } };
      return failure(() => build(['input x float32 -1,3'], { kernels: [], profiles: [{ inputs }, { inputs }] }));
    });
    expect(error).toMatchObject({ code: 'wrong-argument', message: expect.stringContaining('one profile') as string });
  });

  it('is strongly typed, detailed, without TF32 and of level 3 unless it is told otherwise', async () => {
    const [plain, told] = await inChild(async (kit) => [
      await kit.told(['input x float32 1']),
      await kit.told(['input x float32 1'], {
        tf32: true,
        versionCompatible: true,
        sparsity: true,
        workspaceBytes: 2 ** 33,
        optimizationLevel: 5,
        auxiliaryStreams: 2,
      }),
    ]);
    expect(plain).toMatchObject({ networkFlags: 2, flags: [], settings: 'verbosity=2 level=3', profiles: [] });
    expect(told).toMatchObject({
      networkFlags: 2,
      flags: [TF32, TF32, SPARSE_WEIGHTS, VERSION_COMPATIBLE],
      settings: `verbosity=2 level=5 pool0=${2 ** 33} aux=2`,
    });
  });

  it('allows precisions when weakly typed, and refuses them when strongly typed', async () => {
    const found = await inChild(async ({ told, build, failure }) => ({
      weak: await told(['input x float32 1'], { typing: 'weak', precisions: ['fp16', 'int8'] }),
      strong: await failure(() => build(['input x float32 1'], { precisions: ['fp16'] })),
      layers: await failure(() =>
        build(['input x float32 1'], { layerPrecisions: [{ layer: 'a', precision: 'fp32' }] }),
      ),
      cache: await failure(() => build(['input x float32 1'], { typing: 'weak', calibrationCache: new Uint8Array(1) })),
    }));
    expect(found.weak).toMatchObject({ networkFlags: 0, flags: [FP16, INT8] });
    expect([found.strong.code, found.layers.code, found.cache.code]).toEqual([
      'wrong-argument',
      'wrong-argument',
      'wrong-argument',
    ]);
  });

  it.each([
    ['EntropyCalibration2', 2],
    ['MinMaxCalibration', 3],
  ])('answers from a calibration cache through the calibrator of its first line: %s', async (kind, algorithm) => {
    const cache = `TRT-100600-${kind}\nx: 3c010a14\n`;
    const told = await inChild(
      (kit) =>
        kit.told(['input x float32 1'], {
          typing: 'weak',
          precisions: ['int8'],
          calibrationCache: new TextEncoder().encode(kit.input),
        }),
      { input: cache },
    );
    expect(told).toMatchObject({ calibrator: { algorithm, batch: 1, hasBatches: false, cache } });
  });

  it('refuses a calibration cache of another kind, quoting its first line', async () => {
    const refused = await inChild(({ build, failure }) =>
      failure(() =>
        build(['input x float32 1'], {
          typing: 'weak',
          precisions: ['int8'],
          calibrationCache: new TextEncoder().encode('TRT-100600-LegacyCalibration\nx: 0'),
        }),
      ),
    );
    expect(refused).toMatchObject({ code: 'wrong-argument' });
    expect(refused.message).toContain('"TRT-100600-LegacyCalibration"');
  });

  it('sets precisions of layers by name or by the parser’s note, and names those that no layer carries', async () => {
    const script = [
      'input x float32 1',
      'layer conv1',
      'layer gemm_0 gemm',
      'layer gemm_1 gemm',
      'layer last',
      'constant weight',
    ];
    const found = await inChild(
      async ({ told, build, input }) => {
        const layerPrecisions = [
          { layer: 'conv1', precision: 'fp32' },
          { layer: 'gemm', precision: 'fp16' },
          { layer: 'last', precision: 'fp16' },
          { layer: 'weight', precision: 'fp16' },
          { layer: 'absent', precision: 'int8' },
        ] as const;
        const request = { typing: 'weak', precisions: ['fp16', 'int8'], layerPrecisions } as const;
        return {
          obeyed: await told(input, { ...request, obeyPrecisions: true }),
          wished: await told(input, { ...request, layerPrecisions: [{ layer: 'conv1', precision: 'int8' }] }),
          ignored: (await build(input, request)).ignoredLayers,
        };
      },
      { input: script },
    );
    // The last layer's output is the model's: its type stays.
    expect(found.obeyed).toMatchObject({
      flags: [FP16, INT8, OBEY],
      layers: 'conv1:output=0,precision=0 gemm_0:output=1,precision=1 gemm_1:output=1,precision=1 last:precision=1',
    });
    expect(found.wished).toMatchObject({ flags: [FP16, INT8, PREFER], layers: 'conv1:precision=2' });
    expect(found.ignored).toEqual(['absent']);
  });

  it('begins with a timing cache, and without one that TensorRT refuses', async () => {
    const found = await inChild(async ({ told, build }) => {
      const bytes = (text: string) => new TextEncoder().encode(text);
      const foreign = await build(['input x float32 1'], { timingCache: bytes('garbage') });
      const other = await build(['input x float32 1'], { timingCache: bytes('FAKE CACHE of an other GPU') });
      return {
        used: await told(['input x float32 1'], { timingCache: bytes('FAKE CACHE +7') }),
        log: [foreign.log, other.log],
        cache: Buffer.from(foreign.timingCache ?? []).toString(),
      };
    });
    expect(found.used).toMatchObject({ timingCache: 'FAKE CACHE +7' });
    expect(found.cache).toBe('FAKE CACHE +1');
    for (const log of found.log)
      expect(log).toEqual([
        { severity: 'warning', message: expect.stringContaining('refuses the timing cache') as string },
      ]);
  });

  it('hands profiles over, and refuses those that do not fit, naming the input', async () => {
    const found = await inChild(async ({ told, build, failure }) => {
      const script = ['input x float32 -1,3', 'input z float32 5'];
      const profile = (min: number[], opt: number[], max: number[], name = 'x') => ({
        profiles: [{ inputs: { [name]: { min, opt, max } } }],
      });
      const message = async (overrides: object) => {
        const { code, message: text } = await failure(() => build(script, overrides));
        return `${code}: ${text}`;
      };
      return {
        good: await told(script, profile([1, 3], [8, 3], [32, 3])),
        refused: [
          await message({}),
          await message(profile([1, 3], [8, 3], [32, 4])),
          await message(profile([1, 3], [9, 3], [8, 3])),
          await message(profile([1], [1], [1])),
          await message(profile([1, 3], [1, 3], [1, 3], 'w')),
        ],
      };
    });
    expect(found.good).toMatchObject({ profiles: ['x:1,3/8,3/32,3'] });
    expect(found.refused).toEqual([
      expect.stringMatching(/^wrong-argument: Input "x" has the shape -1x3/),
      expect.stringContaining('32x4'),
      expect.stringMatching(/^wrong-argument: Expected min <= opt <= max for input "x", found 1x3, 9x3, 8x3/),
      expect.stringContaining('but the model has -1x3'),
      expect.stringMatching(/^wrong-argument: Input "x"/),
    ]);
  });
});

describe.skipIf(!has10)('a TensorRT build that fails', () => {
  it('quotes every error of the parser, and passes the model’s path on', async () => {
    const found = await inChild(async ({ build, failure }) => ({
      errors: await failure(() =>
        build(['parse-error 8 conv_7 Conv no importer registered', 'parse-error 5 add_2 Add cycle']),
      ),
      silent: await failure(() => build(['parse-fails'])),
      path: await failure(() => build(['echo-path'])),
    }));
    expect(found.errors).toMatchObject({
      code: 'build-failed',
      message:
        'TensorRT\'s ONNX parser refuses the model: unsupported node at "conv_7" (Conv): no importer registered; invalid graph at "add_2" (Add): cycle',
    });
    expect(found.silent).toMatchObject({ code: 'build-failed' });
    expect(found.path.message).toContain('/models/fake.onnx');
  });

  it('quotes the builder, with its log', async () => {
    const failed = await inChild(({ build, failure }) =>
      failure(() =>
        build([
          'input x float32 1',
          'log 2 a warning',
          'build-error Error Code 10: could not find any implementation for node conv1',
        ]),
      ),
    );
    expect(failed).toMatchObject({
      code: 'build-failed',
      message: 'TensorRT built no engine: Error Code 10: could not find any implementation for node conv1',
      log: [{ severity: 'warning', message: 'a warning' }, { severity: 'error' }],
    });
  });

  it('hears what TensorRT says on its own threads, and lives with a builder that says nothing', async () => {
    const found = await inChild(async ({ build, failure }) => [
      await failure(() => build(['input x float32 1', 'foreign-log said elsewhere', 'build-nothing'])),
      await failure(() => build(['input x float32 1', 'build-nothing'])),
    ]);
    expect(found.map(({ message }) => message)).toEqual([
      'TensorRT built no engine: said elsewhere',
      'TensorRT built no engine: it gives no reason',
    ]);
  });

  it('knows when memory ran out', async () => {
    const message = 'Error Code 2: OutOfMemory (Requested size was 4096 bytes.)';
    const failed = await inChild(
      ({ build, failure, input }) => failure(() => build(['input x float32 1', `build-error ${input}`])),
      { input: message },
    );
    expect(failed).toMatchObject({ code: 'out-of-memory', message: `TensorRT built no engine: ${message}` });
  });

  it.each([
    ['driver-old', 'CUDA initialization failure with error: 35. Please check your CUDA installation.'],
    ['out-of-memory', 'CUDA initialization failure with error: 2 (out of memory)'],
    ['internal', 'CUDA initialization failure with error: 999'],
  ])('knows why no builder starts: %s', async (code, message) => {
    const failed = await inChild(({ build, failure }) => failure(() => build(['input x float32 1'])), {
      env: { FAKE_BUILDER_ERROR: message },
    });
    expect(failed).toMatchObject({ code, message: `TensorRT cannot make a builder: ${message}` });
  });

  it('refuses an empty model', async () => {
    const failed = await inChild(({ build, failure }) => failure(() => build([])));
    expect(failed).toMatchObject({ code: 'wrong-argument', message: 'The model is empty' });
  });
});

describe.skipIf(!has10)('a TensorRT build that lasts', () => {
  it('reports nested phases, some 20 times a second at most', async () => {
    const reports = await inChild(async ({ build }) => {
      const seen: object[] = [];
      await build(['input x float32 1', 'phases 60 5'], {}, { onProgress: (progress) => seen.push(progress) });
      return seen;
    });
    expect(reports.slice(0, 3)).toEqual([
      { phase: 'Start TensorRT', parentPhase: null, step: 0, steps: 1 },
      { phase: 'Read the model', parentPhase: null, step: 0, steps: 1 },
      { phase: 'Building', parentPhase: null, step: 0, steps: 60 },
    ]);
    // 60 steps of three reports each in 0.3 s or more.
    expect(reports.length).toBeGreaterThan(5);
    expect(reports.length).toBeLessThan(120);
    expect(reports).toContainEqual(expect.objectContaining({ phase: 'Timing', parentPhase: 'Building' }));
  });

  it('stops at the next step when it is cancelled', async () => {
    const found = await inChild(async ({ addon, build, failure }) => {
      const token = addon.createCancelToken();
      const started = performance.now();
      const cancelled = await failure(() =>
        build(
          ['input x float32 1', 'phases 10000 5'],
          {},
          { token, onProgress: ({ phase }) => phase === 'Building' && token.cancel() },
        ),
      );
      return {
        cancelled,
        ms: performance.now() - started,
        again: await failure(() => build(['input x float32 1'], {}, { token })),
      };
    });
    expect(found.cancelled.code).toBe('cancelled');
    expect(found.ms).toBeLessThan(20_000);
    expect(found.again.code).toBe('cancelled');
  });

  it('stops when onProgress throws, and rejects with that', async () => {
    const message = await inChild(async ({ build, failure }) => {
      const failed = await failure(() =>
        build(
          ['input x float32 1', 'phases 10000 5'],
          {},
          {
            onProgress: () => {
              throw new Error('the reader is gone');
            },
          },
        ),
      );
      return failed.message;
    });
    expect(message).toBe('the reader is gone');
  });

  it('leaves the JS thread free, and does not keep the process from ending', async () => {
    const ticks = await inChild(async ({ build }) => {
      let count = 0;
      const timer = setInterval(() => (count += 1), 5);
      await build(['input x float32 1', 'phases 30 10']);
      clearInterval(timer);
      // Still building when the process ends: the build is abandoned and waited for.
      void build(['input x float32 1', 'phases 100000 5']).catch(() => undefined);
      setTimeout(() => process.exit(0), 100);
      return count;
    });
    expect(ticks).toBeGreaterThan(5);
  });

  it('ends with the worker that began it', async () => {
    const code = await inChild(
      async ({ fakes, input }) => {
        const { Worker } = process.getBuiltinModule('node:worker_threads');
        const source = `
          const { parentPort, workerData } = require('node:worker_threads');
          const addon = require(workerData.addonPath);
          const model = new TextEncoder().encode('input x float32 1\\nphases 100000 5');
          addon.open({ nvinfer: workerData.nvinfer, parser: null }).build(
            { model, modelPath: '', device: 0, typing: 'strong' },
            ({ phase }) => phase === 'Building' && parentPort.postMessage('building'),
            addon.createCancelToken());`;
        const worker = new Worker(source, { eval: true, workerData: { addonPath: input, nvinfer: fakes.nvinfer } });
        await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
        return worker.terminate();
      },
      { input: tensorrtAddonPath(10) },
    );
    expect(code).toBe(1);
  });
});
