import { describe, expect, it } from 'vitest';
import { GROUP_MARKS, METHOD_MARKS, variantColour } from '../../../../src-main/runs/report/marks';
import { STYLE } from '../../../../src-main/runs/report/style';
import { summarizeLatency } from '../../../../src-shared/domain/runs/latency';
import { METHODS } from '../../../../src-shared/domain/project/methods';
import { paletteProperties } from '../../../../src-shared/domain/palette';
import { operatingPoints } from '../../../../src-shared/domain/runs/operating-points';
import { buildTable } from '../../../../src-shared/domain/runs/run-table';
import { renderReport } from '../../../../src-main/runs/report/html';
import { layerId } from '../../../../src-shared/base/brand';
import type { PlacementDecision } from '../../../../src-shared/domain/project/precision';
import { sampleHistograms, sampleRecord } from '../sample-run';

const DECISIONS: readonly PlacementDecision[] = [
  {
    layer: layerId('Conv_0'),
    op: 'Conv',
    precision: 'fp16',
    code: 'first-layer',
    reason: 'First layer: 3 input channels, kept in FP16',
  },
  {
    layer: layerId('Conv_1'),
    op: 'Conv',
    precision: 'int8',
    code: 'quantized',
    reason: 'Input and weights quantized',
    tensor: 'x_1',
  },
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

  it('marks the rows that no other one beats in latency, throughput and accuracy', () => {
    const section = /<h2>Latency against accuracy<\/h2>[^]*?<\/table>/.exec(page)?.[0] ?? '';
    const rows = [...section.matchAll(/<tr><td>(●?)<\/td><td>([^<]*)</g)].map(([, mark, names]) => [names, mark]);
    const points = operatingPoints(sampleRecord());
    expect(points).toHaveLength(4);
    expect(rows).toEqual(points.map(({ names, isPareto }) => [names.join(' = '), isPareto ? '●' : '']));
  });

  it('lists the latency by shape where a profile allows several', () => {
    const record = sampleRecord();
    const benchmark = record.benchmark && {
      ...record.benchmark,
      variants: record.benchmark.variants.map((entry) => ({
        ...entry,
        shapes: [
          { profile: 0, at: 'max' as const, inputs: [{ name: 'x', dims: [4, 3, 8, 8] }], latencyMs: entry.latencyMs },
        ],
      })),
    };
    const markup = renderReport({ record: { ...record, benchmark }, histograms: [], decisions: [] });
    expect(markup).toContain('<td>max</td><td>x 4x3x8x8</td>');
    expect(page).not.toContain('<h3>By shape</h3>');
  });

  it('is well nested', () => {
    expect(unbalancedTags(page)).toEqual([]);
  });

  it('never shows a number that is missing', () => {
    expect(page).not.toMatch(/NaN|undefined|Infinity|\[object/);
  });

  it('draws latency and throughput against the batch size where several were timed', () => {
    const base = sampleRecord();
    const timed = (base.benchmark?.variants ?? []).flatMap((entry) =>
      [1, 8].map((batch) => ({ ...entry, batch, throughputPerSecond: entry.throughputPerSecond * batch })),
    );
    const several = renderReport({
      record: { ...base, benchmark: base.benchmark && { ...base.benchmark, variants: timed } },
      histograms: [],
      decisions: [],
    });
    expect(unbalancedTags(several)).toEqual([]);
    expect(several).not.toMatch(/NaN|undefined|Infinity/);
    expect(several).toContain('aria-label="Median latency against the batch size"');
    expect(several).toContain('aria-label="Images per second against the batch size"');
    expect(several.match(/batch 8: /g)).toHaveLength(2 * (base.benchmark?.variants.length ?? 0));
    expect(page).not.toContain('against the batch size');
  });

  it('escapes names that look like markup', () => {
    const record = sampleRecord({
      project: '<script>alert(1)</script>',
      warnings: [{ code: 'x', message: '"><img src=x onerror=y>' }],
    });
    const hostile = renderReport({ record, histograms: sampleHistograms(1), decisions: [] });
    expect(hostile).not.toMatch(/<script|<img/);
    expect(hostile).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(hostile).toContain('Relu_output_0 &lt;b&gt;&amp;&quot;');
  });

  it('opens with the verdict and says which gate is missed by how much', () => {
    const verdict = page.slice(page.indexOf('class="verdict'), page.indexOf('<h2>Variants'));
    expect(verdict).toContain('Not ready: int8-entropy');
    expect(verdict).toMatch(/Largest drop of a group \(group night\): 2\d\.\d\d pp, allowed is ≤ 1\.00 pp/);
  });

  it('answers questions about formats below INT8, and names those that could not be asked', () => {
    const refused = [{ variant: 'w4', code: 'no-layers', reason: 'none of its layers qualifies' }];
    const asked = renderReport({ record: { ...sampleRecord(), refused }, histograms: [], decisions: [] });
    expect(asked).toContain('w4 was not measured: none of its layers qualifies.');
  });

  it('says ready when all gates are met', () => {
    const base = sampleRecord();
    const record = { ...base, gates: base.gates.map((gate) => ({ ...gate, met: true, state: 'met' as const })) };
    expect(renderReport({ record, histograms: [], decisions: [] })).toContain(
      'Ready: int8-entropy</b> meets all 3 gates',
    );
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
    const record = sampleRecord({
      validation: null,
      benchmark: null,
      table: [{ variant: 'fp32', backend: 'ort-cpu' }],
      gates: [],
      shipped: [],
    });
    const bare = renderReport({ record, histograms: [], decisions: [] });
    expect(unbalancedTags(bare)).toEqual([]);
    expect(bare).toContain('nothing was judged');
    expect(bare).not.toContain('<h2>Accuracy');
    expect(bare).toContain('calib init models/plate_chars.onnx --calibration plates/calibration');
  });

  it('survives an all-zero tensor', () => {
    const zero = { thresholdReal: 0, sqnrDb: Number.NaN, clippedFraction: 0 };
    const empty = {
      name: 'dead',
      folded: new Float64Array(4096),
      binWidthReal: 2 ** -36,
      amaxReal: 0,
      zeroCount: 512,
      methods: { minmax: zero },
      method: 'minmax',
      chosen: zero,
    } as const;
    const zeroPage = renderReport({ record: sampleRecord(), histograms: [empty], decisions: [] });
    expect(zeroPage).toContain('exact zeros 100 %');
    expect(zeroPage).not.toMatch(/NaN|Infinity/);
  });

  it('has the colours of the screens for precisions, methods and groups, light and dark', () => {
    const [light = '', dark = ''] = STYLE.split('prefers-color-scheme:dark');
    const used = [
      ...METHODS.map((method) => METHOD_MARKS[method].colour),
      ...GROUP_MARKS,
      ...['int8', 'fp16', 'fp32', 'mixed'].map(variantColour),
    ];
    for (const [css, theme] of [
      [light, 'light'],
      [dark, 'dark'],
    ] as const) {
      const declared = paletteProperties(theme);
      for (const name of used.map((text) => text.replaceAll(/^var\(|\)$/g, ''))) {
        expect(css).toContain(`${name}:${declared.get(name) ?? 'no colour'};`);
        expect(css.split(`${name}:`)).toHaveLength(2);
      }
    }
  });

  it('says speed in words, and makes nothing bold that is slower than FP32', () => {
    const base = sampleRecord();
    const table = base.table.map((row) =>
      row.variant === 'fp32' ? row : { ...row, ratioToFp32: { median: 1.15, p10: 1.1, p90: 1.2 } },
    );
    const slow = renderReport({ record: { ...base, table }, histograms: [], decisions: [] });
    expect(slow).toContain('1.15x slower<br><small>1.10x slower to 1.20x slower</small>');
    expect(slow).not.toMatch(/<b>[^<]*slower/);
    expect(page).toMatch(/<b>2\.1x faster/);
  });

  it("lets McNemar's exact test alone say what is more than chance", () => {
    const base = sampleRecord();
    const variants = (base.validation?.variants ?? []).map((report) =>
      report.variant === 'mixed'
        ? {
            ...report,
            comparedToFp32: {
              top1Difference: -1.2,
              interval95: [-2.4, -0.1] as const,
              mcnemarP: 0.0703,
              fewImages: true as const,
            },
          }
        : report,
    );
    const few = renderReport({
      record: { ...base, validation: base.validation && { ...base.validation, variants } },
      histograms: [],
      decisions: [],
    });
    expect(few).toContain("mixed: not more than chance explains by McNemar's exact test (p = 0.0703).");
    expect(few).toContain('int8-entropy: more than chance explains');
    expect(few).not.toContain('cannot be told from chance');
  });

  it('shows a gate without a value as not judged', () => {
    const base = sampleRecord();
    const gates = base.gates.map((gate) =>
      gate.name === 'maxLatencyMs'
        ? { ...gate, value: null, met: false, state: 'unjudged' as const, reason: 'the variant was not benchmarked' }
        : { ...gate, met: true, state: 'met' as const },
    );
    const open = renderReport({ record: { ...base, gates }, histograms: [], decisions: [] });
    expect(open).toContain('<b>Not judged: int8-entropy</b>; 1 of 3 gates cannot be judged');
    expect(open).toContain('? not judged');
    expect(open).not.toContain('✗ missed');
  });

  it('omits percentiles of few samples and says so', () => {
    const base = sampleRecord();
    const variants = (base.benchmark?.variants ?? []).map((entry) => ({
      ...entry,
      latencyMs: summarizeLatency([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]),
    }));
    const benchmark = base.benchmark && { ...base.benchmark, variants };
    const short = renderReport({
      record: { ...base, benchmark, table: buildTable({ validation: base.validation, benchmark }) },
      histograms: [],
      decisions: [],
    });
    expect(short).toContain('Omitted for too few samples: p95 (below 20), p99 (below 100).');
    expect(short).not.toMatch(/>p9[59]</);
    expect(short).not.toMatch(/NaN|undefined|Infinity/);
  });

  it('shows a variant that is another in one row, under both names', () => {
    const base = sampleRecord({ shipped: ['mixed'] });
    const same = {
      ...base,
      table: base.table.map((row) => (row.variant === 'mixed' ? { ...row, sameAs: 'int8-entropy' } : row)),
    };
    const rows =
      renderReport({ record: same, histograms: [], decisions: [] }).split('<h2>Variants')[1]?.split('</table>')[0] ??
      '';
    expect(rows.match(/<tr/g)).toHaveLength(4);
    expect(rows).toContain('int8-entropy = mixed');
    expect(rows).not.toContain('>mix<');
  });

  it('says that a detector has no classes, not that labels are missing', () => {
    const base = sampleRecord();
    const validation = { images: 900, labelled: false, classCount: 0, variants: [] };
    const detector = renderReport({ record: { ...base, validation }, histograms: [], decisions: [] });
    expect(detector).toContain('no output of the model is a classification');
    expect(detector).not.toContain('without labels');
  });
});
