import { describe, expect, it } from 'vitest';
import { prometheusText } from '../../../../src-main/cli/ci/prometheus';
import { entryAt } from '../../domain/history/entries';

describe('prometheusText', () => {
  it('has one sample for each value and gate, with units in the names', () => {
    const entry = entryAt(0, {
      project: 'a"b\\c\n',
      variant: 'mixed',
      hardware: 'CPU',
      branch: 'main',
      values: { latencyMs: 1.5, p99LatencyMs: 2, throughputPerSecond: 600, gain: 2, outputSqnrDb: 30, memoryMb: 4 },
      gates: [{ name: 'maxDrop', state: 'unjudged', value: null, limit: 0.5 }],
    });
    const own = 'project="a\\"b\\\\c\\n",variant="mixed",branch="main",hardware="CPU"';
    expect(prometheusText([entry]).split('\n')).toEqual([
      '# HELP calib_output_sqnr_decibel output SQNR of the shipped variant',
      '# TYPE calib_output_sqnr_decibel gauge',
      `calib_output_sqnr_decibel{${own}} 30`,
      '# HELP calib_latency_milliseconds median latency of the shipped variant',
      '# TYPE calib_latency_milliseconds gauge',
      `calib_latency_milliseconds{${own}} 1.5`,
      '# HELP calib_p99_latency_milliseconds P99 latency of the shipped variant',
      '# TYPE calib_p99_latency_milliseconds gauge',
      `calib_p99_latency_milliseconds{${own}} 2`,
      '# HELP calib_gain_ratio speed against FP32 of the shipped variant',
      '# TYPE calib_gain_ratio gauge',
      `calib_gain_ratio{${own}} 2`,
      '# HELP calib_throughput_per_second throughput of the shipped variant',
      '# TYPE calib_throughput_per_second gauge',
      `calib_throughput_per_second{${own}} 600`,
      '# HELP calib_memory_megabytes memory of the shipped variant',
      '# TYPE calib_memory_megabytes gauge',
      `calib_memory_megabytes{${own}} 4`,
      '# HELP calib_gate_met whether a gate is met; 0 also if it could not be judged',
      '# TYPE calib_gate_met gauge',
      `calib_gate_met{${own},gate="maxDrop",state="unjudged"} 0`,
      '# HELP calib_run_timestamp_seconds time of the run',
      '# TYPE calib_run_timestamp_seconds gauge',
      `calib_run_timestamp_seconds{${own}} 1767225600`,
      '',
    ]);
  });
});
