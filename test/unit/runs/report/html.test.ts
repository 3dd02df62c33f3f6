import { describe, expect, it } from 'vitest';
import { renderReport } from '../../../../src-main/runs/report/html';
import { layerId } from '../../../../src-shared/base/brand';
import type { PlacementDecision } from '../../../../src-shared/domain/precision';
import { sampleHistograms, sampleRecord } from '../sample-run';

const DECISIONS: readonly PlacementDecision[] = [
  { layer: layerId('Conv_0'), op: 'Conv', precision: 'fp16', code: 'first-layer', reason: 'First layer: 3 input channels, kept in FP16' },
  { layer: layerId('Conv_1'), op: 'Conv', precision: 'int8', code: 'quantized', reason: 'Input and weights quantized', tensor: 'x_1' },
];

/** Opening and closing tags must nest; void elements and self-closed SVG elements have no closing tag. */
function unbalancedTags(markup: string): readonly string[] {
  const open: string[] = [];
  const problems: string[] = [];
  for (const match of markup.replace(/<style>[^]*?<\/style>/, '').matchAll(/<(\/?)([a-z0-9]+)\b[^>]*?(\/?)>/gi)) {
    const [, closing, name = '', selfClosed] = match;
    if (selfClosed === '/' || ['meta', 'br', 'link'].includes(name)) continue;
    if (closing === '') open.push(name);
    else if (open.at(-1) === name) open.pop();
    else problems.push(`</${name}> closes <${open.at(-1) ?? 'nothing'}>`);
  }
  return [...problems, ...open.map((name) => `<${name}> is never closed`)];
}

describe('renderReport', () => {
  const page = renderReport({ record: sampleRecord(), histograms: sampleHistograms(30), decisions: DECISIONS });

  it('needs nothing from outside and runs no script', () => {
    expect(page).not.toMatch(/<script|<link|<img|@import|https?:|\bon[a-z]+=/i);
    expect(page).toContain("default-src 'none'");
    expect(page.length).toBeLessThan(2_000_000);
  });

  it('is well nested', () => {
    expect(unbalancedTags(page)).toEqual([]);
  });

  it('never shows a number that is missing', () => {
    expect(page).not.toMatch(/NaN|undefined|Infinity|\[object/);
  });

  it('draws latency and throughput against the batch size where several were timed', () => {
    const base = sampleRecord();
    const timed = (base.benchmark?.variants ?? []).flatMap((entry) => [1, 8].map((batch) => ({ ...entry, batch, throughputPerSecond: entry.throughputPerSecond * batch })));
    const several = renderReport({ record: { ...base, benchmark: base.benchmark && { ...base.benchmark, variants: timed } }, histograms: [], decisions: [] });
    expect(unbalancedTags(several)).toEqual([]);
    expect(several).not.toMatch(/NaN|undefined|Infinity/);
    expect(several).toContain('aria-label="Median latency against the batch size"');
    expect(several).toContain('aria-label="Images per second against the batch size"');
    expect(several.match(/batch 8: /g)).toHaveLength(2 * (base.benchmark?.variants.length ?? 0));
    expect(page).not.toContain('against the batch size');
  });

  it('escapes names that look like markup', () => {
    const record = sampleRecord({ project: '<script>alert(1)</script>', warnings: [{ code: 'x', message: '"><img src=x onerror=y>' }] });
    const hostile = renderReport({ record, histograms: sampleHistograms(1), decisions: [] });
    expect(hostile).not.toMatch(/<script|<img/);
    expect(hostile).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(hostile).toContain('Relu_output_0 &lt;b&gt;&amp;&quot;');
  });

  it('opens with the verdict and says which gate is missed by how much', () => {
    const verdict = page.slice(page.indexOf('class="verdict'), page.indexOf('<h2>Variants'));
    expect(verdict).toContain('Not ready: int8-entropy');
    expect(verdict).toMatch(/Largest drop of a group \(night\): 2\d\.\d\d pp, allowed is at most 1\.00 pp/);
  });

  it('says ready when all gates are met', () => {
    const base = sampleRecord();
    const record = { ...base, gates: base.gates.map((gate) => ({ ...gate, met: true })) };
    expect(renderReport({ record, histograms: [], decisions: [] })).toContain('Ready: int8-entropy</b> meets all 3 gates');
  });

  it('makes only the best latency bold', () => {
    const table = page.slice(page.indexOf('<h2>Variants'), page.indexOf('<h2>Gates'));
    const rows = table.split('<tr').slice(2);
    const boldLatency = rows.map((row) => /<b>1\.\d\d ms<\/b>/.test(row));
    expect(boldLatency).toEqual([false, false, true, false]);
  });

  it('draws the 24 worst tensors of 30, lowest SQNR first, and lists all', () => {
    const names = [...page.matchAll(/<figcaption><b title="([^"]*)"/g)].map((match) => match[1]);
    expect(names).toHaveLength(24);
    expect(names[0]).toContain('f.8');
    expect(names[1]).toContain('/features/f.1/');
    expect(page).toContain('24 of 30 quantized tensors');
    expect(page).toContain('<td class="wrap">/features/f.29/conv/Relu_output_0</td>');
  });

  it('keeps its sections when parts of the record are missing', () => {
    const record = sampleRecord({ validation: null, benchmark: null, table: [{ variant: 'fp32', backend: 'ort-cpu' }], gates: [], shipped: [] });
    const bare = renderReport({ record, histograms: [], decisions: [] });
    expect(unbalancedTags(bare)).toEqual([]);
    expect(bare).toContain('nothing was judged');
    expect(bare).not.toContain('<h2>Accuracy');
    expect(bare).toContain('calib init models/plate_chars.onnx --calibration plates/calibration');
  });

  it('survives an all-zero tensor', () => {
    const zero = { thresholdReal: 0, sqnrDb: Number.NaN, clippedFraction: 0 };
    const empty = { name: 'dead', folded: new Float64Array(4096), binWidthReal: 2 ** -36, amaxReal: 0, zeroCount: 512, methods: { minmax: zero }, method: 'minmax', chosen: zero } as const;
    const zeroPage = renderReport({ record: sampleRecord(), histograms: [empty], decisions: [] });
    expect(zeroPage).toContain('exact zeros 100 %');
    expect(zeroPage).not.toMatch(/NaN|Infinity/);
  });
});
