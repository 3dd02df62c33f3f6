import { describe, expect, it } from 'vitest';
import { number, object, parse, record as recordOf } from '../../../src-shared/base/schema';
import { ownValue, setOwnValue } from '../../../src-shared/base/records';

const NAMES = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf'];

describe('records of names', () => {
  it('hold nothing that was not stored', () => {
    for (const name of NAMES) expect(ownValue<number>({}, name)).toBeUndefined();
    expect(ownValue<number>(undefined, 'a')).toBeUndefined();
  });
  it('hold any name, through JSON, structured clone, schemas and spreads', () => {
    const record: Record<string, number> = {};
    for (const [i, name] of NAMES.entries()) setOwnValue(record, name, i);
    const copies = [
      record,
      JSON.parse(JSON.stringify(record)) as typeof record,
      structuredClone(record),
      parse(recordOf(number), record),
      { ...record },
    ];
    for (const copy of copies) {
      expect(Object.keys(copy)).toEqual(NAMES);
      expect(NAMES.map((name) => ownValue(copy, name))).toEqual([0, 1, 2, 3, 4]);
    }
    expect(Object.getPrototypeOf(record)).toBe(Object.prototype);
  });
  it('do not take a field from the prototype', () => {
    const schema = object({ file: object({ toString: number }) });
    expect(() => parse(schema, { file: {} })).toThrow('expected a number at file.toString, found nothing');
  });
});
