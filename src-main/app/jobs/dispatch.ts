import { unreachable } from '../../../src-shared/base/assert';
import type { JobResult } from '../../../src-shared/contract/job-results';
import type { JobSpec } from '../../../src-shared/contract/job-specs';
import type { JobContext } from '../job-context';
import { adviseJob } from './advise-job';
import { benchJob, buildJob } from './bench-job';
import { calibrateJob } from './calibrate-job';
import { diagnoseJob } from './diagnose-job';
import { driftJob } from './drift-job';
import { fixJob } from './fix-job';
import { healthJob } from './health-job';
import { learnJob } from './learn-job';
import { mergeJob } from './merge-job';
import { packageJob } from './package-job';
import { pickJob } from './pick-job';
import { prepareJob } from './prepare-job';
import { quantizeJob } from './quantize-job';
import { repairJob } from './repair-job';
import { runJob } from './run-job';
import { searchJob } from './search-job';
import { sensitivityJob } from './sensitivity-job';
import { shardJob } from './shard-job';
import { tuneJob } from './tune-job';
import { validateJob } from './validate-job';
import { chooseAutoThresholds } from '../analysis/auto-thresholds';
import { decideBestMethod } from '../analysis/best-decision';
import { findSmoothing } from '../analysis/smoothing';

/** Runs the job that a specification describes, and returns its result. */
export function dispatchJob(spec: JobSpec, job: JobContext): Promise<JobResult> {
  switch (spec.kind) {
    case 'calibrate':
      return calibrateJob(spec, job);
    case 'prepare':
      return prepareJob(spec, job);
    case 'merge':
      return mergeJob(spec, job);
    case 'quantize':
      return quantizeJob(spec, job);
    case 'package':
      return packageJob(spec, job);
    case 'validate':
      return validateJob(spec, job);
    case 'build':
      return buildJob(spec, job);
    case 'bench':
      return benchJob(spec, job);
    case 'tune':
      return tuneJob(spec, job);
    case 'run':
      return runJob(spec, job);
    case 'sensitivity':
      return sensitivityJob(spec, job);
    case 'shard':
      return shardJob(spec, job);
    case 'best':
      return decideBestMethod({ ...spec, fresh: true }, job);
    case 'auto':
      return chooseAutoThresholds(spec, job);
    case 'search':
      return searchJob(spec, job);
    case 'diagnose':
      return diagnoseJob(spec, job);
    case 'advise':
      return adviseJob(spec, job);
    case 'repair':
      return repairJob(spec, job);
    case 'fix':
      return fixJob(spec, job);
    case 'smooth':
      return findSmoothing(spec, job);
    case 'learn':
      return learnJob(spec, job);
    case 'health':
      return healthJob(spec, job);
    case 'drift':
      return driftJob(spec, job);
    case 'pick':
      return pickJob(spec, job);
    default:
      return unreachable(spec);
  }
}
