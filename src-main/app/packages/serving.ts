import { join } from 'node:path';
import type { Warning } from '../../../src-shared/contract/job-results';
import type { PackageSpec } from '../../../src-shared/contract/job-specs';
import type { BenchmarkVariantRecord } from '../../../src-shared/domain/runs/run-record';
import { servingAdvice, servingSentence } from '../../../src-shared/domain/runs/serving-advice';
import type { TritonServing } from '../../packages/triton-config';
import { readHistory } from '../../runs/history';
import { loadRun } from '../../runs/run-store';
import type { JobContext } from '../job-context';

/** Without a limit, and without measurements. */
const DEFAULTS = { instances: 1, maxBatch: 32, queueDelayUs: 100 } as const;
/** Newest runs among which one with the variant is looked for. */
const RUNS = 20;

type Batching = Pick<TritonServing, 'instances' | 'maxBatch' | 'queueDelayUs' | 'preferredBatches'>;

/**
 * How a server batches a packed variant: what the specification says, else what the measured latencies advise for its
 * P99 limit or that of the project's gate. The advice is returned as a note.
 * @param variant name in the runs.
 */
export async function batchingOf(
  spec: PackageSpec,
  variant: string,
  { workspace }: Pick<JobContext, 'workspace'>,
): Promise<{ readonly batching: Batching; readonly notes: readonly Warning[] }> {
  const given = {
    instances: spec.instances ?? DEFAULTS.instances,
    maxBatch: spec.maxBatch ?? DEFAULTS.maxBatch,
    queueDelayUs: spec.queueDelayUs ?? DEFAULTS.queueDelayUs,
    preferredBatches: [],
  };
  const limitMs = spec.p99LimitMs ?? workspace.file.gates.maxP99LatencyMs ?? null;
  if (limitMs === null) return { batching: given, notes: [] };
  const advice = servingAdvice(await measuredPoints(workspace.path, spec.backend, variant), variant, limitMs);
  const notes = [{ code: 'serving-advice', message: servingSentence(advice) }];
  if (advice.state !== 'advised') return { batching: given, notes };
  const batching = {
    instances: spec.instances ?? advice.instances,
    maxBatch: spec.maxBatch ?? advice.batch,
    queueDelayUs: spec.queueDelayUs ?? advice.queueDelayUs,
    preferredBatches: advice.preferredBatches,
  };
  return { batching, notes };
}

/** The points of the newest run that timed a variant on a backend; on one device. */
async function measuredPoints(
  projectPath: string,
  backend: PackageSpec['backend'],
  variant: string,
): Promise<readonly BenchmarkVariantRecord[]> {
  const { entries } = await readHistory(join(projectPath, 'runs'));
  for (const { runId } of entries.filter((entry) => entry.backend === backend).slice(0, RUNS)) {
    const own = (await loadRun(projectPath, runId)).benchmark?.variants.filter((record) => record.variant === variant);
    const [first] = own ?? [];
    if (first !== undefined) return (own ?? []).filter(({ device }) => device?.index === first.device?.index);
  }
  return [];
}
