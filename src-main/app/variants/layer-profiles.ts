import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  count,
  number,
  object,
  oneOf,
  optional,
  record,
  string,
  type InferOutput,
} from '../../../src-shared/base/schema';
import type { EngineView } from '../../../src-shared/contract/views';
import { summarizeEngine } from '../../../src-shared/domain/engines/engine-layers';
import { engineLayersSchema } from '../../../src-shared/domain/engines/stored-engines';
import { BACKENDS, PRECISIONS, TARGETS, type BackendId } from '../../../src-shared/domain/project/precision';
import { parseVariant } from '../../../src-shared/domain/project/variant';
import type { VariantProfile } from '../../backends/benchmark';
import { writeFileAtomic } from '../../base/atomic-file';
import { readStoredJson } from '../../base/json-file';
import type { JobContext } from '../job-context';
import { openCalibrationIfAny, prepared } from '../projects/workspace';
import type { BuiltVariant } from './built-variant';
import { decidedPrecisions } from './engine-record';
import { needsCalibration, recipeHash, variantRecipe } from './recipe';

const PROFILE_VERSION = 1;

/** Contents of `layers-BACKEND.json` beside a model that ONNX Runtime or OpenVINO runs: the times of its layers. */
const layerProfileSchema = object({
  version: oneOf(PROFILE_VERSION),
  variant: string,
  backend: oneOf(...BACKENDS),
  target: oneOf(...TARGETS),
  activationType: oneOf('int8', 'uint8'),
  device: string,
  onnxruntime: string,
  /** Version of OpenVINO, if it is the runtime. */
  openvino: optional(string),
  threads: count,
  batch: count,
  /** ISO 8601. */
  createdAt: string,
  sizeMb: number,
  runMs: number,
  kernelShare: number,
  /** recipeHash of the variant. */
  recipe: string,
  /** Layer of the model -> precision that was requested for it. */
  asked: record(oneOf(...PRECISIONS)),
  layers: engineLayersSchema,
});
type StoredProfile = InferOutput<typeof layerProfileSchema>;

const FILE = /^layers-.*\.json$/;

interface Profiled {
  readonly backend: BackendId;
  readonly target: StoredProfile['target'];
  readonly activationType: StoredProfile['activationType'];
  readonly device: string;
  readonly threads: number;
  readonly onnxruntime: string;
  readonly openvino?: string;
}

/** Keeps the times of layers beside the models that were timed. */
export async function saveLayerProfiles(
  profiles: readonly VariantProfile[],
  built: readonly BuiltVariant[],
  how: Profiled,
  job: JobContext,
): Promise<void> {
  for (const { variant, batch, layers, runMs, kernelShare } of profiles) {
    const own = built.find(({ runnable }) => runnable.variant === variant);
    const recipe = await recipeOf(variant, how, job);
    if (own === undefined || recipe === null) continue;
    const { decisions } = await job.services.compute.request(
      'rewrite',
      { ...recipe, purpose: 'engine', outPath: null, materialize: false },
      job,
    );
    const stored: StoredProfile = {
      version: PROFILE_VERSION,
      variant,
      ...how,
      batch,
      createdAt: new Date().toISOString(),
      sizeMb: own.sizeBytes / 1e6,
      runMs,
      kernelShare,
      recipe: recipeHash(recipe),
      asked: decidedPrecisions(decisions),
      layers: [...layers],
    };
    await writeFileAtomic(join(own.dir, `layers-${how.backend}.json`), JSON.stringify(stored));
  }
}

/** The profiles in some folders of models. */
export function storedProfiles(dirs: readonly string[]): StoredProfile[] {
  return dirs
    .filter((dir) => existsSync(dir))
    .flatMap((dir) =>
      readdirSync(dir)
        .filter((name) => FILE.test(name))
        .map((name) => join(dir, name)),
    )
    .flatMap((path) => readStoredJson(path, layerProfileSchema) ?? []);
}

/** `ort-cpu:int8`: profiles have names of their own beside TensorRT engines of the same variants. */
export function profileName({ backend, variant }: Pick<StoredProfile, 'backend' | 'variant'>): string {
  return `${backend}:${variant}`;
}

export async function profileView(profile: StoredProfile, job: JobContext): Promise<EngineView> {
  const { backend, device, onnxruntime, openvino, threads, batch, createdAt, sizeMb, asked, layers, kernelShare } =
    profile;
  const recipe = await recipeOf(profile.variant, profile, job);
  return {
    variant: profileName(profile),
    isCurrent: recipe !== null && recipeHash(recipe) === profile.recipe,
    runtime: openvino === undefined ? `ONNX Runtime ${onnxruntime}` : `OpenVINO ${openvino.split('-')[0] ?? ''}`,
    device: backend === 'ort-cpu' || backend === 'openvino' ? `${device}, ${threads} threads` : device,
    batch,
    createdAt,
    sizeMb,
    kernelShare,
    summary: summarizeEngine(layers),
    asked,
    layers,
  };
}

/** null if the variant is not built from the prepared model, or needs a calibration that does not exist. */
async function recipeOf(
  variant: string,
  options: Pick<StoredProfile, 'target' | 'activationType'>,
  job: JobContext,
): Promise<ReturnType<typeof variantRecipe> | null> {
  const { workspace, services } = job;
  const name = parseVariant(variant);
  const calibration = await openCalibrationIfAny(workspace);
  if (name.kind === 'as-imported' || (calibration === null && needsCalibration(name))) return null;
  const model = await prepared(workspace, services.compute, job);
  return variantRecipe(name, { options, workspace, model, calibration });
}
