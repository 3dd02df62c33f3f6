// @vitest-environment jsdom
import { cleanup, render, screen, within } from '@testing-library/react';
import { createElement } from 'react';
import { afterEach, expect, it } from 'vitest';
import { LatencySection } from '../../../../src-renderer/features/results/latency-section';
import { setLanguage } from '../../../../src-renderer/i18n';
import type { BenchmarkRecord } from '../../../../src-shared/domain/runs/run-record';
import { bench } from './records';

afterEach(cleanup);

function shapesOf(benchmark: BenchmarkRecord): string[][] | null {
  setLanguage('en');
  render(createElement(LatencySection, { benchmark, shipped: [] }));
  const region = screen.queryByRole('region', { name: 'Latency by shape' });
  if (region === null) return null;
  const cells = (row: HTMLElement): string[] => [...row.children].map((cell) => cell.textContent);
  return within(region).getAllByRole('row').slice(1).map(cells);
}

const FP32 = bench('fp32', [1, 1, 1, 1, 1, 1]);
const INT8 = bench('int8', [0.5, 0.5, 0.5, 0.5, 0.5, 0.5], [0.4, 0.5, 0.6]);
const of = (...variants: BenchmarkRecord['variants']): BenchmarkRecord => ({
  backend: 'tensorrt',
  device: 'GPU',
  threads: 1,
  rounds: 3,
  variants,
});

it('shows the latency at the ends of the optimization profiles where it was measured', () => {
  const { latencyMs, ratioToFp32 } = INT8;
  const at = (point: 'min' | 'max', size: number) => ({
    profile: 1,
    at: point,
    inputs: [{ name: 'x', dims: [1, 3, size, size] }],
    latencyMs,
    ...(ratioToFp32 === undefined ? {} : { ratioToFp32 }),
  });
  expect(shapesOf(of(FP32, { ...INT8, shapes: [at('min', 320), at('max', 640)] }))).toEqual([
    ['int8', '2', 'min', 'x 1×3×320×320', '0.500 ms', '2.0x faster'],
    ['int8', '2', 'max', 'x 1×3×640×640', '0.500 ms', '2.0x faster'],
  ]);
});

it('leaves the table out where every profile allows one shape', () => {
  expect(shapesOf(of(FP32, INT8))).toBeNull();
});
