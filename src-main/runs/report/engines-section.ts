import { formatCount, formatMs, formatPercent } from '../../../src-shared/base/units';
import { diffEngines, type EngineDifference, type EngineSide } from '../../../src-shared/domain/engines/engine-diff';
import type { RunEngines, StoredEngine } from '../../../src-shared/domain/engines/stored-engines';
import { html, type Html } from './markup';

/** Groups of layers that are shown at once; the rest is folded. */
const SHOWN = 20;
const MOST_FOLDED = 300;
/** Differences below this share of the time of the engine are noise of the profile. */
const LEAST_SHARE = 0.001;

/** What the shipped engine loses and wins in each layer against one in floating point; empty without two engines. */
export function renderEngines(engines: RunEngines | null): Html {
  const pair = engines && comparedEngines(engines);
  if (engines === null || pair === null) return html``;
  const [a, b] = pair;
  const all = diffEngines(engines.model, a, b);
  const least = LEAST_SHARE * (b.summary.totalMs ?? 0);
  const differences = all.filter(({ lostMs }) => Math.abs(lostMs) >= least);
  const lost = differences.filter(({ lostMs }) => lostMs > 0);
  const won = differences.filter(({ lostMs }) => lostMs < 0).reverse();
  const sum = (some: readonly EngineDifference[]): string =>
    formatMs(Math.abs(some.reduce((total, { lostMs }) => total + lostMs, 0)));
  return html`<h2>Layer by layer: ${b.variant} against ${a.variant}</h2>
<p class="dim">${b.runtime} on ${b.device}, batch ${formatCount(b.batch)}. ${totalText(a)}, ${totalText(b)}.
Layers that share a kernel in one of the engines are one row; conversions are charged to the layers that they serve.</p>
<h3>Lost: ${sum(lost)} in ${formatCount(lost.length)} ${lost.length === 1 ? 'row' : 'rows'}</h3>${table(lost, pair)}
<h3>Won: ${sum(won)} in ${formatCount(won.length)} ${won.length === 1 ? 'row' : 'rows'}</h3>${table(won, pair)}`;
}

function totalText({ variant, summary, kernelShare }: StoredEngine): string {
  const share = kernelShare === undefined ? '' : ` (${formatPercent(100 * kernelShare)} of the profiled time)`;
  return `kernels of ${variant} ${formatMs(summary.totalMs ?? 0)}${share}`;
}

/** The shipped engine, behind FP16 or else FP32. */
function comparedEngines({ engines, shipped }: RunEngines): readonly [StoredEngine, StoredEngine] | null {
  const of = (variant: string): StoredEngine | undefined => engines.find((engine) => engine.variant === variant);
  const b = of(shipped);
  const a = ['fp16', 'fp32'].flatMap((variant) => of(variant) ?? []).find((engine) => engine !== b);
  return a === undefined || b === undefined ? null : [a, b];
}

function table(rows: readonly EngineDifference[], pair: readonly [StoredEngine, StoredEngine]): Html {
  if (rows.length === 0) return html``;
  const folded = rows.slice(SHOWN, MOST_FOLDED);
  return html`${tableOf(rows.slice(0, SHOWN), pair)}${
    folded.length > 0 &&
    html`<details><summary>${formatCount(rows.length - SHOWN)} more${rows.length > MOST_FOLDED && html`, the first ${formatCount(folded.length)}`}</summary>${tableOf(folded, pair)}</details>`
  }`;
}

function tableOf(rows: readonly EngineDifference[], [a, b]: readonly [StoredEngine, StoredEngine]): Html {
  return html`<div class="scroll"><table><tr><th>Layers</th><th>Op</th><th>${a.variant}</th><th class="n">Time</th>
<th>${b.variant}</th><th class="n">Time</th><th class="n">Difference</th><th>Conversions in ${b.variant}</th></tr>
${rows.map(({ layers, ops, a: own, b: other, lostMs }) => html`<tr><td class="wrap">${layersText(layers)}</td><td class="wrap">${ops.join(' ')}</td><td class="wrap">${kernelsText(own)}</td><td class="n">${formatMs(own.ms)}</td><td class="wrap">${kernelsText(other)}</td><td class="n">${formatMs(other.ms)}</td><td class="n">${signed(lostMs)}</td><td class="wrap">${conversionText(other)}</td></tr>`)}</table></div>`;
}

function layersText(layers: readonly string[]): string {
  return layers.length > 3
    ? `${layers[0] ?? ''} ... ${layers.at(-1) ?? ''} (${formatCount(layers.length)})`
    : layers.join(' + ');
}

function kernelsText({ types, kernels }: EngineSide): Html {
  const tactics = [...new Set(kernels.map(({ name, tactic }) => (tactic === '' ? name : tactic)))];
  return html`${types.join(' ')} <small>${tactics.slice(0, 3).join(', ')}${tactics.length > 3 && ', ...'}</small>`;
}

function conversionText({ conversions, conversionMs, converted }: EngineSide): Html | string {
  if (conversions === 0 && conversionMs === 0) return '';
  return html`${formatMs(conversionMs)} <small>${converted.slice(0, 4).join(', ')}${converted.length > 4 && ', ...'}</small>`;
}

function signed(valueMs: number): string {
  return `${valueMs < 0 ? '−' : '+'}${formatMs(Math.abs(valueMs))}`;
}
