import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { hasMessage } from '../../../../src-renderer/i18n';

const main = resolve(import.meta.dirname, '../../../../src-main');
const sources = readdirSync(main, { recursive: true, withFileTypes: true }).filter(
  (entry) => entry.isFile() && entry.name.endsWith('.ts'),
);

/** Phases as jobs report them: written as a field, or told to the trials and steps of the analyses. */
const PHASE = /phase: '([^']+)'|\b(?:expect|onStep)\('([^']+)'|phase = \{ name: '([^']+)'/g;

it('has words for every phase that a job reports', () => {
  const phases = new Set(
    sources.flatMap((entry) =>
      [...readFileSync(join(entry.parentPath, entry.name), 'utf8').matchAll(PHASE)].map(
        (match) => match[1] ?? match[2] ?? match[3] ?? '',
      ),
    ),
  );
  expect(phases).toContain('benchmarking');
  expect(phases).toContain('ranking layers');
  expect(phases.size).toBeGreaterThan(15);
  expect([...phases].filter((phase) => !hasMessage(`jobs.phase.${phase.replaceAll(' ', '-')}`))).toEqual([]);
});
