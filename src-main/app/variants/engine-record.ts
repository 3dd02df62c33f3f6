import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EngineLayer, EngineSummary } from '../../../src-shared/domain/engines/engine-layers';
import type { Precision } from '../../../src-shared/domain/project/precision';
import type { TensorrtOptions } from '../../../src-shared/domain/engines/tensorrt-options';
import { writeFileAtomic } from '../../base/atomic-file';
import { shortHash } from '../projects/workspace';
import { REWRITE_VERSION } from './rewrite-version';
import { portable, type VariantRecipe } from './variants';

/** engine.json beside an engine. Everything that an engine must match to be loaded is in its folder's key. */
export interface EngineRecord {
  readonly version: 4;
  readonly backend: 'tensorrt';
  readonly variant: string;
  /** Of the graph that it was built from, see recipeHash. */
  readonly recipe: string;
  /** Layer of the model -> what it was asked to compute in. */
  readonly asked: Readonly<Record<string, Precision>>;
  readonly tensorrt: string;
  readonly gpu: string;
  readonly options: TensorrtOptions;
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly seconds: number;
  /** Warnings and errors that TensorRT printed. */
  readonly log: readonly string[];
  readonly summary: EngineSummary;
  readonly createdAt: string;
}

const RECORD = 'engine.json';
const LAYERS = 'layers.json';

/** Of an engine's folder. */
export const enginePathIn = (dir: string): string => join(dir, 'model.engine');
export const layersPathIn = (dir: string): string => join(dir, LAYERS);

/** Tells whether an engine is still that of its variant, on a machine without its GPU too: its key needs the GPU, this does not. */
export function recipeHash(recipe: VariantRecipe): string {
  return shortHash({ rewrite: REWRITE_VERSION, ...portable(recipe) });
}

/** The layers come first: a folder with a record is complete. */
export async function writeEngineRecord(
  dir: string,
  record: EngineRecord,
  layers: readonly EngineLayer[],
): Promise<void> {
  await writeFileAtomic(layersPathIn(dir), JSON.stringify(layers, null, 1));
  await writeFileAtomic(join(dir, RECORD), JSON.stringify(record, null, 1));
}

/** null: the folder holds no complete engine of this version. */
export function readEngineRecord(dir: string): EngineRecord | null {
  const path = join(dir, RECORD);
  if (!existsSync(path) || !existsSync(enginePathIn(dir))) return null;
  const record = readJson(path) as Partial<EngineRecord> | null;
  return record?.version === 4 && typeof record.sha256 === 'string' && typeof record.sizeBytes === 'number'
    ? (record as EngineRecord)
    : null;
}

/** null where there are none, or they are damaged. */
export function readEngineLayers(dir: string): readonly EngineLayer[] | null {
  const path = layersPathIn(dir);
  const layers = existsSync(path) ? readJson(path) : null;
  return Array.isArray(layers) ? (layers as EngineLayer[]) : null;
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return null;
  }
}
