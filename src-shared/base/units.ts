/**
 * Formats numbers for people: three significant digits, always with a unit, SI prefixes, a real minus sign (U+2212) and
 * a narrow no-break space (U+202F) as thousands separator. Sizes are decimal: 1 MB = 1,000,000 bytes. A value that is
 * not finite becomes `∞`, `−∞` or `n/a`.
 */

const MINUS = '\u2212';
const THOUSANDS = '\u202f';
const SI_STEPS = [
  { factor: 1e12, prefix: 'T' },
  { factor: 1e9, prefix: 'G' },
  { factor: 1e6, prefix: 'M' },
  { factor: 1e3, prefix: 'k' },
] as const;

/** Replaces the hyphen of a number's text by a real minus sign. */
function withMinus(text: string): string {
  return text.replaceAll('-', MINUS);
}

function notFinite(value: number): string {
  if (Number.isNaN(value)) return 'n/a';
  return value > 0 ? '∞' : `${MINUS}∞`;
}

function groupThousands(digits: string): string {
  return digits.replace(/\B(?=(\d{3})+$)/g, THOUSANDS);
}

/** `value` with `digits` significant digits, never in exponent form below 1e21; -0 becomes 0. */
export function formatSignificant(value: number, digits = 3): string {
  if (!Number.isFinite(value)) return notFinite(value);
  if (value === 0) return '0';
  const rounded = Number(value.toPrecision(digits));
  const exponent = Math.floor(Math.log10(Math.abs(rounded)));
  const decimals = Math.min(100, Math.max(0, digits - 1 - exponent));
  const [whole = '0', fraction] = Math.abs(rounded).toFixed(decimals).split('.');
  const sign = rounded < 0 ? MINUS : '';
  return `${sign}${groupThousands(whole)}${fraction === undefined ? '' : `.${fraction}`}`;
}

/** `value` with a fixed number of decimals, for columns that must line up. */
export function formatFixed(value: number, decimals: number): string {
  if (!Number.isFinite(value)) return notFinite(value);
  const text = value.toFixed(decimals);
  return withMinus(Number(text) === 0 ? (0).toFixed(decimals) : text);
}

/** A number with an SI prefix before its unit: `1.23 k`, `4.56 M`; below 1000 no prefix. */
function withSiPrefix(value: number): { readonly text: string; readonly prefix: string } {
  const magnitude = Number.isFinite(value) ? Math.abs(Number(value.toPrecision(3))) : 0;
  const step = SI_STEPS.find((candidate) => magnitude >= candidate.factor);
  if (step === undefined) return { text: formatSignificant(value), prefix: '' };
  return { text: formatSignificant(value / step.factor), prefix: step.prefix };
}

/** A latency: `0.139 ms`, `12.3 ms`; below 0.01 ms in µs, from one second on in s. */
export function formatMs(valueMs: number): string {
  const magnitude = Math.abs(valueMs);
  if (Number.isFinite(valueMs) && magnitude > 0 && magnitude < 0.01) return `${formatSignificant(valueMs * 1000)} µs`;
  if (Number.isFinite(valueMs) && Number(magnitude.toPrecision(3)) >= 1000)
    return `${formatSignificant(valueMs / 1000)} s`;
  return `${formatSignificant(valueMs)} ms`;
}

/** A size, decimal prefixes: `512 B`, `1.23 kB`, `9.43 MB` (1 MB = 1,000,000 bytes). */
export function formatBytes(sizeBytes: number): string {
  const { text, prefix } = withSiPrefix(sizeBytes);
  return `${text} ${prefix}B`;
}

/** A size that is known in MB (1 MB = 1,000,000 bytes). */
export function formatMb(sizeMb: number): string {
  return formatBytes(sizeMb * 1e6);
}

/** A count: exact with separated thousands below 100,000, then three digits with a prefix: `1.23 M`. */
export function formatCount(count: number): string {
  if (!Number.isFinite(count)) return notFinite(count);
  if (Math.abs(count) < 100_000 && Number.isInteger(count))
    return `${count < 0 ? MINUS : ''}${groupThousands(String(Math.abs(count)))}`;
  const { text, prefix } = withSiPrefix(count);
  return prefix === '' ? text : `${text} ${prefix}`;
}

/** `1 image`, `2 images`. */
export function formatCountOf(count: number, singular: string, plural = `${singular}s`): string {
  return `${formatCount(count)} ${count === 1 ? singular : plural}`;
}

/** A share in percent (0..100) with three digits; `100 %` and `0 %` are used only if they are exact. */
export function formatPercent(percent: number): string {
  if (percent > 0 && percent < 0.001) return '< 0.001 %';
  const digits = percent > 99 && percent < 100 ? 4 : 3;
  const text = formatSignificant(percent, digits);
  return percent < 100 && text.startsWith('100') ? '> 99.99 %' : `${text} %`;
}

/** A share given as a fraction (0..1), in percent. */
export function formatFraction(fraction: number): string {
  return formatPercent(fraction * 100);
}

/**
 * An accuracy in percent with two decimals, so that one image of ten thousand is visible and columns line up: `97.05
 * %`.
 */
export function formatAccuracy(percent: number): string {
  return `${formatFixed(percent, 2)} %`;
}

/** A difference of accuracies in percentage points, always signed: `+0.31 pp`, `−9.70 pp`, `0.00 pp`. */
export function formatPoints(points: number): string {
  const text = formatFixed(points, 2);
  return `${points > 0 && Number(text) > 0 ? '+' : ''}${text} pp`;
}

export function formatDb(valueDb: number): string {
  return Number.isFinite(valueDb) ? `${formatFixed(valueDb, 1)} dB` : `${notFinite(valueDb)} dB`;
}

/** `38.2 images/s`, `12.3 k inferences/s`. */
export function formatRate(perSecond: number, unit: string): string {
  const { text, prefix } = withSiPrefix(perSecond);
  return prefix === '' ? `${text} ${unit}/s` : `${text} ${prefix} ${unit}/s`;
}

/** A length of time: `0.35 s`, `5.2 s`, `42 s`, `2 min 05 s`, `1 h 12 min`. */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0)
    return seconds < 0 ? `${MINUS}${formatDuration(-seconds)}` : notFinite(seconds);
  if (seconds < 1) return `${formatFixed(seconds, 2)} s`;
  if (seconds < 9.95) return `${formatFixed(seconds, 1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${String(whole % 60).padStart(2, '0')} s`;
  const wholeMinutes = Math.round(seconds / 60);
  return `${Math.floor(wholeMinutes / 60)} h ${String(wholeMinutes % 60).padStart(2, '0')} min`;
}

/** The time left in whole units, because it is an estimate: `5 s left`; null: `time left unknown`. */
export function formatEta(etaSeconds: number | null): string {
  if (etaSeconds === null || !Number.isFinite(etaSeconds)) return 'time left unknown';
  return `${formatDuration(Math.max(1, Math.ceil(etaSeconds))).replace(/\.0 s$/, ' s')} left`;
}

/** A value without a unit (a threshold in real units): plain between 0.001 and 100,000, else `1.23e−5`. */
export function formatReal(value: number): string {
  if (!Number.isFinite(value) || value === 0) return formatSignificant(value);
  const magnitude = Math.abs(value);
  if (magnitude >= 1e-3 && magnitude < 99_950) return formatSignificant(value);
  return withMinus(value.toExponential(2).replace('e+', 'e'));
}

/** A probability of a test: three digits, `< 0.0001` below that. */
export function formatProbability(p: number): string {
  return p < 1e-4 ? '< 0.0001' : formatSignificant(p, p < 0.01 ? 2 : 3);
}
