import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

export type Encoding = 'br' | 'gzip';

const toBrotli = promisify(brotliCompress);
const toGzip = promisify(gzip);
/**
 * This level takes half a second for the largest file of the page. Higher levels take ten times as long and save
 * another tenth.
 */
const BROTLI_QUALITY = 6;
/** Files smaller than one network packet are not compressed, because this would save nothing. */
const MIN_BYTES = 1_400;

/**
 * The encoding to use for a client, preferring the one with smaller results; null if the client accepts none, or if the
 * file is small or already compressed.
 */
export function encodingFor(
  acceptEncoding: string | undefined,
  { contentType, sizeBytes }: { readonly contentType: string; readonly sizeBytes: number },
): Encoding | null {
  if (sizeBytes < MIN_BYTES || !/^(text\/|application\/json|image\/svg)/.test(contentType)) return null;
  const accepted = new Map((acceptEncoding ?? '').split(',').map(parseCoding));
  return (['br', 'gzip'] as const).find((encoding) => (accepted.get(encoding) ?? 0) > 0) ?? null;
}

/** `br;q=0.5` as name and weight, see RFC 9110 section 12.5.3. */
function parseCoding(text: string): readonly [string, number] {
  const [name = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const weight = parameters.find((parameter) => parameter.startsWith('q='));
  return [name, weight === undefined ? 1 : Number(weight.slice(2))];
}

/** Compressed files of the page. Each is made once and kept until the file changes. */
export class CompressedFiles {
  private readonly kept = new Map<string, { readonly version: string; readonly content: Promise<Buffer> }>();

  /**
   * @param version a value that changes with the file, such as its time and size
   * @throws the error of reading the file
   */
  get(path: string, version: string, encoding: Encoding): Promise<Buffer> {
    const key = `${encoding} ${path}`;
    const known = this.kept.get(key);
    if (known?.version === version) return known.content;
    const content = readFile(path).then((bytes) => compress(bytes, encoding));
    this.kept.set(key, { version, content });
    // A file that could not be read is tried again at the next request.
    content.catch(() => this.kept.delete(key));
    return content;
  }
}

function compress(bytes: Buffer, encoding: Encoding): Promise<Buffer> {
  if (encoding === 'gzip') return toGzip(bytes);
  return toBrotli(bytes, {
    params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
  });
}
