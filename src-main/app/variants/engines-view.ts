import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { EnginesView, EngineView } from '../../../src-shared/contract/views';
import { parseVariant } from '../../../src-shared/domain/project/variant';
import { loadTuning } from '../analysis/analysis-store';
import { isAlternative } from './engine-store';
import { readEngineLayers, readTensorrtRecord, type TensorrtEngineRecord } from './engine-record';
import type { JobContext } from '../job-context';
import { openCalibrationIfAny, prepared, type Workspace } from '../projects/workspace';
import { profileName, profileView, storedProfiles } from './layer-profiles';
import { needsCalibration, recipeHash, variantRecipe } from './recipe';

interface Found {
  readonly dir: string;
  readonly record: TensorrtEngineRecord;
  /** Modification time of the folder, which every build and benchmark that uses the engine updates. */
  readonly usedAtMs: number;
}

/** Names of engines that a tuning built: all of them are of variant mixed, so that they have names of their own. */
const TUNING = 'tuning:';

/**
 * The variants of a project that have a TensorRT engine, with the engines of the last tuning (`tuning:fp16`) and the
 * variants whose layers were timed on ONNX Runtime (`ort-cpu:int8`) or OpenVINO (`openvino:int8`), and the engine of
 * one of them: `variant` (or the engine whose folder has this name), else mixed, else the one used last. It is read
 * from stored records, so that no GPU is needed.
 */
export async function enginesView(variant: string | undefined, job: JobContext): Promise<EnginesView> {
  const { workspace } = job;
  const latest = new Map<string, Found>();
  const all = enginesOf(workspace.paths.enginesDir);
  for (const found of all)
    if (!isAlternative(found.dir, found.record) && !latest.has(found.record.variant))
      latest.set(found.record.variant, found);
  for (const [name, key] of await tuningEngines(job)) {
    const found = all.find(({ dir }) => basename(dir) === key);
    if (found !== undefined) latest.set(name, { ...found, record: { ...found.record, variant: name } });
  }
  const profiles = latestProfiles(workspace);
  const variants = [...latest.keys(), ...profiles.keys()];
  const wanted = variant ?? variants.find((name) => name === 'mixed') ?? variants.find(isMixed) ?? variants[0] ?? '';
  const chosen = latest.get(wanted) ?? all.find(({ dir }) => basename(dir) === wanted);
  const layers = chosen && readEngineLayers(chosen.dir);
  if (chosen && layers)
    return { variants, engine: { ...viewOf(chosen.record), isCurrent: await isCurrent(chosen.record, job), layers } };
  // A variant without an engine of TensorRT has its plain name to itself.
  const profile = profiles.get(wanted) ?? [...profiles.values()].find((found) => found.variant === wanted);
  return { variants, engine: profile === undefined ? null : await profileView(profile, job) };
}

const isMixed = (name: string): boolean => name.endsWith(':mixed') && !name.startsWith(TUNING);

/** Name -> the last profile of a variant on a backend of ONNX Runtime or OpenVINO, the latest one first. */
function latestProfiles({
  paths,
  preparedDir,
}: Workspace): ReadonlyMap<string, ReturnType<typeof storedProfiles>[number]> {
  const names = existsSync(paths.enginesDir) ? readdirSync(paths.enginesDir) : [];
  const latest = new Map<string, ReturnType<typeof storedProfiles>[number]>();
  const sorted = storedProfiles([preparedDir, ...names.map((name) => join(paths.enginesDir, name))]).sort((a, b) =>
    b.createdAt.localeCompare(a.createdAt),
  );
  for (const profile of sorted) if (!latest.has(profileName(profile))) latest.set(profileName(profile), profile);
  return latest;
}

/** Name -> folder of the engines that the last tuning measured. */
async function tuningEngines({ workspace }: JobContext): Promise<[string, string][]> {
  const tuning = await loadTuning(workspace);
  return (tuning?.result.candidates ?? []).map(({ name, enginePath }) => [
    `${TUNING}${name}`,
    basename(dirname(enginePath)),
  ]);
}

/** All TensorRT engines of the project, the one used last first. */
function enginesOf(enginesDir: string): Found[] {
  if (!existsSync(enginesDir)) return [];
  return readdirSync(enginesDir)
    .flatMap((name): Found[] => {
      const dir = join(enginesDir, name);
      const record = readTensorrtRecord(dir);
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
}: TensorrtEngineRecord): Omit<EngineView, 'isCurrent' | 'layers'> {
  return {
    variant,
    runtime: `TensorRT ${tensorrt}`,
    device: gpu,
    batch: options.batches[0] ?? 1,
    createdAt,
    sizeMb: sizeBytes / 1e6,
    summary,
    asked,
  };
}

/** Whether the variant would still be built from the same graph. */
async function isCurrent(record: TensorrtEngineRecord, job: JobContext): Promise<boolean> {
  const { workspace, services } = job;
  // The plan of a tuning's engine is in the tuning, not in the project.
  if (record.variant.startsWith(TUNING)) return (await loadTuning(workspace))?.isCurrent === true;
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
