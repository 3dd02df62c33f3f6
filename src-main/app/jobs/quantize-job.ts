import { WorkbenchError } from '../../../src-shared/base/errors';
import type { QuantizeResult } from '../../../src-shared/contract/job-results';
import type { QuantizeSpec } from '../../../src-shared/contract/job-specs';
import { isQuestion, parseVariant } from '../../../src-shared/domain/project/variant';
import { checkOutputPath } from '../projects/output-path';
import { openCalibration, openCalibrationIfAny, prepared } from '../projects/workspace';
import { methodWarnings } from '../analysis/method-warnings';
import type { JobContext } from '../job-context';
import { withCorrectedBiases } from '../variants/bias-correction';
import { ensureAutoFor, ensureCosts } from '../analysis/needed-decisions';
import { fp8TargetReason, modelReason } from '../variants/questions';
import { needsCalibration, variantRecipe } from '../variants/recipe';

const OTHERS = 'Choose another variant: int8, mixed, fp16, fp32, fp8 or w4.';

/** Writes a variant as a self-contained model file. */
export async function quantizeJob(spec: QuantizeSpec, job: JobContext): Promise<QuantizeResult> {
  const { workspace, services } = job;
  checkOutputPath(spec.outPath, workspace);
  const model = await prepared(workspace, services.compute, job);
  const name = parseVariant(spec.variant);
  if (name.kind === 'as-imported')
    throw new WorkbenchError(
      'usage',
      `The variant as-imported is the model file itself: ${workspace.file.model.path}`,
      {
        hint: OTHERS,
      },
    );
  const obstacle = isQuestion(name.text) ? modelReason(name, model, spec) : null;
  const reason = fp8TargetReason(name, spec.target) ?? obstacle?.reason ?? null;
  if (reason !== null) throw new WorkbenchError('model-unsupported', `${name.text}: ${reason}`, { hint: OTHERS });
  await ensureAutoFor({ variants: [name.text], target: spec.target }, job);
  await ensureCosts({ variant: name.text, target: spec.target }, job);
  const calibration = needsCalibration(name) ? await openCalibration(workspace) : await openCalibrationIfAny(workspace);
  const options = { target: spec.target, activationType: spec.activationType ?? 'int8' } as const;
  const recipe = await withCorrectedBiases(
    variantRecipe(name, { options, workspace, model, calibration }),
    undefined,
    job,
  );
  const result = await services.compute.request(
    'rewrite',
    {
      ...recipe,
      purpose: 'engine',
      outPath: spec.outPath,
      materialize: true,
      mustRun: true,
      ...(spec.io === undefined ? {} : { io: spec.io }),
    },
    job,
  );
  const { warnings, chosenMethod } = methodWarnings({
    workspace,
    calibration,
    model,
    target: spec.target,
    variant: name,
  });
  return {
    out: spec.outPath,
    variant: name.text,
    target: spec.target,
    ...result,
    warnings,
    ...(chosenMethod === undefined ? {} : { chosenMethod }),
  };
}
