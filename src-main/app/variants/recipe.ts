import { basename } from 'node:path';
import { layerId } from '../../../src-shared/base/brand';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { withRepair } from '../../../src-shared/domain/project/precision';
import { lowFormatOf, planOfVariant, type VariantName } from '../../../src-shared/domain/project/variant';
import type { Trial } from '../../analysis/trials';
import type { StoredCalibration } from '../../calibration/histograms/calibration-store';
import { learnedInUse, thresholdsInUse } from '../../calibration/histograms/threshold-table';
import type { RewriteParams } from '../../compute/pool/protocol';
import type { Model } from '../../onnx/graph/model';
import { withoutRedundantInt8 } from '../../quantization/placement/presets';
import { rangesOf, shortHash, type Workspace } from '../projects/workspace';
import type { VariantOptions } from './options';

/**
 * Version of the model rewriter. It is part of every engine's key and of every trial's key; raise it when the same plan
 * and thresholds produce another model.
 */
export const REWRITE_VERSION = 8;

/**
 * Everything that determines the graph of a variant: prepared model, plan, thresholds, value ranges, target. Biases
 * and roundings that were learned are part of it; those of bias correction are added by withCorrectedBiases.
 */
export type VariantRecipe = Omit<RewriteParams, 'outPath' | 'materialize' | 'purpose' | 'mustRun'>;

/** What a recipe is made from. */
export interface RecipeSource {
  readonly options: Pick<VariantOptions, 'target' | 'activationType'>;
  readonly workspace: Workspace;
  /** The prepared model. */
  readonly model: Model;
  readonly calibration: StoredCalibration | null;
}

/** @throws WorkbenchError usage for asymmetric activations with another target than onnxruntime */
export function variantRecipe(
  name: VariantName,
  { options, workspace, model, calibration }: RecipeSource,
): VariantRecipe {
  if (options.activationType === 'uint8' && options.target !== 'onnxruntime') {
    throw new WorkbenchError(
      'usage',
      'Asymmetric UINT8 activations exist for the target onnxruntime only; TensorRT accepts only zero point 0',
    );
  }
  const layers = model.graph.node.map((node) => layerId(node.name));
  const format = lowFormatOf(name);
  const planned = planOfVariant(name, workspace.file.plan, layers);
  // What was learned or corrected for the dense weights does not suit pruned ones.
  const plan = name.isSparse === undefined ? planned : withRepair(planned, 'biasCorrection', false);
  return {
    preparedDir: workspace.preparedDir,
    target: options.target,
    plan: withoutRedundantInt8(plan, model, options.target),
    thresholds:
      calibration && needsThresholds(name)
        ? thresholdsInUse(calibration, { ...workspace.file, target: options.target }, name.method ?? undefined)
        : {},
    ...(calibration && needsThresholds(name) && name.isSparse === undefined
      ? learnedInUse(calibration, workspace.file, name.method ?? undefined)
      : {}),
    ranges: rangesOf(calibration),
    activationType: options.activationType,
    ...(format === null ? {} : { format }),
    ...(name.isSparse === undefined ? {} : { isPruned: true }),
  };
}

/** The model of a recipe as trials run it, with INT8 activations. */
export function trialOfRecipe({ plan, thresholds, biases, roundings }: VariantRecipe): Trial {
  return {
    plan,
    thresholds,
    ...(biases === undefined ? {} : { biases }),
    ...(roundings === undefined ? {} : { roundings }),
  };
}

/** Whether a variant has INT8 layers, whose scales come from thresholds. */
export function needsThresholds({ kind }: VariantName): boolean {
  return kind === 'int8' || kind === 'mixed';
}

/** Whether a variant needs calibration: thresholds, or for FP8 the largest magnitudes. */
export function needsCalibration(name: VariantName): boolean {
  return needsThresholds(name) || name.kind === 'fp8';
}

/** The recipe without the location of the project, for use in keys: a project that is moved keeps its engines. */
export function portableRecipe(recipe: VariantRecipe): VariantRecipe {
  return { ...recipe, preparedDir: basename(recipe.preparedDir) };
}

/**
 * Hash of a recipe. It tells whether an engine was built from the variant as it is now. Unlike the key of the engine's
 * folder it does not depend on the GPU, so that it can be compared on any machine.
 */
export function recipeHash(recipe: VariantRecipe): string {
  return shortHash({ rewrite: REWRITE_VERSION, ...portableRecipe(recipe) });
}
