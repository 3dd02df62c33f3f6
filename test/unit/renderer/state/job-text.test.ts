import { describe, expect, it } from 'vitest';
import { endText, jobText } from '../../../../src-renderer/state/job-text';
import { jobSnapshot } from '../state/fake-api';

const rate = { phase: 'collecting histograms', atMs: 0, done: 0, perSecond: 38.2 };

describe('jobText', () => {
  it('says how far, how fast and how long', () => {
    expect(jobText(jobSnapshot({ done: 212, total: 400, etaSeconds: 4.2 }), rate)).toEqual({
      kind: 'Calibrate',
      phase: 'collecting histograms',
      count: '212 / 400 images',
      rate: '38.2 images/s',
      eta: '5 s left',
    });
  });

  it('says nothing that is not known', () => {
    expect(jobText(jobSnapshot({ total: 0, done: 0, etaSeconds: null }), undefined)).toMatchObject({
      count: '',
      rate: '',
      eta: '',
    });
    expect(jobText(jobSnapshot({ phase: 'validating' }), rate).rate).toBe('');
    expect(jobText(jobSnapshot({ state: 'queued', phase: 'waiting' }), undefined)).toMatchObject({
      phase: 'waiting',
      count: '',
      eta: '',
    });
  });

  it('shows a phase that it does not know as it is', () => {
    expect(jobText(jobSnapshot({ phase: 'polishing', unit: 'mirrors' }), undefined)).toMatchObject({
      phase: 'polishing',
      count: '10 / 100 mirrors',
    });
  });
});

describe('endText', () => {
  it('says how a job ended', () => {
    const error = { code: 'images-empty', message: 'No usable image' } as const;
    expect(endText(jobSnapshot({ state: 'failed', error }))).toBe('Calibrate failed: No usable image');
    expect(endText(jobSnapshot({ state: 'done' }))).toBe('Calibrate: done');
    expect(endText(jobSnapshot({ state: 'cancelled', forced: true }))).toMatch(/its process was ended/);
  });
});
