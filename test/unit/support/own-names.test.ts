import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Linter } from 'eslint';
import ts from 'typescript';
import tseslint from 'typescript-eslint';
import { expect, it } from 'vitest';
import { ownNames } from '../../support/own-names.mjs';
import { useTempDirs } from '../../support/temp-dir';

const tempDir = useTempDirs();

/** The lines that the rule refuses. */
function refusedLines(lines: readonly string[]): readonly string[] {
  const dir = tempDir();
  const file = join(dir, 'code.ts');
  writeFileSync(file, lines.join('\n'));
  const program = ts.createProgram([file], {
    strict: true,
    target: ts.ScriptTarget.ES2023,
    lib: ['lib.es2023.d.ts'],
    types: [],
  });
  const messages = new Linter({ cwd: dir }).verify(
    lines.join('\n'),
    [
      {
        files: ['**/*.ts'],
        languageOptions: { parser: tseslint.parser, parserOptions: { programs: [program] } },
        plugins: { calib: { rules: { 'own-names': ownNames } } },
        rules: { 'calib/own-names': 'error' },
      },
    ],
    { filename: file },
  );
  expect(messages.filter(({ fatal }) => fatal)).toEqual([]);
  return messages.map(({ line }) => lines[line - 1] ?? '');
}

it('names that users choose may not index a record, wherever it comes from', () => {
  const setUp = [
    'declare const record: Readonly<Record<string, number>>;',
    'declare const nested: { readonly groups?: Record<string, number[]> };',
    'declare const name: string;',
    'declare const list: readonly number[];',
    "declare const fixed: Readonly<Record<'int8' | 'fp16', number>>;",
    "declare const precision: 'int8' | 'fp16';",
    'declare const map: ReadonlyMap<string, number>;',
  ];
  const refused = [
    'export const a = record[name];',
    'export const b = nested.groups?.[`${name}/x`];',
    'nested.groups![name] = [];',
    'export const c = name in record;',
    'export const d = Object.keys(record).map((key) => record[key]);',
  ];
  const allowed = [
    "export const e = record['fixed'];",
    'export const f = list[0];',
    'export const g = fixed[precision];',
    'export const h = map.get(name);',
    'export const i = { ...record, [name]: 1 };',
    "export const j = 'a' in record;",
  ];
  expect(refusedLines([...setUp, ...refused, ...allowed])).toEqual(refused);
});
