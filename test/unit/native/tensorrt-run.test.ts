import { beforeAll, describe, expect, it } from 'vitest';
import { inChild } from '../../support/fake-tensorrt/child';
import { MAJORS_WITH_HEADERS, prepareFakes } from '../../support/fake-tensorrt/libraries';

const has10 = MAJORS_WITH_HEADERS.includes(10);
const SCRIPT = ['input x float32 -1,3', 'output y float32 -1,3', 'output half float16 2', 'layer conv1'];
/** Of the fake GPU: a run, a run as a graph, a copy. */
const RUN_MS = 0.2;
const GRAPH_MS = 0.1;
const COPY_MS = 0.05;

beforeAll(async () => {
  if (has10) await prepareFakes();
}, 600_000);

describe.skipIf(!has10)('a TensorRT engine', () => {
  it('tells its inputs, outputs, profiles and memory', async () => {
    const found = await inChild(
      async ({ engine, input }) => {
        const { io, profiles, deviceMemoryBytes, layers, name } = await engine(input, {
          profiles: [{ inputs: { x: { min: [1, 3], opt: [2, 3], max: [4, 3] } } }],
        });
        return { io, profiles, deviceMemoryBytes, layers, name };
      },
      { input: SCRIPT },
    );
    expect(found).toEqual({
      io: [
        {
          name: 'x',
          isInput: true,
          dataType: 'float32',
          shape: [-1, 3],
          profileShapes: [{ min: [1, 3], opt: [2, 3], max: [4, 3] }],
        },
        { name: 'y', isInput: false, dataType: 'float32', shape: [-1, 3] },
        { name: 'half', isInput: false, dataType: 'float16', shape: [2] },
      ],
      profiles: 1,
      deviceMemoryBytes: 4096,
      layers: 1,
      name: 'fake engine',
    });
  });

  it('is refused with TensorRT’s reason', async () => {
    const found = await inChild(async ({ library, failure }) => [
      await failure(() => library().load(new Uint8Array(100), 0)),
      await failure(() => library().load(new Uint8Array(0), 0)),
      await failure(() => library().load(new Uint8Array(9), 5)),
    ]);
    expect(found[0]).toMatchObject({
      code: 'engine-refused',
      message: 'TensorRT 10.6.0 refuses the engine: Error Code 1: Serialization (magic tag does not match)',
      log: [{ severity: 'error' }],
    });
    expect(found.slice(1).map(({ code }) => code)).toEqual(['engine-refused', 'wrong-argument']);
  });

  it('refuses use after close, and closes twice', async () => {
    const codes = await inChild(async ({ engine, failure }) => {
      const loaded = await engine(['input x float32 1', 'output y float32 1']);
      loaded.close();
      loaded.close();
      return [
        (await failure(() => loaded.inspect())).code,
        (await failure(() => loaded.createRunner({ profile: 0, shapes: {}, streams: 1 }))).code,
      ];
    });
    expect(codes).toEqual(['wrong-argument', 'wrong-argument']);
  });
});

const PROFILES = { profiles: [{ inputs: { x: { min: [1, 3], opt: [2, 3], max: [4, 3] } } }] };

