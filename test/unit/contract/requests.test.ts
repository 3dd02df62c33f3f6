import { describe, expect, it } from 'vitest';
import { confineApi } from '../../../src-main/transport/confined-api';
import { PathGrants } from '../../../src-main/transport/path-grants';
import { pathRoleOf } from '../../../src-shared/base/marked-paths';
import { fits, type AnySchema } from '../../../src-shared/base/schema';
import { API_METHODS, type WorkbenchApi } from '../../../src-shared/contract/api';
import { parseRequest, REQUEST_SCHEMAS, requestPaths, type ApiMethod } from '../../../src-shared/contract/requests';

const INSIDE = '/granted/file';
const OUTSIDE = '/secret/file';

/** A request, and the place of the path in it that leads outside; null: the request names granted paths only. */
interface Sample {
  readonly value: unknown;
  readonly outside: string | null;
}

/** The parts of a schema that may hold other schemas, as valibot and base/schema name them. */
interface Parts {
  readonly type: string;
  readonly entries?: Readonly<Record<string, AnySchema>>;
  readonly values?: AnySchema;
  readonly item?: AnySchema;
  readonly wrapped?: AnySchema;
  readonly options?: unknown;
  readonly pipe?: readonly AnySchema[];
}

/** Values that a schema accepts; one of them for every marked path at any depth, with that path outside. */
function samplesOf(schema: AnySchema): readonly Sample[] {
  if (pathRoleOf(schema) !== null)
    return [
      { value: INSIDE, outside: null },
      { value: OUTSIDE, outside: '' },
    ];
  const { type, entries, values, item, wrapped, options, pipe } = schema as Parts;
  if (wrapped !== undefined) return samplesOf(wrapped);
  if (type === 'variant') return Object.values(options as Readonly<Record<string, AnySchema>>).flatMap(samplesOf);
  if (type === 'union' || type === 'picklist') {
    const [first] = options as readonly unknown[];
    return type === 'union' ? samplesOf(first as AnySchema) : [{ value: first, outside: null }];
  }
  if (entries !== undefined) {
    const fields = Object.entries(entries).map(([key, entry]) => [key, samplesOf(entry)] as const);
    const plain = Object.fromEntries(fields.map(([key, [sample]]) => [key, sample?.value]));
    return [
      { value: plain, outside: null },
      ...fields.flatMap(([key, samples]) =>
        samples.slice(1).map(({ value, outside }) => ({
          value: { ...plain, [key]: value },
          outside: outside === null ? null : `${key}.${outside}`,
        })),
      ),
    ];
  }
  const inner = item ?? values;
  if (inner !== undefined)
    return samplesOf(inner).map(({ value, outside }) => ({
      value: item === undefined ? { path: value } : [value],
      outside,
    }));
  if (type === 'unknown') return samplesOf(pipe?.at(-1) ?? schema);
  const plain = ['some text', 16, 1, true, [1], ['some text']].find((candidate) => fits(schema, candidate));
  return [{ value: plain, outside: null }];
}

function confined(reached: string[]): WorkbenchApi {
  const methods = API_METHODS.map((method) => [
    method,
    async (request?: { readonly projectPath?: string }) => {
      reached.push(method);
      if (method === 'listRecentProjects') return [];
      const set = { path: INSIDE, labels: null };
      const file = { model: { path: INSIDE, sha256: 'x' }, calibrationSet: set, validationSet: null };
      return { path: request?.projectPath ?? INSIDE, file };
    },
  ]);
  const api = { ...Object.fromEntries(methods), subscribe: () => () => undefined } as WorkbenchApi;
  return confineApi(api, { grants: new PathGrants(['/granted']), checksReferences: true, hint: 'HINT' });
}

const call = (api: WorkbenchApi, method: ApiMethod, request: object): Promise<unknown> =>
  (api[method] as (request: object) => Promise<unknown>)(request);

describe('the methods that travel over a link', () => {
  it('are those that have a schema', () => {
    expect([...API_METHODS].sort()).toEqual(Object.keys(REQUEST_SCHEMAS).sort());
  });
});

