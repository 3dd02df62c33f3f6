import { expect, it } from 'vitest';
import type { Arrival } from '../../../../src-main/cli/watch/arrivals';
import { Batches } from '../../../../src-main/cli/watch/batches';

const arrivals = (count: number, folder: string | null = null, readyAtMs = 0): Arrival[] =>
  Array.from({ length: count }, (_, i) => ({ path: `/in/${folder ?? ''}/${i}.png`, folder, readyAtMs }));
const sizes = (taken: readonly { readonly files: readonly string[] }[]): number[] =>
  taken.map(({ files }) => files.length);

it('takes full batches, and others when their first image has waited long enough', () => {
  const batches = new Batches({ size: 64, patienceMs: 1000, isByFolder: false });
  batches.add(arrivals(150));
  expect(sizes(batches.take(0, false))).toEqual([64, 64]);
  expect(batches.waiting).toBe(22);
  expect(sizes(batches.take(999, false))).toEqual([]);
  expect(sizes(batches.take(1000, false))).toEqual([22]);
});

it('adds a rest that is too small to be judged to the batch before it', () => {
  const batches = new Batches({ size: 64, patienceMs: 1000, isByFolder: false });
  batches.add(arrivals(74));
  expect(sizes(batches.take(0, true))).toEqual([74]);
  batches.add(arrivals(5));
  expect(sizes(batches.take(0, true))).toEqual([5]);
});

it('keeps sub-folders apart, and puts a batch back', () => {
  const batches = new Batches({ size: 16, patienceMs: 1000, isByFolder: true });
  batches.add([...arrivals(16, 'front'), ...arrivals(20, 'rear'), ...arrivals(3)]);
  const taken = batches.take(0, false);
  expect(taken.map(({ group, files }) => [group, files.length])).toEqual([
    ['front', 16],
    ['rear', 16],
  ]);
  const [first] = taken;
  if (first !== undefined) batches.putBack(first, 5);
  expect(batches.waiting).toBe(23);
  expect(batches.take(6, false).map(({ group }) => group)).toEqual(['front']);
});