describe.skipIf(!has10)('a TensorRT runner', () => {
  it('infers, with shapes and types of the engine', async () => {
    const found = await inChild(
      async ({ engine, input }) => {
        const loaded = await engine(input.SCRIPT, input.PROFILES);
        const runner = await loaded.createRunner({ profile: 0, shapes: { x: [2, 3] }, streams: 2 });
        // Runners outlive their engine object.
        loaded.close();
        const { y, half } = await runner.infer({ x: new Float32Array([1, 2, 3, 4, 5, 6]) });
        const again = await runner.infer({ x: new DataView(new Float32Array([9, 1, 2, 3, 4, 5, 6, 9]).buffer, 4, 24) });
        const { deviceMemoryBytes } = runner;
        runner.close();
        return {
          dims: y?.dims,
          type: half?.dataType,
          bytes: half?.bytes.byteLength,
          y: [...new Float32Array(y?.bytes ?? new ArrayBuffer())],
          again: [...new Float32Array(again['y']?.bytes ?? new ArrayBuffer())],
          deviceMemoryBytes,
        };
      },
      { input: { SCRIPT, PROFILES } },
    );
    // Two streams, each with a context, 24 bytes in, 24 and 4 bytes out.
    expect(found).toEqual({
      dims: [2, 3],
      type: 'float16',
      bytes: 4,
      y: [2, 4, 6, 8, 10, 12],
      again: [2, 4, 6, 8, 10, 12],
      deviceMemoryBytes: 2 * (4096 + 24 + 24 + 4),
    });
  });

  it('gives outputs the shape that only their values decide', async () => {
    const found = await inChild(async ({ engine }) => {
      const runner = await (
        await engine(['input x float32 4', 'output y float32 ?,1'])
      ).createRunner({ profile: 0, shapes: {}, streams: 1 });
      const shapes = [];
      for (const values of [
        [1, -1, 1, 1],
        [-1, -1, -1, -1],
      ]) {
        const { y } = await runner.infer({ x: Float32Array.from(values) });
        shapes.push([y?.dims, [...new Float32Array(y?.bytes ?? new ArrayBuffer())]]);
      }
      runner.close();
      return shapes;
    });
    expect(found).toEqual([
      [
        [3, 1],
        [2, -2, 2],
      ],
      [[0, 1], []],
    ]);
  });

  it.each([
    ['no shape for a dynamic input', { profile: 0, shapes: {}, streams: 1 }, /Expected a shape for input "x"/],
    ['a shape outside the profile', { profile: 0, shapes: { x: [5, 3] }, streams: 1 }, /from 1x3 to 4x3, found 5x3/],
    ['another number of dimensions', { profile: 0, shapes: { x: [3] }, streams: 1 }, /"x"/],
    ['no such input', { profile: 0, shapes: { x: [1, 3], w: [1] }, streams: 1 }, /"w" is no input/],
    ['no such profile', { profile: 1, shapes: { x: [1, 3] }, streams: 1 }, /profile to be from 0 to 0, found 1/],
    ['no stream', { profile: 0, shapes: { x: [1, 3] }, streams: 0 }, /streams/],
  ])('is not made with %s', async (_, options, message) => {
    const failed = await inChild(
      async ({ engine, failure, input }) => {
        const loaded = await engine(input.SCRIPT, input.PROFILES);
        return failure(() => loaded.createRunner(input.options));
      },
      { input: { SCRIPT, PROFILES, options } },
    );
    expect(failed.code).toBe('wrong-argument');
    expect(failed.message).toMatch(message);
  });

  it.each([
    ['shape tensors', ['shape-tensor x'], 'wrong-argument', 'shape tensor'],
    ['elements that share a byte', ['output z int4 2'], 'wrong-argument', 'int4'],
    ['vectorized layouts', ['vectorized'], 'wrong-argument', 'row by row'],
    ['outputs without a bound', ['output z float32 ?', 'unbounded'], 'wrong-argument', 'cannot bound'],
    ['shapes that cannot be told', ['shape-error no shape'], 'wrong-argument', 'no shape'],
    ['a context that is refused', ['context-error out of luck'], 'internal', 'out of luck'],
    [
      'a context that finds no memory',
      ['context-error Requested amount of GPU memory (1 bytes) could not be allocated.'],
      'out-of-memory',
      'could not be allocated',
    ],
  ])('is not made for %s', async (_, lines, code, message) => {
    const failed = await inChild(
      async ({ engine, failure, input }) => {
        const loaded = await engine(['input x float32 1', 'output y float32 1', ...input]);
        return failure(() => loaded.createRunner({ profile: 0, shapes: {}, streams: 1 }));
      },
      { input: lines },
    );
    expect(failed).toMatchObject({ code, message: expect.stringContaining(message) as string });
  });

  it('gives everything back when memory ends half way', async () => {
    const failed = await inChild(
      async ({ engine, failure }) => {
        const loaded = await engine(['input x float32 256', 'output y float32 256']);
        return failure(() => loaded.createRunner({ profile: 0, shapes: {}, streams: 2 }));
      },
      { env: { FAKE_CUDA_MEMORY: '3500' } },
    );
    expect(failed.code).toBe('out-of-memory');
  });

  it('refuses inputs that do not fit', async () => {
    const found = await inChild(async ({ engine, failure }) => {
      const runner = await (
        await engine(['input x float32 2', 'output y float32 2'])
      ).createRunner({ profile: 0, shapes: {}, streams: 1 });
      const x = new Float32Array(2);
      const inputs = [{}, { x: new Float32Array(3) }, { x, w: x }, { x: [1, 2] }, { x: null }, null, 7];
      const failures = [];
      for (const value of inputs) failures.push(await failure(() => runner.infer(value as never)));
      const detached = new Float32Array(2);
      structuredClone(detached, { transfer: [detached.buffer] });
      failures.push(await failure(() => runner.infer({ x: detached })));
      const closing = await failure(() =>
        runner.infer({
          get x() {
            runner.close();
            return x;
          },
        }),
      );
      return { codes: failures.map(({ code }) => code), size: failures[1]?.message, closing };
    });
    expect(found.codes).toEqual(Array.from({ length: 8 }, () => 'wrong-argument'));
    expect(found.size).toBe('Expected 8 bytes for input "x" (float32 2), found 12');
    expect(found.closing).toMatchObject({ code: 'wrong-argument', message: 'The runner is closed' });
  });

  it('does one thing at a time, and none after close', async () => {
    const found = await inChild(async ({ engine, failure }) => {
      const runner = await (
        await engine(['input x float32 1', 'output y float32 1'])
      ).createRunner({ profile: 0, shapes: {}, streams: 1 });
      const x = new Float32Array([3]);
      const first = runner.infer({ x });
      const second = await failure(() => runner.infer({ x }));
      const { y } = await first;
      const options = { warmUpMs: 0, runs: 10_000_000, minMs: 0, cudaGraph: false, transfers: false };
      const timing = failure(() => runner.time(options));
      runner.close();
      runner.close();
      const stopped = await timing;
      const closed = [
        runner.infer.bind(runner, { x }),
        () => runner.time(options),
        () => runner.timePlain({ runs: 1, cudaGraph: false }),
        () => runner.profileLayers(1),
      ];
      const codes = [];
      for (const action of closed) codes.push((await failure(action)).code);
      return { second, y: new Float32Array(y?.bytes ?? new ArrayBuffer())[0], stopped, codes };
    });
    expect(found.second).toMatchObject({ code: 'wrong-argument', message: expect.stringContaining('busy') as string });
    expect(found.y).toBe(6);
    expect(found.stopped.code).toBe('cancelled');
    expect(found.codes).toEqual(['wrong-argument', 'wrong-argument', 'wrong-argument', 'wrong-argument']);
  });

  it('passes the reason of a run that fails on', async () => {
    const failed = await inChild(async ({ engine, failure }) => {
      const runner = await (
        await engine(['input x float32 1', 'output y float32 1', 'run-error cuBLAS is unhappy'])
      ).createRunner({ profile: 0, shapes: {}, streams: 1 });
      return failure(() => runner.infer({ x: new Float32Array(1) }));
    });
    expect(failed).toMatchObject({
      code: 'internal',
      message: 'TensorRT does not run the engine: cuBLAS is unhappy',
      log: [{ severity: 'error' }],
    });
  });
});