describe('paths in requests', () => {
  const samples = API_METHODS.flatMap((method) =>
    samplesOf(REQUEST_SCHEMAS[method]).map((sample) => ({ ...sample, method })),
  );

  it('are refused wherever a schema marks one and it leads outside of what was granted', async () => {
    const outside = samples.flatMap(({ outside, ...sample }) => (outside === null ? [] : [{ ...sample, outside }]));
    const reached: string[] = [];
    for (const { method, value, outside: place } of outside) {
      const request = parseRequest(method, value);
      await expect(call(confined(reached), method, request), `${method} ${place}`).rejects.toMatchObject({
        code: 'usage',
        message: expect.stringContaining(OUTSIDE) as string,
      });
    }
    expect(reached).toEqual([]);
    const places = new Set(outside.map(({ method, outside: place }) => `${method} ${place}`));
    for (const place of [
      'inspectModel modelPath.',
      'createProject labelsCsv.',
      'editProject edits.calibrationPath.',
      'editProject edits.decisions.calibrationSet.labels.',
      'getAnalysisCost spec.projectPath.',
      'startJob shardPaths.',
      'startJob outPath.',
      'startJob againstPath.',
      'importCache cachePath.',
      'exportProject outPath.',
    ])
      expect(places).toContain(place);
  });

  it('reach the application when all of them were granted', async () => {
    for (const { method, value, outside } of samples) {
      if (outside !== null) continue;
      const reached: string[] = [];
      await call(confined(reached), method, parseRequest(method, value));
      expect(reached).toContain(method);
    }
  });

  it('are marked in every field that is named like one', () => {
    const unmarked = (schema: AnySchema, name: string): readonly string[] => {
      if (pathRoleOf(schema) !== null) return [];
      const { type, entries, item, wrapped, options } = schema as Parts;
      if (wrapped !== undefined) return unmarked(wrapped, name);
      if (item !== undefined) return unmarked(item, name);
      if (type === 'variant')
        return Object.values(options as Readonly<Record<string, AnySchema>>).flatMap((option) =>
          unmarked(option, name),
        );
      if (entries !== undefined) return Object.entries(entries).flatMap(([key, entry]) => unmarked(entry, key));
      return /path|csv|file|folder|dir/i.test(name) ? [name] : [];
    };
    expect(API_METHODS.flatMap((method) => unmarked(REQUEST_SCHEMAS[method], method))).toEqual([]);
  });

  it('are not seen in tensors, layers and groups that are called like one', async () => {
    const names = { path: 'mse', labels: 'mse', modelPath: 'mse', outPath: 'mse', projectPath: 'mse' };
    const thresholds = { path: 1, labels: 2 };
    const sets = { path: '/granted/images', labels: null };
    const decisions = {
      method: 'minmax',
      percentile: 99,
      tensorMethods: names,
      manualThresholds: thresholds,
      plan: { layers: { path: 'fp16', labels: 'fp32' } },
      target: 'tensorrt',
      gates: { maxTop1Drop: null, maxWorstGroupDrop: null, minTop1: null, maxLatencyMs: null },
      preprocessing: {
        resize: { kind: 'none' },
        crop: null,
        order: 'rgb',
        scale: 1,
        mean: [0],
        std: [1],
        layout: 'nchw',
      },
      calibrationSet: sets,
      validationSet: null,
    };
    const edits = [
      { kind: 'restore', decisions },
      { kind: 'tensor-method', tensor: 'path', method: 'mse' },
      { kind: 'threshold', tensor: OUTSIDE, thresholdReal: 1 },
      { kind: 'precision', layer: 'labels', precision: 'fp16', base: 'auto' },
    ];
    const request = { projectPath: '/granted/p.calib', edits };
    expect(parseRequest('editProject', request)).toEqual(request);
    expect(requestPaths('editProject', request)).toEqual([
      { role: 'project', path: '/granted/p.calib' },
      { role: 'read', path: '/granted/images' },
    ]);
    const reached: string[] = [];
    await call(confined(reached), 'editProject', request);
    await call(confined(reached), 'getHistogram', { projectPath: '/granted/p.calib', tensor: OUTSIDE });
    expect(reached).toContain('editProject');
    expect(reached).toContain('getHistogram');
  });
});

describe('parseRequest', () => {
  it('names the method and the field, what was expected and what was found', () => {
    const problem = (method: ApiMethod, request: unknown): string => {
      try {
        parseRequest(method, request);
      } catch (error) {
        return error instanceof Error ? error.message : '';
      }
      return '';
    };
    expect(problem('getHistogram', { projectPath: '/p' })).toBe(
      'getHistogram: expected a string at tensor, found nothing',
    );
    expect(problem('getHistogram', 7)).toBe('getHistogram: expected an object at the top level, found 7');
    expect(problem('getHistogram', { projectPath: '', tensor: 'a' })).toBe(
      'getHistogram: expected a path at projectPath, found ""',
    );
    expect(problem('startJob', { kind: 'dance', projectPath: '/p' })).toMatch(
      /^startJob: expected sensitivity or auto or .* at kind, found "dance"$/,
    );
    expect(problem('startJob', { kind: 'build', projectPath: '/p', devices: ['a'] })).toBe(
      'startJob: expected an array of GPU numbers or "all" at devices, found an array of 1',
    );
    expect(problem('editProject', { projectPath: '/p', edits: [{ kind: 'gates', gates: { minTop1: -1 } }] })).toBe(
      'editProject: expected a limit of at least 0 at edits[0].gates.minTop1, found -1',
    );
  });

  it('drops unknown fields and those that are undefined', () => {
    expect(parseRequest('getModel', { projectPath: '/p', target: undefined, other: 1 })).toEqual({ projectPath: '/p' });
  });
});
