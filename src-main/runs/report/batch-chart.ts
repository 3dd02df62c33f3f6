import { formatCount, formatMs } from '../../../src-shared/base/units';
import { batchCurves, type BatchCurve, type BatchPoint } from '../../../src-shared/domain/runs/batch-curves';
import type { BenchmarkVariantRecord } from '../../../src-shared/domain/runs/run-record';
import { html, px, type Html } from './markup';
import { variantColour } from './marks';

const PLOT = { width: 520, height: 240, left: 76, right: 110, top: 8, bottom: 34 };

interface Quantity {
  readonly title: string;
  readonly valueOf: (point: BatchPoint) => number;
  readonly format: (value: number) => string;
}

const QUANTITIES: readonly Quantity[] = [
  { title: 'Median latency', valueOf: ({ latencyMs }) => latencyMs, format: formatMs },
  {
    title: 'Images per second',
    valueOf: ({ throughputPerSecond }) => throughputPerSecond,
    format: (value) => formatCount(Number(value.toPrecision(3))),
  },
];

/** Latency and throughput against the batch size, with logarithmic axes; empty if only one batch size was measured. */
export function renderBatches(records: readonly BenchmarkVariantRecord[]): Html {
  const curves = batchCurves(records);
  if (curves.length === 0) return html``;
  return html`<h3>Against the batch size</h3><div class="cols">${QUANTITIES.map((quantity) => chart(curves, quantity))}</div>`;
}

function chart(curves: readonly BatchCurve[], { title, valueOf, format }: Quantity): Html {
  const { width, height, left, right, top, bottom } = PLOT;
  const batches = [...new Set(curves.flatMap(({ points }) => points.map(({ batch }) => batch)))].sort((a, b) => a - b);
  const values = curves.flatMap(({ points }) => points.map(valueOf)).filter((value) => value > 0);
  const x = logScale([batches[0] ?? 1, batches.at(-1) ?? 1], [left, width - right]);
  const y = logScale([Math.min(...values) / 1.1, Math.max(...values) * 1.1], [height - bottom, top]);
  const ticks = ticksOf(Math.min(...values), Math.max(...values));
  return html`<figure><figcaption><b>${title}</b></figcaption>
<svg role="img" aria-label="${title} against the batch size" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">
${ticks.map((value) => html`<line x1="${left}" x2="${width - right}" y1="${px(y(value))}" y2="${px(y(value))}" stroke="var(--line)"/><text x="${left - 6}" y="${px(y(value) + 4)}" text-anchor="end">${format(value)}</text>`)}
${batches.map((batch) => html`<text x="${px(x(batch))}" y="${height - bottom + 14}" text-anchor="middle">${formatCount(batch)}</text>`)}
<text x="${px((left + width - right) / 2)}" y="${height - 4}" text-anchor="middle">batch size</text>
${curves.map((curve, i) => line(curve, { dash: dashOf(curves, i), x: (point) => x(point.batch), y: (point) => y(valueOf(point)), label: (point) => format(valueOf(point)) }))}${labels(curves, (point) => y(valueOf(point)))}</svg></figure>`;
}

interface LineScale {
  /** SVG's stroke-dasharray; empty for a solid line. */
  readonly dash: string;
  readonly x: (point: BatchPoint) => number;
  readonly y: (point: BatchPoint) => number;
  readonly label: (point: BatchPoint) => string;
}

function line({ variant, points }: BatchCurve, { dash, x, y, label }: LineScale): Html {
  const colour = variantColour(variant);
  const path = points.map((point, i) => `${i === 0 ? 'M' : 'L'}${px(x(point))} ${px(y(point))}`).join('');
  return html`<path d="${path}" fill="none" stroke="${colour}" stroke-width="1.6"${dash === '' ? '' : html` stroke-dasharray="${dash}"`}/>
${points.map((point) => html`<circle cx="${px(x(point))}" cy="${px(y(point))}" r="3" fill="${colour}"><title>${variant}, batch ${formatCount(point.batch)}: ${label(point)}</title></circle>`)}`;
}

/** Variants of one precision have the same colour; the second is dashed, the third dotted. */
function dashOf(curves: readonly BatchCurve[], index: number): string {
  const colour = variantColour(curves[index]?.variant ?? '');
  const earlier = curves.slice(0, index).filter(({ variant }) => variantColour(variant) === colour).length;
  return ['', '6 4', '2 3'][Math.min(earlier, 2)] ?? '';
}

const LABEL_STEP = 13;

/** The names at the ends of the lines, moved apart to avoid overlaps. */
function labels(curves: readonly BatchCurve[], yOf: (point: BatchPoint) => number): Html {
  const ends = curves.flatMap(({ variant, points }) => {
    const last = points.at(-1);
    return last === undefined ? [] : [{ variant, y: yOf(last) }];
  });
  ends.sort((a, b) => a.y - b.y);
  let lowest = Number.NEGATIVE_INFINITY;
  return html`${ends.map(({ variant, y }) => {
    lowest = Math.max(y, lowest + LABEL_STEP);
    return html`<text class="v" x="${PLOT.width - PLOT.right + 8}" y="${px(lowest + 4)}">${variant}</text>`;
  })}`;
}

function logScale(
  [from, to]: readonly [number, number],
  [start, end]: readonly [number, number],
): (value: number) => number {
  const span = Math.log(to / from);
  return (value) => (span === 0 ? (start + end) / 2 : start + ((end - start) * Math.log(value / from)) / span);
}

/** Marks within a decade, tried from coarse to fine until at least two fall on the axis. */
const TICK_DIGITS: readonly (readonly number[])[] = [
  [1],
  [1, 2, 5],
  [1, 1.5, 2, 3, 5, 7],
  [1, 1.2, 1.4, 1.6, 1.8, 2, 2.5, 3, 3.5, 4, 5, 6, 7, 8, 9],
];

/** Round values between two values above 0; the values themselves where they lie too close for any. */
function ticksOf(low: number, high: number): number[] {
  const decades = Array.from(
    { length: Math.ceil(Math.log10(high)) - Math.floor(Math.log10(low)) + 1 },
    (_, i) => Math.floor(Math.log10(low)) + i,
  );
  for (const digits of TICK_DIGITS) {
    const found = decades
      .flatMap((exponent) => digits.map((digit) => Number((digit * 10 ** exponent).toPrecision(3))))
      .filter((value) => value >= low && value <= high);
    if (found.length >= 2) return found;
  }
  return [low, high];
}
