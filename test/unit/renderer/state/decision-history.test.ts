import { describe, expect, it } from 'vitest';
import { EMPTY_HISTORY, recordStep } from '../../../../src-renderer/state/decision-history';
import { applyChange, decisionsOf, isSame, withDecisions } from '../../../../src-shared/domain/project/decisions';
import { projectView } from './fake-api';

const decisions = (changes: Parameters<typeof projectView>[1] = {}) => decisionsOf(projectView('/p', changes).file);

describe('applyChange', () => {
  it('takes back one threshold and keeps the one that another window set meanwhile', () => {
    const before = decisions();
    const after = decisions({ manualThresholds: { a: 1 } });
    const current = decisions({ manualThresholds: { a: 1, b: 2 } });
    expect(applyChange(current, after, before).manualThresholds).toEqual({ b: 2 });
    expect(applyChange(decisions({ manualThresholds: { b: 2 } }), before, after).manualThresholds).toEqual({
      a: 1,
      b: 2,
    });
  });

  it('brings back the precision that a layer had', () => {
    const before = decisions({ plan: { layers: { conv: 'fp16', head: 'fp32' } } });
    const after = decisions({ plan: { layers: { conv: 'fp32', head: 'fp32' } } });
    expect(applyChange(after, after, before).plan.layers).toEqual({ conv: 'fp16', head: 'fp32' });
  });

  it('takes gates limit by limit and everything else as a whole', () => {
    const before = decisions();
    const after = decisions({ gates: { ...before.gates, minTop1: 99 }, method: 'mse' });
    const current = decisions({
      gates: { ...before.gates, minTop1: 99, maxLatencyMs: 2 },
      method: 'mse',
      target: 'tensorrt',
    });
    const undone = applyChange(current, after, before);
    expect(undone.gates).toEqual({ ...before.gates, maxLatencyMs: 2 });
    expect([undone.method, undone.target]).toEqual(['entropy', 'tensorrt']);
  });

  it('goes back to an undecided task', () => {
    const before = decisions();
    const after = decisions({ task: { kind: 'classification' } });
    expect(applyChange(before, before, after).task).toEqual({ kind: 'classification' });
    const undone = applyChange(after, after, before);
    expect(undone).toEqual(before);
    const { file } = projectView('/p', { task: { kind: 'classification' } });
    expect(withDecisions(file, undone)).not.toHaveProperty('task');
  });

  it('keeps a tensor that is named like a property of every object', () => {
    const after = decisions({ manualThresholds: { constructor: 1, toString: 2 } });
    expect(applyChange(decisions(), decisions(), after).manualThresholds).toEqual({ constructor: 1, toString: 2 });
  });
});

describe('recordStep', () => {
  it('drops what could be redone, and is no step when nothing changed', () => {
    const step = { name: 'MSE', before: decisions(), after: decisions({ method: 'mse' }) };
    const history = recordStep({ undoable: [], redoable: [step] }, step);
    expect(history).toEqual({ undoable: [step], redoable: [] });
    expect(recordStep(history, { name: 'nothing', before: step.before, after: step.before })).toBe(history);
  });

  it('keeps the last 200 steps', () => {
    let history = EMPTY_HISTORY;
    for (let i = 0; i < 250; i += 1)
      history = recordStep(history, {
        name: String(i),
        before: decisions({ percentile: i }),
        after: decisions({ percentile: i + 1 }),
      });
    expect([history.undoable.length, history.undoable[0]?.name, history.undoable.at(-1)?.name]).toEqual([
      200,
      '50',
      '249',
    ]);
  });
});

describe('isSame', () => {
  it('does not care about the order of keys, but about missing ones', () => {
    expect(isSame({ a: 1, b: [1, { c: 2 }] }, { b: [1, { c: 2 }], a: 1 })).toBe(true);
    expect(isSame({ a: undefined }, { b: undefined })).toBe(false);
    expect(isSame([1, 2], [1])).toBe(false);
    expect(isSame(null, {})).toBe(false);
  });
});
