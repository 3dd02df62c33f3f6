import { SaxesParser } from 'saxes';
import { messageOf } from '../../base/file-errors';
import { FileMemory } from '../../base/file-memory';
import { readLabelText, truthInvalid } from './label-text';

/** Allows tens of thousands of objects an image. */
const MAX_FILE_BYTES = 16e6;
/** Parsed files that are kept: a job loads its sets several times, and parsing XML takes most of that time. */
const REMEMBERED_FILES = 20_000;
/** Elements are not nested deeper than this in any annotation. */
const MAX_DEPTH = 64;

const remembered = new FileMemory<readonly VocObject[]>(REMEMBERED_FILES);

const HINT = 'Expected the XML of Pascal VOC: annotation, with object, name and bndbox in it.';

/** An object of a Pascal VOC file, with its corners in pixels as they are written. */
export interface VocObject {
  readonly name: string;
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
  readonly isDifficult: boolean;
}

/** The objects of one annotation file. @throws WorkbenchError labels-invalid with the file */
export async function readVocFile(path: string): Promise<readonly VocObject[]> {
  return remembered.get(path, async () => vocObjects(await readLabelText(path, MAX_FILE_BYTES), path));
}

/** Whether a text looks like a Pascal VOC annotation: its first element is called so. */
export function looksLikeVoc(text: string): boolean {
  return /^\s*(?:<\?[^>]*>|<!--[\s\S]*?-->|\s)*<annotation[\s>]/.test(text);
}

/**
 * The `object` elements of an annotation. Parts of an object, which have boxes of their own, are ignored. Corners are
 * taken as written: the first pixel is 0 in some data sets and 1 in others, and files do not say which. The parser
 * resolves no entities except the five of XML and character references.
 */
export function vocObjects(text: string, path: string): readonly VocObject[] {
  const objects: VocObject[] = [];
  const open: string[] = [];
  let fields = new Map<string, string>();
  let content = '';
  const parser = new SaxesParser();
  parser.on('error', (error) => {
    throw truthInvalid(`Cannot read ${path} as XML: ${messageOf(error)}`, HINT);
  });
  parser.on('opentag', ({ name }) => {
    open.push(name);
    content = '';
    if (open.length > MAX_DEPTH) throw truthInvalid(`Expected at most ${MAX_DEPTH} nested elements in ${path}`, HINT);
    if (open.length === 1 && name !== 'annotation')
      throw truthInvalid(`Expected the element annotation in ${path}, found ${name}`, HINT);
    if (open.join('/') === 'annotation/object') fields = new Map();
  });
  parser.on('text', (part) => {
    content += part;
  });
  parser.on('cdata', (part) => {
    content += part;
  });
  parser.on('closetag', () => {
    const element = open.join('/');
    if (element.startsWith('annotation/object/'))
      fields.set(element.slice('annotation/object/'.length), content.trim());
    if (element === 'annotation/object') objects.push(objectOf(fields, { path, line: parser.line }));
    open.pop();
    content = '';
  });
  parser.write(text).close();
  return objects;
}

function objectOf(
  fields: ReadonlyMap<string, string>,
  { path, line }: { readonly path: string; readonly line: number },
): VocObject {
  const where = `${path}:${line}`;
  const name = fields.get('name') ?? '';
  if (name === '') throw truthInvalid(`Expected a name for the object that ends at ${where}, found none`, HINT);
  const corner = (key: string): number => {
    const text = fields.get(`bndbox/${key}`) ?? '';
    const value = Number(text);
    if (text === '' || !Number.isFinite(value) || Math.abs(value) > Number.MAX_SAFE_INTEGER)
      throw truthInvalid(`Expected a number ${key} for the object that ends at ${where}, found "${text}"`, HINT);
    return value;
  };
  return {
    name,
    x1: corner('xmin'),
    y1: corner('ymin'),
    x2: corner('xmax'),
    y2: corner('ymax'),
    isDifficult: ['1', 'true'].includes((fields.get('difficult') ?? '').toLowerCase()),
  };
}
