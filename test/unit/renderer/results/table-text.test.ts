import { describe, expect, it } from 'vitest';
import { tableAsCsv, tableAsText } from '../../../../src-renderer/features/results/table-text';
import { FP32, MIXED } from './records';

describe('tableAsText', () => {
  it('lines up columns, wide characters included', () => {
    const lines = tableAsText([FP32, MIXED], (column) => (column === 'top1' ? '精度' : column)).split('\n');
    expect(lines).toHaveLength(3);
    expect(lines[2]).toContain('−1.50 pp (−2.50 … −0.50)');
    expect(lines[2]).toContain('91.00 % (night)');
    // 精度 takes four columns, so its right edge is two characters further left than that of the numbers below.
    expect(lines[0]?.indexOf('精度')).toBe((lines[1]?.indexOf('97.00 %') ?? 0) + 3);
    expect(lines[1]?.endsWith('600 kB')).toBe(true);
  });
});

describe('tableAsCsv', () => {
  it('has units in the names, full precision, and empty fields for what is unknown', () => {
    const lines = tableAsCsv([FP32, { ...MIXED, top1: 95.123456789 }]).split('\r\n');
    expect(lines[0]).toBe(
      'variant,backend,top1_percent,top1_difference_pp,worst_group_top1_percent,agreement_percent,output_sqnr_db,latency_median_ms,size_mb,interval95_low_pp,interval95_high_pp,worst_group',
    );
    expect(lines[1]).toBe('fp32,ort-cpu,97,,94,,,0.2,0.6,,,night');
    expect(lines[2]).toBe('mixed,ort-cpu,95.123456789,-1.5,91,97,19.5,0.1,0.2,-2.5,-0.5,night');
  });

  it('quotes names with commas and quotes', () => {
    const csv = tableAsCsv([{ ...FP32, worstGroup: { name: 'night, "wet"', measure: 1, top1: 1 } }]);
    expect(csv).toContain('"night, ""wet"""');
  });
});
