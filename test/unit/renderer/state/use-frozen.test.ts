// @vitest-environment jsdom
import { cleanup, renderHook } from '@testing-library/react';
import { afterEach, expect, it, vi } from 'vitest';
import { useFrozen } from '../../../../src-renderer/state/use-frozen';

afterEach(cleanup);

it('keeps its value until a key changes, whatever else changes', () => {
  const make = vi.fn((value: number) => ({ value }));
  const { result, rerender } = renderHook(({ key, value }) => useFrozen([key], () => make(value)), {
    initialProps: { key: 'a', value: 1 },
  });
  const first = result.current;
  rerender({ key: 'a', value: 2 });
  expect(result.current).toBe(first);
  rerender({ key: 'b', value: 3 });
  expect(result.current).toEqual({ value: 3 });
  rerender({ key: 'b', value: 4 });
  expect(result.current).toEqual({ value: 3 });
  expect(make).toHaveBeenCalledTimes(2);
});
