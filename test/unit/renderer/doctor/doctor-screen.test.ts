import { describe, expect, it } from 'vitest';
import { doctorText, doctorVerdict } from '../../../../src-renderer/features/doctor/doctor-screen';

const ok = { name: 'Node.js', state: 'ok', found: '20.20.0', required: true } as const;
const limited = {
  name: 'backend tensorrt',
  state: 'warning',
  found: 'not found',
  hint: 'Install it.',
  required: false,
} as const;

describe('doctor', () => {
  it('is broken only by what is required', () => {
    expect(doctorVerdict({ checks: [ok] })).toBe('ready');
    expect(doctorVerdict({ checks: [ok, limited, { ...limited, state: 'missing' }] })).toBe('partial');
    expect(doctorVerdict({ checks: [{ ...ok, state: 'missing' }, limited] })).toBe('broken');
  });

  it('writes a line per part and its hint under it', () => {
    expect(doctorText({ checks: [ok, limited] })).toBe(
      'ok      Node.js: 20.20.0\nwarning backend tensorrt: not found\n        Install it.',
    );
  });
});
