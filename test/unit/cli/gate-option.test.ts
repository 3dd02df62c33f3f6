import { describe, expect, it } from 'vitest';
import { parseGate } from '../../../src-main/cli/gate-option';

describe('parseGate', () => {
  it.each([
    ['maxDrop=0.5', { name: 'maxDrop', limit: 0.5 }],
    ['maxP99LatencyMs=50', { name: 'maxP99LatencyMs', limit: 50 }],
    ['maxDrop=none', { name: 'maxDrop', limit: null, baseline: null }],
    ['maxLatencyMs=baseline+5%', { name: 'maxLatencyMs', baseline: { margin: 5, isPercent: true } }],
    ['minTop1=baseline-0.2', { name: 'minTop1', baseline: { margin: 0.2 } }],
    ['maxSizeMb=baseline', { name: 'maxSizeMb', baseline: { margin: 0 } }],
  ])('reads %s', (given, expected) => {
    expect(parseGate(given)).toEqual(expected);
  });

  it.each([
    ['minTop1=baseline+1', 'baseline-N or baseline-N%'],
    ['maxLatencyMs=baseline-5%', 'baseline+N or baseline+N%'],
    ['maxLatencyMs=baseline+x', 'baseline+N'],
    ['maxLatencyMs=baseline+-3', 'baseline+N'],
    ['maxSpeed=1', 'maxLatencyMs'],
    ['maxDrop', 'NAME=VALUE'],
    ['maxDrop=-1', '0 or more'],
    ['minInt8Time=0.8', 'Did you mean 80'],
    ['minAgreement=101', 'at most 100'],
  ])('refuses %s', (given, message) => {
    expect(() => parseGate(given)).toThrow(message);
  });
});
