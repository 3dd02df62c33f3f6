import { describe, expect, it } from 'vitest';
import { withPareto } from '../../../../src-main/app/fix/latency';
import { chosenPlan, concluded, type Ended } from '../../../../src-main/app/fix/summary';
import type { FixPlan } from '../../../../src-shared/domain/analysis/fix';

function plan(change: Partial<FixPlan> & { readonly drop: number }): FixPlan {
  const { drop } = change;
  return {
    stage: 'methods',
    decisions: { method: 'mse', tensorMethods: {}, plan: { layers: {} } },
    methods: ['mse'],
    repairs: [],
    fp16Layers: [],
    error: drop / 100,
    measure: { name: 'top-1', value: 90 - drop, higherIsBetter: true },
    difference: { value: -drop, interval95: [-drop - 0.4, 0.4 - drop] },
    gates: [{ name: 'maxDrop', limit: 0.5, value: drop, met: drop <= 0.5, state: 'missed', variant: 'mixed' }],
    met: drop <= 0.5,
    latencyMs: 1 + (change.fp16Layers?.length ?? 0) / 10,
    latencyKind: 'modelled',
    isPareto: false,
    ...change,
  };
}

const ended = (plans: readonly FixPlan[], change: Partial<Ended> = {}): Ended => ({
  target: 'tensorrt',
  backend: 'ort-cpu',
  isFinished: false,
  judgedOn: 'validation',
  images: 640,
  choosingImages: 128,
  fp32: { measure: { name: 'top-1', value: 90, higherIsBetter: true } },
  limits: { maxDrop: 0.5 },
  stages: [],
  plans,
  references: [],
  seconds: 1,
  createdAt: '2026-01-01T00:00:00.000Z',
  ...change,
});

describe('chosenPlan', () => {
  it('prefers all INT8, then fewer released layers, then the smaller loss', () => {
    const released = plan({ drop: 0, fp16Layers: ['a', 'b'] });
    expect(chosenPlan([released, plan({ drop: 0.4 }), plan({ drop: 0.3 })])).toBe(2);
    expect(chosenPlan([released, plan({ drop: 0.6 }), plan({ drop: 0.4, fp16Layers: ['a'] })])).toBe(2);
    expect(chosenPlan([plan({ drop: 0.6 })])).toBeNull();
  });

  it('prefers fewer repairs among plans with equally many released layers', () => {
    const repaired = plan({ drop: 0.1, repairs: ['smoothing', 'biasCorrection'], fp16Layers: ['a'] });
    expect(chosenPlan([repaired, plan({ drop: 0.3, fp16Layers: ['b'] })])).toBe(1);
  });

  it('prefers the fastest plan where all that meet the gates were timed', () => {
    const slow = plan({ drop: 0.4, latencyMs: 3, latencyKind: 'measured' });
    const fast = plan({ drop: 0.4, latencyMs: 2, latencyKind: 'measured', fp16Layers: ['a'] });
    expect(chosenPlan([slow, fast])).toBe(1);
    expect(chosenPlan([slow, { ...fast, latencyKind: 'modelled' }])).toBe(0);
  });
});

describe('withPareto', () => {
  it('leaves out plans with more FP16 layers that are no better', () => {
    const front = withPareto([
      plan({ drop: 0.6 }),
      plan({ drop: 0.2, fp16Layers: ['a'] }),
      plan({ drop: 0.3, fp16Layers: ['a', 'b'] }),
    ]);
    expect(front.map(({ isPareto }) => isPareto)).toEqual([true, true, false]);
  });

  it('judges a plan by the group that loses most', () => {
    const [all, group] = withPareto([
      plan({ drop: 0.2, worstGroupDrop: 3 }),
      plan({ drop: 0.3, worstGroupDrop: 0.5, fp16Layers: ['a'] }),
    ]);
    expect([all?.isPareto, group?.isPareto]).toEqual([true, true]);
  });
});

describe('concluded', () => {
  it('says so if FP32 does not meet the gate either', () => {
    const notesFor = (limit: number): string => {
      const gate = { name: 'minTop1', limit, value: 89, met: false, state: 'missed', variant: 'mixed' } as const;
      return concluded(ended([plan({ drop: 1, gates: [gate] })]), { isFinished: true }).notes.join(' ');
    };
    expect(notesFor(95)).toContain('FP32 itself does not meet minTop1: top-1 90.00, the limit is 95.00.');
    expect(notesFor(89.5)).not.toContain('FP32 itself');
  });

  it('explains the end in one sentence, with the number of plans that were judged', () => {
    const { reason, notes, chosen } = concluded(ended([plan({ drop: 0.8 }), plan({ drop: 0.2 })]), {
      isFinished: true,
    });
    expect(chosen).toBe(1);
    expect(reason).toBe(
      'The gates are met by mse for all tensors, all layers in INT8: top-1 89.80 % on 640 validation images; 2 plans judged.',
    );
    expect(notes.join(' ')).toContain('−0.60 to 0.20');
    expect(notes.join(' ')).toContain('best of 2 plans');
  });

  it('names the plan that exceeds its limits least where none meets them', () => {
    const { chosen, nearest, reason } = concluded(ended([plan({ drop: 2 }), plan({ drop: 0.8 }), plan({ drop: 3 })]), {
      isFinished: true,
    });
    expect([chosen, nearest]).toEqual([null, 1]);
    expect(reason).toContain('No plan meets the gates; the nearest is');
  });

  it('says so when FP16 is both faster and safer, and only where it was timed', () => {
    const own = plan({ drop: 0.4, latencyMs: 2, latencyKind: 'measured' });
    const references = [{ variant: 'fp16', latencyMs: 1, latencyKind: 'measured' }] as const;
    const safer = concluded(ended([own], { references }), { isFinished: true, fp16: { drop: 0, met: true } });
    expect(safer.notes[0]).toBe('FP16 is both faster and safer (this plan is 2.0x slower): ship FP16.');
    const riskier = concluded(ended([own], { references }), { isFinished: true, fp16: { drop: 1, met: false } });
    expect(riskier.notes[0]).toContain('compare before you ship');
    const modelled = ended([plan({ drop: 0.4, latencyMs: 2 })], { references });
    expect(concluded(modelled, { isFinished: true }).notes.join(' ')).not.toContain('FP16');
  });
});
