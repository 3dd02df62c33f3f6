import { beforeEach, describe, expect, it, vi } from 'vitest';
import { useHistograms } from '../../../../src-renderer/state/histograms';
import { useSession } from '../../../../src-renderer/state/session';
import { fakeApi, type FakeApi } from './fake-api';

const entries = () => useHistograms.getState().entries;
let fake: FakeApi;
/** Requests that wait for an answer, by tensor. */
let waiting: Map<string, (view: unknown) => void>;

beforeEach(async () => {
  fake = fakeApi();
  waiting = new Map();
  fake.answers.getHistogram = ({ tensor }: { tensor: string }) =>
    new Promise((resolve) => waiting.set(tensor, resolve));
  useSession.getState().connect(fake.api);
  await useSession.getState().openProject('/data/a.calib');
});

const answer = async (tensor: string): Promise<void> => {
  await vi.waitFor(() => expect(waiting.has(tensor)).toBe(true));
  waiting.get(tensor)?.({ name: tensor });
  waiting.delete(tensor);
};

describe('histograms', () => {
  it('asks once for a tensor and keeps the answer', async () => {
    const asked = fake.calls.length;
    useHistograms.getState().request('a');
    useHistograms.getState().request('a');
    await answer('a');
    await vi.waitFor(() => expect(entries().get('a')).toEqual({ name: 'a' }));
    useHistograms.getState().request('a');
    expect(fake.calls.slice(asked)).toEqual(['getHistogram']);
  });

  it('asks for four at a time, and next for what was wished last', async () => {
    for (const tensor of ['a', 'b', 'c', 'd', 'e', 'f']) useHistograms.getState().request(tensor);
    await vi.waitFor(() => expect([...waiting.keys()]).toEqual(['a', 'b', 'c', 'd']));
    await answer('a');
    await vi.waitFor(() => expect(waiting.has('f')).toBe(true));
    expect(waiting.has('e')).toBe(false);
    for (const tensor of ['b', 'c', 'd', 'f', 'e']) await answer(tensor);
  });

  it('drops everything, also what is on its way, when the calibration changes', async () => {
    useHistograms.getState().request('a');
    useHistograms.getState().request('b');
    await answer('a');
    await vi.waitFor(() => expect(entries().get('a')).toBeInstanceOf(Object));
    await useSession.getState().refresh({ isCalibrationNew: true });
    expect(entries().size).toBe(0);
    await answer('b');
    await Promise.resolve();
    expect(entries().has('b')).toBe(false);
  });

  it('keeps the 120 that were stored last', async () => {
    fake.answers.getHistogram = ({ tensor }: { tensor: string }) => ({ name: tensor });
    for (let i = 0; i < 130; i += 1) {
      useHistograms.getState().request(`t${i}`);
      await vi.waitFor(() => expect(entries().get(`t${i}`)).toEqual({ name: `t${i}` }), { interval: 1 });
    }
    expect(entries().size).toBe(120);
    expect(entries().has('t9')).toBe(false);
    expect(entries().has('t10')).toBe(true);
  });

  it('hands out the error of a tensor that cannot be had', async () => {
    fake.answers.getHistogram = () => {
      throw new Error('There is no tensor "x"');
    };
    useHistograms.getState().request('x');
    await vi.waitFor(() => expect(entries().get('x')).toEqual(new Error('There is no tensor "x"')));
  });
});
