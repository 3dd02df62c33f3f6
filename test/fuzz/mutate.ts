import { createRandom } from '../support/random';

/** Draws of one fuzzing input: the same seed gives the same input on every machine. */
export class Draws {
  private readonly next: () => number;

  constructor(seed: number) {
    this.next = createRandom(seed);
  }

  /** A whole number from 0 to `limit` - 1; 0 when `limit` is 0. */
  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  chance(share: number): boolean {
    return this.next() < share;
  }

  /** An element of a list that is not empty. */
  pick<T>(list: readonly T[]): T {
    if (list.length === 0) throw new Error('pick needs a list with at least one element');
    return list[this.below(list.length)] as T;
  }
}

/** Lengths, counts and dimensions at which parsers fail: borders of integer types, of floats and of buffers. */
const EDGE_NUMBERS = [
  0,
  1,
  2,
  7,
  127,
  128,
  255,
  256,
  4095,
  4096,
  65535,
  65536,
  2 ** 24,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
];

/**
 * Half of all inputs have one change, so that it reaches the code behind the first checks; the others up to `limit`.
 */
function changeCount(draws: Draws, limit: number): number {
  return draws.chance(0.5) ? 1 : 1 + draws.below(limit);
}

/**
 * A copy of `seed` with one to eight random changes: bits, bytes, integers, removals, repetitions, and parts of
 * `other`.
 */
export function mutateBytes(seed: Uint8Array, other: Uint8Array, draws: Draws): Uint8Array {
  let bytes: Uint8Array = new Uint8Array(seed); // The method slice of a Buffer does not copy.
  for (let changes = changeCount(draws, 8); changes > 0; changes -= 1) bytes = changeBytes(bytes, other, draws);
  return bytes;
}

function changeBytes(bytes: Uint8Array, other: Uint8Array, draws: Draws): Uint8Array {
  const at = draws.below(bytes.length + 1);
  const length = draws.below(Math.min(64, bytes.length - at) + 1);
  switch (draws.below(8)) {
    case 0:
      if (at < bytes.length) bytes[at] = (bytes[at] ?? 0) ^ (1 << draws.below(8));
      return bytes;
    case 1:
      if (at < bytes.length) bytes[at] = draws.below(256);
      return bytes;
    case 2:
      return writeInteger(bytes, at, draws);
    case 3:
      return joined(bytes.subarray(0, at), bytes.subarray(at + length));
    case 4:
      return joined(bytes.subarray(0, at + length), bytes.subarray(at, at + length), bytes.subarray(at + length));
    case 5: {
      const from = draws.below(other.length + 1);
      return joined(bytes.subarray(0, at), other.subarray(from, from + draws.below(256)), bytes.subarray(at));
    }
    case 6:
      return bytes.slice(0, at);
    default:
      return joined(bytes.subarray(0, at), varint(draws.pick(EDGE_NUMBERS)), bytes.subarray(at + length));
  }
}

/** Overwrites 1, 2, 4 or 8 bytes by an edge number, little-endian. */
function writeInteger(bytes: Uint8Array, at: number, draws: Draws): Uint8Array {
  const width = draws.pick([1, 2, 4, 8]);
  let value = BigInt(draws.pick(EDGE_NUMBERS)) * (draws.chance(0.2) ? -1n : 1n);
  for (let i = at; i < Math.min(bytes.length, at + width); i += 1) {
    bytes[i] = Number(value & 255n);
    value >>= 8n;
  }
  return bytes;
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Uint8Array.from([...bytes, rest]);
}

/** Fragments that have a meaning in JSON, CSV or the header of a NumPy array. */
const TEXT_PARTS = [
  '__proto__',
  'constructor',
  'toString',
  'null',
  'true',
  '{}',
  '[]',
  '[[[[[[',
  '"',
  '\\',
  ',',
  ';',
  '\t',
  '\r\n',
  '\n',
  '\0',
  '-0',
  '1e400',
  '-1',
  '0.5',
  '9007199254740993',
  '4294967296',
  'NaN',
  '\ufeff',
  '\u2028',
  '#',
  ': ',
  '3.0',
  '00',
  '../',
  '(1000000000,',
];

/** A copy of `seed` with one to eight random changes of text; the result need not be valid UTF-8 or JSON. */
export function mutateText(seed: string, other: string, draws: Draws): Uint8Array {
  let text = seed;
  for (let changes = changeCount(draws, 8); changes > 0; changes -= 1) {
    const at = draws.below(text.length + 1);
    const end = at + draws.below(24);
    switch (draws.below(5)) {
      case 0:
        text = text.slice(0, at) + draws.pick(TEXT_PARTS) + text.slice(at);
        break;
      case 1:
        text = text.slice(0, at) + text.slice(end);
        break;
      case 2:
        text = text.slice(0, end) + text.slice(at);
        break;
      case 3:
        text = replaceNumber(text, draws);
        break;
      default: {
        const from = draws.below(other.length + 1);
        text = text.slice(0, at) + other.slice(from, from + draws.below(120)) + text.slice(end);
      }
    }
  }
  const bytes = new TextEncoder().encode(text);
  return draws.chance(0.1) ? mutateBytes(bytes, bytes, draws) : bytes;
}

/** Replaces one number of the text by an edge number or by something of another type. */
function replaceNumber(text: string, draws: Draws): string {
  const numbers = [...text.matchAll(/-?\d+(\.\d+)?/g)];
  if (numbers.length === 0) return text;
  const found = draws.pick(numbers);
  const value = draws.chance(0.5) ? String(draws.pick(EDGE_NUMBERS)) : draws.pick(TEXT_PARTS);
  return text.slice(0, found.index) + value + text.slice(found.index + found[0].length);
}

/** A JSON value with one to four of its members removed, doubled, renamed or replaced by a value of another type. */
export function mutateJson(seed: unknown, draws: Draws): Uint8Array {
  let value = seed;
  for (let changes = changeCount(draws, 4); changes > 0; changes -= 1) value = changeJson(value, draws);
  return new TextEncoder().encode(JSON.stringify(value) ?? 'null');
}

const OTHER_VALUES: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  1e308,
  '',
  'text',
  '__proto__',
  [],
  {},
  [[]],
  { length: 4294967295 },
];

function changeJson(value: unknown, draws: Draws): unknown {
  if (typeof value !== 'object' || value === null || draws.chance(0.1))
    return draws.pick<unknown>([...OTHER_VALUES, value]);
  if (Array.isArray(value)) {
    const at = draws.below(value.length);
    const items: readonly unknown[] = value;
    const item = changeJson(items[at], draws);
    return draws.chance(0.2) ? items.filter((_, i) => i !== at) : items.map((own, i) => (i === at ? item : own));
  }
  const entries = Object.entries(value);
  const at = draws.below(entries.length);
  const changed = entries.flatMap(([key, own], i): [string, unknown][] => {
    if (i !== at) return [[key, own]];
    if (draws.chance(0.15)) return [];
    return [[draws.chance(0.1) ? draws.pick(['__proto__', 'constructor', 'x']) : key, changeJson(own, draws)]];
  });
  return Object.fromEntries(changed);
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