describe.skipIf(!has10)('timing a TensorRT runner', () => {
  it.each([
    ['runs', { streams: 1, cudaGraph: false, transfers: false }, RUN_MS],
    ['runs of three streams', { streams: 3, cudaGraph: false, transfers: false }, RUN_MS],
    ['runs with copies', { streams: 1, cudaGraph: false, transfers: true }, RUN_MS + 2 * COPY_MS],
    ['CUDA graphs', { streams: 2, cudaGraph: true, transfers: false }, GRAPH_MS],
    ['CUDA graphs with copies', { streams: 1, cudaGraph: true, transfers: true }, GRAPH_MS + 2 * COPY_MS],
  ])('times %s', async (_, options, expectedMs) => {
    const found = await inChild(
      async ({ engine, input }) => {
        const runner = await (
          await engine(['input x float32 4', 'output y float32 4'])
        ).createRunner({ profile: 0, shapes: {}, streams: input.streams });
        const timed = await runner.time({
          warmUpMs: 1,
          runs: 50,
          minMs: 0,
          cudaGraph: input.cudaGraph,
          transfers: input.transfers,
        });
        const plain = await runner.timePlain({ runs: 7, cudaGraph: input.cudaGraph });
        runner.close();
        return { ...timed, latenciesMs: [...timed.latenciesMs], enqueueMs: [...timed.enqueueMs], plain: [...plain] };
      },
      { input: options },
    );
    expect(found.runs).toBe(50);
    expect(found.latenciesMs).toHaveLength(50);
    expect(found.enqueueMs).toHaveLength(50);
    for (const latency of found.latenciesMs) expect(latency).toBeCloseTo(expectedMs, 4);
    expect(found.wallMs).toBeGreaterThan(0);
    expect(found.plain).toHaveLength(7);
    for (const latency of found.plain) expect(latency).toBeCloseTo(options.cudaGraph ? GRAPH_MS : RUN_MS, 4);
  });

  it('goes on for the time asked for', async () => {
    const found = await inChild(async ({ engine }) => {
      const runner = await (
        await engine(['input x float32 4', 'output y float32 4'])
      ).createRunner({ profile: 0, shapes: {}, streams: 1 });
      const { runs, wallMs, latenciesMs } = await runner.time({
        warmUpMs: 0,
        runs: 1,
        minMs: 60,
        cudaGraph: false,
        transfers: false,
      });
      return { runs, wallMs, length: latenciesMs.length };
    });
    expect(found.wallMs).toBeGreaterThanOrEqual(60);
    expect(found.runs).toBeGreaterThan(1);
    expect(found.length).toBe(found.runs);
  });

  it('infers with the graph’s memory still right', async () => {
    const y = await inChild(async ({ engine }) => {
      const runner = await (
        await engine(['input x float32 2', 'output y float32 2'])
      ).createRunner({ profile: 0, shapes: {}, streams: 1 });
      await runner.infer({ x: new Float32Array([1, 2]) });
      await runner.time({ warmUpMs: 0, runs: 3, minMs: 0, cudaGraph: true, transfers: true });
      const { y: output } = await runner.infer({ x: new Float32Array([5, 7]) });
      return [...new Float32Array(output?.bytes ?? new ArrayBuffer())];
    });
    expect(y).toEqual([10, 14]);
  });

  it('says when an engine cannot be captured, and then still runs without a graph', async () => {
    const found = await inChild(async ({ engine, failure }) => {
      const runner = await (
        await engine([
          'input x float32 1',
          'output y float32 1',
          'capture-error operation not permitted when stream is capturing',
        ])
      ).createRunner({ profile: 0, shapes: {}, streams: 1 });
      const options = { warmUpMs: 0, runs: 2, minMs: 0, cudaGraph: true, transfers: false };
      return {
        failed: await failure(() => runner.time(options)),
        plain: (await runner.time({ ...options, cudaGraph: false })).runs,
      };
    });
    expect(found.failed).toMatchObject({
      code: 'capture-failed',
      message: expect.stringContaining('not permitted') as string,
    });
    expect(found.plain).toBe(2);
  });

  it('runs in the profile that is asked for, and in no other', async () => {
    const found = await inChild(async ({ engine, failure }) => {
      const shape = (batch: number) => ({ min: [batch, 3], opt: [batch, 3], max: [batch, 3] });
      const built = await engine(['input x float32 -1,3', 'output y float32 -1,3'], {
        profiles: [1, 8].map((batch) => ({ inputs: { x: shape(batch) } })),
      });
      const runner = await built.createRunner({ profile: 1, shapes: { x: [8, 3] }, streams: 1 });
      const { y } = await runner.infer({ x: new Float32Array(24) });
      return {
        profiles: built.profiles,
        shapes: built.io[0]?.profileShapes,
        dims: y?.dims,
        wrong: await failure(() => built.createRunner({ profile: 0, shapes: { x: [8, 3] }, streams: 1 })),
      };
    });
    expect(found).toMatchObject({
      profiles: 2,
      shapes: [{ max: [1, 3] }, { max: [8, 3] }],
      dims: [8, 3],
      wrong: { code: 'wrong-argument' },
    });
  });

  it('gives the median time of each layer, after runs that do not count', async () => {
    const layers = await inChild(async ({ engine }) => {
      const runner = await (
        await engine(['input x float32 1', 'output y float32 1'])
      ).createRunner({ profile: 0, shapes: {}, streams: 1 });
      return runner.profileLayers(5);
    });
    expect(layers).toEqual([
      { name: 'conv1 + relu1', medianMs: 0.25 },
      { name: 'reformat', medianMs: 0.125 },
    ]);
  });

  it('refuses options out of range', async () => {
    const codes = await inChild(async ({ engine, failure }) => {
      const runner = await (
        await engine(['input x float32 1', 'output y float32 1'])
      ).createRunner({ profile: 0, shapes: {}, streams: 1 });
      const good = { warmUpMs: 0, runs: 1, minMs: 0, cudaGraph: false, transfers: false };
      const bad: unknown[] = [
        { ...good, runs: 0 },
        { ...good, runs: 1.5 },
        { ...good, runs: 1e9 },
        { ...good, warmUpMs: -1 },
        { ...good, minMs: Infinity },
        { ...good, cudaGraph: 1 },
        {},
        undefined,
      ];
      const seen = [];
      for (const options of bad) seen.push((await failure(() => runner.time(options as never))).code);
      seen.push(
        (await failure(() => runner.timePlain({ runs: -1, cudaGraph: false }))).code,
        (await failure(() => runner.profileLayers(0))).code,
      );
      return [...new Set(seen)];
    });
    expect(codes).toEqual(['wrong-argument']);
  });
});
