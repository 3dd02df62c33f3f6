import { createHash } from 'node:crypto';
import { cpus } from 'node:os';
import type { RunSpec } from '../../../src-shared/contract/job-specs';
import type { RunRecord } from '../../../src-shared/domain/runs/run-record';
import { decisionsOf } from '../../../src-shared/domain/project/decisions';
import type { JobContext } from '../job-context';
import { defaultThreads } from '../job-context';

/** Increase it if the same inputs would give other results. */
const INPUTS_VERSION = 1;

interface Inputs {
  readonly spec: RunSpec;
  readonly variants: readonly string[];
  readonly sets: RunRecord['sets'];
  readonly metricHash: string | undefined;
}

/** Gates only judge; the image sets are named by the content of their images. */
const NOT_DECIDING: ReadonlySet<string> = new Set(['gates', 'baselineGates', 'calibrationSet', 'validationSet']);

/**
 * Hash of what decides thresholds, plans and accuracy of a run: the content of model and images, the decisions, the
 * options and the versions of the software. Paths, machine, time and gates are not part of it.
 */
export function runInputsHash({ spec, variants, sets, metricHash }: Inputs, job: JobContext): string {
  const { services, workspace } = job;
  const decisions = Object.entries(decisionsOf(workspace.file)).filter(([name]) => !NOT_DECIDING.has(name));
  const { target, backend, activationType, tensorrt, limit, searches, tunes, fixes, tensorrtGridBatch } = spec;
  return sha256Of({
    version: INPUTS_VERSION,
    calib: services.toolVersion,
    onnxruntime: services.onnxruntimeVersion,
    model: [workspace.file.model.sha256, workspace.file.model.weights ?? []],
    sets: [sets.calibration.manifestSha256, sets.validation?.manifestSha256 ?? null],
    decisions: Object.fromEntries(decisions),
    importedThresholds: workspace.file.importedThresholds,
    metricHash: metricHash ?? null,
    variants,
    options: { target, backend, activationType, tensorrt, limit, searches, tunes, fixes, tensorrtGridBatch },
  });
}

/** Hash of the inputs and of what measured times depend on, under which the results of a killed run are kept. */
export function resumeKey(inputsSha256: string, { rounds, threads }: RunSpec): string {
  const machine = [cpus()[0]?.model ?? '', cpus().length];
  return sha256Of({ inputsSha256, machine, rounds, threads: threads ?? defaultThreads() }).slice(0, 16);
}

/** The keys of objects are sorted, so that the order in which decisions were made has no effect. */
function sha256Of(value: unknown): string {
  const text = JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
  return createHash('sha256').update(text).digest('hex');
}
