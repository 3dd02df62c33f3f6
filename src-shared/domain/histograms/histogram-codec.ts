import { advise } from '../../base/advice';
import { WorkbenchError } from '../../base/errors';
import { amaxOf, BIN_COUNT, binOf, exponentFor, type HistogramContent } from './histogram';

/**
 * The binary record of one histogram; the native addon writes the same bytes:
 * ```
 * u8  version (1)      i8  exponent      f32 LE  min      f32 LE  max
 * varint  zeros        varint  NaN       varint  infinities
 * twice, for x > 0 and for x < 0:
 *   varint  number of runs of non-empty bins
 *   for each run: varint empty bins before it, varint its length, varint each of its counts
 * ```
 * varint: unsigned LEB128 without leading zeros, below 2^53. The form is canonical: equal content gives equal bytes,
 * and any other encoding is refused, so that a hash over records identifies their content. Names are not part of a
 * record.
 */
export const HISTOGRAM_RECORD_VERSION = 1;

interface Run {
  readonly start: number;
  readonly end: number;
}

function runsOf(bins: Float64Array): Run[] {
  const runs: Run[] = [];
  let at = 0;
  while (at < bins.length) {
    if (bins[at] === 0) {
      at += 1;
      continue;
    }
    const start = at;
    while (at < bins.length && bins[at] !== 0) at += 1;
    runs.push({ start, end: at });
  }
  return runs;
}

class Writer {
  private bytes = new Uint8Array(4096);
  private view = new DataView(this.bytes.buffer);
  private size = 0;

  int8(value: number): void {
    this.reserve(1);
    this.view.setInt8(this.size++, value);
  }

  float32(value: number): void {
    this.reserve(4);
    // Adding +0 turns -0 into +0.
    this.view.setFloat32(this.size, value + 0, true);
    this.size += 4;
  }

  varint(value: number): void {
    this.reserve(8);
    let rest = value;
    while (rest >= 0x80) {
      this.bytes[this.size++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.bytes[this.size++] = rest;
  }

  side(bins: Float64Array): void {
    const runs = runsOf(bins);
    this.varint(runs.length);
    let at = 0;
    for (const run of runs) {
      this.varint(run.start - at);
      this.varint(run.end - run.start);
      for (at = run.start; at < run.end; at += 1) this.varint(bins[at] ?? 0);
    }
  }

  take(): Uint8Array {
    return this.bytes.slice(0, this.size);
  }

  private reserve(more: number): void {
    if (this.size + more <= this.bytes.length) return;
    const grown = new Uint8Array(2 * this.bytes.length);
    grown.set(this.bytes);
    this.bytes = grown;
    this.view = new DataView(grown.buffer);
  }
}

function invalid(what: string): WorkbenchError {
  return new WorkbenchError('calibration-mismatch', `Expected a histogram record, but it ${what}`, {
    hint: advise('calibrate-again'),
  });
}

/** The bins of one sign, their sum, and the last one that is not empty (-1: none). */
interface Side {
  readonly bins: Float64Array;
  readonly total: number;
  readonly lastUsed: number;
}

class Reader {
  private readonly view: DataView;
  private at = 0;

  constructor(private readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  byte(): number {
    const value = this.bytes[this.at];
    if (value === undefined) throw invalid(`ends after ${this.bytes.length} bytes`);
    this.at += 1;
    return value;
  }

  int8(): number {
    return (this.byte() << 24) >> 24;
  }

  float32(): number {
    if (this.at + 4 > this.bytes.length) throw invalid(`ends after ${this.bytes.length} bytes`);
    const value = this.view.getFloat32(this.at, true);
    if (!Number.isFinite(value) || Object.is(value, -0)) throw invalid('has a range that is not a finite number');
    this.at += 4;
    return value;
  }

  varint(): number {
    let value = 0;
    let factor = 1;
    for (let length = 1; length <= 8; length += 1) {
      const next = this.byte();
      value += (next & 0x7f) * factor;
      factor *= 0x80;
      if (next >= 0x80) continue;
      if (next === 0 && length > 1) throw invalid('has a number with leading zeros');
      if (value > Number.MAX_SAFE_INTEGER) break;
      return value;
    }
    throw invalid('has a number above 2^53');
  }

  side(): Side {
    const bins = new Float64Array(BIN_COUNT);
    let total = 0;
    const runCount = this.varint();
    let at = 0;
    for (let run = 0; run < runCount; run += 1) {
      const gap = this.varint();
      const length = this.varint();
      if ((run > 0 && gap === 0) || length === 0) throw invalid('has an empty run');
      if (at + gap + length > BIN_COUNT) throw invalid(`has more than ${BIN_COUNT} bins`);
      at += gap;
      for (const end = at + length; at < end; at += 1) {
        const count = this.varint();
        if (count === 0) throw invalid('has an empty bin inside a run');
        bins[at] = count;
        total += count;
      }
    }
    // The last bin of a run is not empty.
    return { bins, total, lastUsed: at - 1 };
  }

  expectEnd(): void {
    if (this.at !== this.bytes.length) throw invalid('goes on after its end');
  }
}

function sideFits({ lastUsed }: Side, largestMagnitude: number, exponent: number): boolean {
  return lastUsed === (largestMagnitude > 0 ? binOf(largestMagnitude, exponent) : -1);
}

function checkRange(
  { min, max, exponent }: Pick<HistogramContent, 'min' | 'max' | 'exponent'>,
  finiteCount: number,
  positive: Side,
  negative: Side,
): void {
  const hasRange = finiteCount > 0 || (min === 0 && max === 0);
  const fits = sideFits(positive, Math.max(max, 0), exponent) && sideFits(negative, Math.max(-min, 0), exponent);
  if (!hasRange || min > max || exponent !== exponentFor(amaxOf({ min, max })) || !fits)
    throw invalid('has bins that do not fit its range');
}

export function encodeHistogram(histogram: HistogramContent): Uint8Array {
  const writer = new Writer();
  writer.int8(HISTOGRAM_RECORD_VERSION);
  writer.int8(histogram.exponent);
  writer.float32(histogram.min);
  writer.float32(histogram.max);
  writer.varint(histogram.zeroCount);
  writer.varint(histogram.nanCount);
  writer.varint(histogram.infinityCount);
  writer.side(histogram.positive);
  writer.side(histogram.negative);
  return writer.take();
}

/** @throws WorkbenchError calibration-mismatch if the bytes are not one complete canonical record. */
export function decodeHistogram(bytes: Uint8Array): HistogramContent {
  const reader = new Reader(bytes);
  const version = reader.byte();
  if (version !== HISTOGRAM_RECORD_VERSION) throw invalid(`has version ${version} and not ${HISTOGRAM_RECORD_VERSION}`);
  const exponent = reader.int8();
  const min = reader.float32();
  const max = reader.float32();
  const zeroCount = reader.varint();
  const nanCount = reader.varint();
  const infinityCount = reader.varint();
  const positive = reader.side();
  const negative = reader.side();
  reader.expectEnd();
  const finiteCount = zeroCount + positive.total + negative.total;
  const elementCount = finiteCount + nanCount + infinityCount;
  if (elementCount > Number.MAX_SAFE_INTEGER) throw invalid('has more than 2^53 values');
  checkRange({ min, max, exponent }, finiteCount, positive, negative);
  return {
    exponent,
    positive: positive.bins,
    negative: negative.bins,
    zeroCount,
    nanCount,
    infinityCount,
    elementCount,
    min,
    max,
  };
}
