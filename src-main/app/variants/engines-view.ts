import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { EnginesView, EngineView } from '../../../src-shared/contract/views';
import { parseVariant } from '../../../src-shared/domain/project/variant';
import { readEngineLayers, readEngineRecord, recipeHash, type EngineRecord } from './engine-record';
import type { JobContext } from '../job-context';
import { needsCalibration, variantRecipe } from './variants';
import { openCalibrationIfAny, prepared } from '../projects/workspace';

interface Found {
  readonly dir: string;
  readonly record: EngineRecord;
  /** Builds and benchmarks touch the folders of what they use. */
  readonly usedAtMs: number;
}

/** The engines of a project's variants, from the records beside them; needs no GPU. */
export async function enginesView(variant: string | undefined, job: JobContext): Promise<EnginesView> {
  const { workspace } = job;
  const latest = new Map<string, Found>();
  for (const found of enginesOf(workspace.paths.enginesDir))
    if (!latest.has(found.record.variant)) latest.set(found.record.variant, found);
  const variants = [...latest.keys()];
  const chosen = latest.get(variant ?? (latest.has('mixed') ? 'mixed' : (variants[0] ?? '')));
  const layers = chosen && readEngineLayers(chosen.dir);
  return {
    variants,
    engine:
      chosen && layers ? { ...viewOf(chosen.record), isCurrent: await isCurrent(chosen.record, job), layers } : null,
  };
}

/** Used last first. */
function enginesOf(enginesDir: string): Found[] {
  if (!existsSync(enginesDir)) return [];
  return readdirSync(enginesDir)
    .flatMap((name): Found[] => {
      const dir = join(enginesDir, name);
      const record = readEngineRecord(dir);
      return record === null ? [] : [{ dir, record, usedAtMs: statSync(dir).mtimeMs }];
    })
    .sort((a, b) => b.usedAtMs - a.usedAtMs);
}

function viewOf({
  variant,
  tensorrt,
  gpu,
  options,
  createdAt,
  sizeBytes,
  summary,
  asked,
}: EngineRecord): Omit<EngineView, 'isCurrent' | 'layers'> {
  return {
    variant,
    tensorrt,
    gpu,
    typing: options.typing,
    batch: options.batches[0] ?? 1,
    createdAt,
    sizeMb: sizeBytes / 1e6,
    summary,
    asked,
  };
}

/** Whether the variant would be built from the same graph now. */
async function isCurrent(record: EngineRecord, job: JobContext): Promise<boolean> {
  const { workspace, services } = job;
  const name = parseVariant(record.variant);
  const calibration = await openCalibrationIfAny(workspace);
  if (calibration === null && needsCalibration(name)) return false;
  const model = await prepared(workspace, services.compute, job);
  return (
    recipeHash(
      variantRecipe(name, { options: { target: 'tensorrt', activationType: 'int8' }, workspace, model, calibration }),
    ) === record.recipe
  );
}
