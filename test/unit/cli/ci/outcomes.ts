import type { RunOutcome } from '../../../../src-main/cli/ci/run-outcome';
import type { RunRecord } from '../../../../src-shared/domain/runs/run-record';
import { sampleRecord } from '../../runs/sample-run';

/** A made-up run with a step that was skipped, and gates in all three states. */
export function outcome(changes: Partial<RunRecord> = {}): Extract<RunOutcome, { kind: 'run' }> {
  const base = sampleRecord();
  const record: RunRecord = {
    ...base,
    steps: [
      { step: 'calibration', state: 'done', seconds: 10.4 },
      { step: 'benchmark', state: 'skipped', reason: 'backend ort-cpu only simulates the target tensorrt' },
    ],
    gates: [
      ...base.gates,
      {
        name: 'minInt8Time',
        limit: 80,
        value: null,
        met: false,
        state: 'unjudged',
        variant: 'int8-entropy',
        reason: 'the engine does not report the times of its layers',
        reasonCode: 'no-layer-times',
      },
    ],
    ...changes,
  };
  return {
    kind: 'run',
    project: record.project,
    result: {
      runId: record.runId,
      record,
      readiness: { state: 'refused', code: 'few-runs', reason: '1 comparable run is recorded' },
      anomalies: { anomalies: [], tooFew: [], causes: [] },
      report: '/ci/plates.calib/runs/x/report.html',
    },
  };
}

export const FAILED: RunOutcome = {
  kind: 'failed',
  project: 'broken',
  message: 'Expected <a model> & "images"\u0007',
  exitCode: 4,
};
