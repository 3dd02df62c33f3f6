import { createHash } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { WorkbenchError } from '../../../src-shared/base/errors';
import {
  kernelTimesSchema,
  mergedKernelTimes,
  noKernelTimes,
  withKernelTimes,
  type KernelTimes,
  type LearntTimes,
} from '../../../src-shared/domain/engines/kernel-times';
import { writeFileAtomic } from '../../base/atomic-file';
import { readStoredJson } from '../../base/json-file';
import { packageRoot } from '../../base/package-info';

/** A table of kernel times in a folder of tables. */
export interface StoredTable {
  readonly path: string;
  readonly table: KernelTimes;
  /** `user`: learnt or imported on this machine. `shipped`: came with the program. */
  readonly source: 'user' | 'shipped';
}

type Kind = Pick<KernelTimes, 'gpu' | 'tensorrt'>;

function userTablesDir(userDataDir: string): string {
  return join(userDataDir, 'kernel-times');
}

/** The table of a kind of GPU, in the data folder of the user. */
function tablePath(userDataDir: string, { gpu, tensorrt }: Kind): string {
  return join(userTablesDir(userDataDir), `${gpu.replaceAll(/[^A-Za-z0-9.]+/g, '-')}-tensorrt-${tensorrt}.json`);
}

function isOf({ gpu, tensorrt }: Kind, other: Kind): boolean {
  return gpu === other.gpu && tensorrt === other.tensorrt;
}

export function loadKernelTimes(userDataDir: string, kind: Kind): KernelTimes {
  const found = readStoredJson(tablePath(userDataDir, kind), kernelTimesSchema);
  return found !== null && isOf(found, kind) ? found : noKernelTimes(kind.gpu, kind.tensorrt);
}

/** All tables: those of the user, then those that came with the program, each in the order of names. */
export function storedTables(userDataDir: string): StoredTable[] {
  const read = (dir: string, source: StoredTable['source']): StoredTable[] =>
    (existsSync(dir) ? readdirSync(dir) : [])
      .filter((name) => name.endsWith('.json'))
      .sort()
      .flatMap((name) => {
        const path = join(dir, name);
        const table = readStoredJson(path, kernelTimesSchema);
        return table === null ? [] : [{ path, table, source }];
      });
  return [
    ...read(userTablesDir(userDataDir), 'user'),
    ...read(join(packageRoot(), 'resources/kernel-times'), 'shipped'),
  ];
}

export async function saveKernelTimes(path: string, table: KernelTimes): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFileAtomic(path, `${JSON.stringify(table, null, 1)}\n`);
}

/** Adds times to the user's table of a kind of GPU, as other processes may have left it, and returns it. */
export async function rememberKernelTimes(userDataDir: string, kind: Kind, learnt: LearntTimes): Promise<KernelTimes> {
  const table = withKernelTimes(loadKernelTimes(userDataDir, kind), learnt);
  await saveKernelTimes(tablePath(userDataDir, kind), table);
  return table;
}

/** Merges tables into those of the user. @returns the tables that were changed */
export async function importKernelTimes(userDataDir: string, paths: readonly string[]): Promise<KernelTimes[]> {
  const changed = new Map<string, KernelTimes>();
  for (const table of paths.map(readKernelTimes)) {
    const path = tablePath(userDataDir, table);
    changed.set(path, mergedKernelTimes(changed.get(path) ?? loadKernelTimes(userDataDir, table), table));
  }
  for (const [path, table] of changed) await saveKernelTimes(path, table);
  return [...changed.values()];
}

/** Reads a table that was exported. @throws WorkbenchError not-found, usage if it is damaged */
export function readKernelTimes(path: string): KernelTimes {
  if (!existsSync(path)) throw new WorkbenchError('not-found', `There is no table of kernel times at ${path}`);
  const found = readStoredJson(path, kernelTimesSchema);
  if (found === null) {
    throw new WorkbenchError('usage', `${path} is no table of kernel times`, {
      hint: 'Choose a file that a tuning has exported.',
    });
  }
  return found;
}

/** The table of a kind: what the user's has, and the times that only the shipped one has. */
export function mergedTables({ gpu, tensorrt, own, shipped }: TablesOfKind): KernelTimes {
  const { times, conversions = {} } = own ?? noKernelTimes(gpu, tensorrt);
  return withKernelTimes(shipped ?? noKernelTimes(gpu, tensorrt), { times, conversions });
}

/** Identity of a table: a hash of its content. */
export function tableHash(tables: readonly KernelTimes[]): string {
  return createHash('sha256').update(JSON.stringify(tables)).digest('hex').slice(0, 12);
}

/** The tables of one kind of GPU and version of TensorRT. */
export interface TablesOfKind extends Kind {
  readonly own: KernelTimes | null;
  readonly shipped: KernelTimes | null;
}

/**
 * The tables for a placement. Tables of the user count before those that came with the program; of one GPU, those of
 * the newest TensorRT. A table that came with the program says nothing about the GPU of the user: without a name it
 * only fills in what a table of the user lacks.
 *
 * @param wanted part of the name of the GPU; without it, the user must have tables of one GPU.
 * @returns null if there is none, or if the GPU is not clear.
 * @throws WorkbenchError not-found if no table is of the wanted GPU, usage if several are
 */
export function chooseTables(tables: readonly StoredTable[], wanted?: string): TablesOfKind | null {
  const fitting = tables.filter(({ table }) => table.gpu.toLowerCase().includes((wanted ?? '').toLowerCase()));
  const gpusOf = (some: readonly StoredTable[]): string[] => [...new Set(some.map(({ table }) => table.gpu))];
  if (wanted !== undefined && gpusOf(fitting).length !== 1) {
    const known = gpusOf(tables);
    throw new WorkbenchError(
      fitting.length === 0 ? 'not-found' : 'usage',
      `Expected one GPU with kernel times that is named like "${wanted}", found ${fitting.length === 0 ? 'none' : gpusOf(fitting).join(', ')}`,
      { hint: known.length === 0 ? 'Tune a model, or import a table.' : `Tables exist for ${known.join(', ')}.` },
    );
  }
  const own = fitting.filter(({ source }) => source === 'user');
  const candidates = own.length > 0 || wanted === undefined ? own : fitting;
  const [gpu, ...others] = gpusOf(candidates);
  if (gpu === undefined || others.length > 0) return null;
  const newest = candidates
    .map(({ table }) => table)
    .filter((table) => table.gpu === gpu)
    .toSorted((a, b) => a.tensorrt.localeCompare(b.tensorrt, 'en', { numeric: true }))
    .at(-1);
  if (newest === undefined) return null;
  const of = (from: StoredTable['source']): KernelTimes | null =>
    tables.find(({ table, source }) => source === from && isOf(table, newest))?.table ?? null;
  return { gpu, tensorrt: newest.tensorrt, own: of('user'), shipped: of('shipped') };
}
