import { expect, it } from 'vitest';
import { distinctEngines, withRepetitions } from '../../../../src-main/app/variants/built-variant';

const built = (variant: string, dir: string) => ({
  dir,
  runnable: { kind: 'engine', variant, enginePath: dir, sha256: '', device: 0 } as const,
});
const BUILT = [built('fp32', 'a'), built('int8-minmax', 'b'), built('int8-entropy', 'c'), built('mixed', 'c')];

it('runs an engine once, whatever names it was asked for with', () => {
  expect(distinctEngines(BUILT).map(({ runnable }) => runnable.variant)).toEqual([
    'fp32',
    'int8-minmax',
    'int8-entropy',
  ]);
});

it('keeps every name in the results, with what it is the same as', () => {
  const timed = [1, 8].flatMap((batch) =>
    distinctEngines(BUILT).map(({ runnable: { variant } }) => ({ variant, batch })),
  );
  const all = withRepetitions(timed, BUILT);
  expect(all.filter(({ variant }) => variant === 'mixed')).toEqual([
    { variant: 'mixed', batch: 1, sameAs: 'int8-entropy' },
    { variant: 'mixed', batch: 8, sameAs: 'int8-entropy' },
  ]);
  expect(all).toHaveLength(8);
  expect(all.find(({ variant }) => variant === 'int8-entropy')).not.toHaveProperty('sameAs');
});
