import { describe, expect, it } from 'vitest';
import { markdownSummary } from '../../../../src-main/cli/ci/summary';
import { FAILED, outcome } from './outcomes';

describe('markdownSummary', () => {
  it('shows the variants, every gate with its test, and what was skipped', () => {
    const summary = markdownSummary([outcome()]);
    expect(summary).toMatch(/^### ❌ plate\\_chars: 1 of 4 met, 2 missed, 1 not judged\n/);
    expect(summary).toContain('| int8-entropy (ships) | top-1 ');
    expect(summary).toMatch(
      /\| Top-1 drop against FP32 \| int8-entropy \| 13\.84 pp \| ≤ 0\.50 pp \| ❌ missed \| beyond/,
    );
    expect(summary).toContain('❓ not judged');
    expect(summary).toContain('| benchmark | backend ort-cpu only simulates');
  });

  it('puts a combined table in front of several projects', () => {
    const summary = markdownSummary([outcome({ gates: [] }), FAILED]);
    expect(summary).toMatch(/^\| project \| variant \|/);
    expect(summary).toContain('| broken |  |  |  |  | failed |');
    expect(summary).toContain('| none set |');
  });

  it('keeps names from ending a cell or becoming markup', () => {
    const summary = markdownSummary([outcome({ project: 'a|b <img src=x>\n# c', gates: [] })]);
    expect(summary).toContain('### a\\|b \\<img src=x\\> \\# c: none set');
  });
});
