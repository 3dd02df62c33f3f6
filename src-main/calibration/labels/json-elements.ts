import { createReadStream } from 'node:fs';
import { ownValue } from '../../../src-shared/base/records';

/** Larger elements are refused, so that one element cannot fill the memory. */
const MAX_ELEMENT_BYTES = 64e6;
const MAX_DEPTH = 512;
const READ_BYTES = 1 << 20;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const COLON = 0x3a;

/** A file that is not a JSON object, or whose arrays cannot be read; the message continues a sentence. */
export class JsonFileError extends Error {}

/** What is done with the elements of an array of the top-level object: the parsed element and its index. */
export type ElementHandlers = Readonly<Record<string, (element: unknown, index: number) => void>>;

/**
 * Reads the arrays of the top-level object of a JSON file element by element, so that a file of any size needs the
 * memory of one element. Arrays without a handler and all other values are skipped. The file is read once.
 * @returns the keys whose value was an array and had a handler
 * @throws JsonFileError for malformed JSON (skipped values are only checked for closed strings and brackets); Node's
 *   error if the file cannot be read
 */
export async function readJsonElements(path: string, handlers: ElementHandlers): Promise<ReadonlySet<string>> {
  const reader = new ElementReader(handlers);
  const stream = createReadStream(path, { highWaterMark: READ_BYTES });
  for await (const chunk of stream as AsyncIterable<Buffer>) reader.read(chunk);
  return reader.finish();
}

/** Splits the bytes of a JSON file; see readJsonElements. */
export class ElementReader {
  private readonly keys = new Set<string>();
  private readonly stack: number[] = [];
  /** Bytes of the captured key or element from earlier chunks. */
  private kept: Buffer[] = [];
  private keptBytes = 0;
  private isCapturing = false;
  private isInString = false;
  private isEscaped = false;
  private key: string | null = null;
  /** In the top-level object: what must come next. */
  private expects: 'key' | 'colon' | 'value' | 'end' = 'value';
  /** The handler of the array that is being read. */
  private handler: ((element: unknown, index: number) => void) | null = null;
  private index = 0;
  private isFirstChunk = true;
  private isDone = false;

  constructor(private readonly handlers: ElementHandlers) {}

  read(chunk: Buffer): void {
    const hasMark = this.isFirstChunk && chunk[0] === 0xef && chunk[1] === 0xbb && chunk[2] === 0xbf;
    const bytes = hasMark ? chunk.subarray(3) : chunk;
    this.isFirstChunk = false;
    let start = 0;
    for (let at = 0; at < bytes.length; at += 1) {
      const byte = bytes[at] ?? 0;
      if (this.isInString) {
        if (this.isEscaped) this.isEscaped = false;
        else if (byte === BACKSLASH) this.isEscaped = true;
        else if (byte === QUOTE) {
          this.isInString = false;
          if (this.stack.length === 1 && this.expects === 'key') {
            this.key = this.text(bytes.subarray(start, at + 1)) as string;
            this.expects = 'colon';
          }
        }
        continue;
      }
      if (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) continue;
      if (this.isDone) throw new JsonFileError('text follows the object');
      switch (byte) {
        case QUOTE:
          this.isInString = true;
          if (this.stack.length === 0) throw new JsonFileError('it does not begin with an object');
          if (this.stack.length === 1 && this.expects === 'key') {
            this.isCapturing = true;
            start = at;
          }
          break;
        case OPEN_OBJECT:
        case OPEN_ARRAY:
          this.open(byte);
          if (this.stack.length === 2 && byte === OPEN_ARRAY && this.handler !== null) {
            this.isCapturing = true;
            start = at + 1;
          }
          break;
        case CLOSE_OBJECT:
        case CLOSE_ARRAY:
          if (this.stack.length === 2 && this.handler !== null) this.element(bytes.subarray(start, at), true);
          this.close(byte);
          break;
        case COMMA:
          if (this.stack.length === 2 && this.handler !== null) {
            this.element(bytes.subarray(start, at), false);
            this.isCapturing = true;
            start = at + 1;
          } else if (this.stack.length === 1) this.next('end', 'key');
          break;
        case COLON:
          if (this.stack.length === 1) this.next('colon', 'value');
          break;
        default:
          if (this.stack.length === 0) throw new JsonFileError('it does not begin with an object');
          if (this.stack.length === 1 && this.expects === 'value') this.expects = 'end';
      }
      if (byte === QUOTE && this.stack.length === 1 && this.expects === 'value') this.expects = 'end';
    }
    if (this.isCapturing) this.keep(bytes.subarray(start));
  }

  /** @returns the keys of the arrays that were read */
  finish(): ReadonlySet<string> {
    if (!this.isDone) throw new JsonFileError('it ends before the object is closed');
    return this.keys;
  }

  private next(expected: 'end' | 'colon', then: 'key' | 'value'): void {
    if (this.expects !== expected) throw new JsonFileError('a comma or colon is out of place in the object');
    this.expects = then;
  }

  private open(byte: number): void {
    const depth = this.stack.length;
    if (depth === 0 && byte !== OPEN_OBJECT) throw new JsonFileError('it is a list, not an object');
    if (depth >= MAX_DEPTH) throw new JsonFileError(`brackets are nested deeper than ${MAX_DEPTH}`);
    if (depth === 1) {
      if (this.expects !== 'value') throw new JsonFileError('a value is out of place in the object');
      const key = this.key ?? '';
      const handler = ownValue(this.handlers, key);
      if (byte === OPEN_ARRAY && handler !== undefined) {
        if (this.keys.has(key)) throw new JsonFileError(`"${key}" is given twice`);
        this.keys.add(key);
        this.handler = handler;
        this.index = 0;
      }
    }
    this.stack.push(byte);
    if (depth === 0) this.expects = 'key';
  }

  private close(byte: number): void {
    const opened = this.stack.pop();
    if (opened !== (byte === CLOSE_OBJECT ? OPEN_OBJECT : OPEN_ARRAY))
      throw new JsonFileError('a bracket is closed that was not opened');
    if (this.stack.length === 1) {
      this.handler = null;
      this.expects = 'end';
    }
    if (this.stack.length === 0) this.isDone = true;
  }

  /** One element is complete. Only an empty array may have an empty one, which is its only and last. */
  private element(rest: Buffer, isLast: boolean): void {
    const value = this.text(rest);
    if (value === undefined && !(isLast && this.index === 0)) throw new JsonFileError('a list has an empty element');
    if (value !== undefined) this.handler?.(value, this.index);
    this.index += 1;
  }

  private keep(bytes: Buffer): void {
    this.keptBytes += bytes.length;
    if (this.keptBytes > MAX_ELEMENT_BYTES)
      throw new JsonFileError(`an element is larger than ${MAX_ELEMENT_BYTES / 1e6} MB`);
    this.kept.push(Buffer.from(bytes));
  }

  /** The value of the captured text; undefined if there is none. */
  private text(rest: Buffer): unknown {
    const bytes = this.kept.length === 0 ? rest : Buffer.concat([...this.kept, rest]);
    this.kept = [];
    this.keptBytes = 0;
    this.isCapturing = false;
    const text = bytes.toString('utf8');
    if (text.trim() === '') return undefined;
    try {
      return JSON.parse(text);
    } catch (error) {
      const where = this.handler === null ? 'a key' : `element ${this.index} of "${this.key}"`;
      throw new JsonFileError(`${where} is not valid JSON (${error instanceof Error ? error.message : String(error)})`);
    }
  }
}
