import { describe, expect, it } from 'vitest';
import { whenText } from '../../../../src-renderer/features/start/start-screen';

const now = Date.parse('2026-11-20T12:00:00Z');

describe('whenText', () => {
  it.each([
    ['2026-11-20T11:59:50Z', 'this minute'],
    ['2026-11-20T11:55:00Z', '5 minutes ago'],
    ['2026-11-20T09:00:00Z', '3 hours ago'],
    ['2026-11-19T12:00:00Z', 'yesterday'],
    ['2026-10-01T12:00:00Z', '1 Oct 2026'],
    ['2026-11-21T12:00:00Z', 'this minute'],
    ['not a time', ''],
  ])('%s is %j', (iso, text) => {
    expect(whenText(iso, now, 'en')).toBe(text);
  });

  it('speaks Chinese', () => {
    expect(whenText('2026-11-20T11:55:00Z', now, 'zh')).toBe('5分钟前');
  });
});
