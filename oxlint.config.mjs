// The linter for everything but the two rules of eslint.config.js: the same presets, checked by the native compiler.
import js from '@eslint/js';
import reactHooks from 'eslint-plugin-react-hooks';
import { defineConfig } from 'oxlint';
import tseslint from 'typescript-eslint';

/** Rules that oxlint does not know: syntax that modules refuse anyway, and settings of the React compiler. */
const UNKNOWN = ['no-dupe-args', 'no-octal', 'react-hooks/config', 'react-hooks/gating'];

/** Rules that are switched on by all of these presets together. A later preset has the last word on a rule. */
function rulesOf(...presets) {
  const rules = Object.assign({}, ...presets.map((preset) => preset.rules));
  return Object.fromEntries(
    Object.entries(rules).filter(([name, level]) => level !== 'off' && !UNKNOWN.includes(name)),
  );
}

const recommended = rulesOf(js.configs.recommended, ...tseslint.configs.strictTypeChecked);

/** Switches off what needs types. */
const untyped = Object.fromEntries(
  Object.keys(recommended)
    .filter((name) => name in tseslint.configs.disableTypeChecked.rules)
    .map((name) => [name, 'off']),
);

export default defineConfig({
  ignorePatterns: ['node_modules/', 'out/', 'build/', 'native/', '**/*.d.mts'],
  plugins: ['eslint', 'typescript', 'react'],
  categories: { correctness: 'off' },
  options: { typeAware: true, reportUnusedDisableDirectives: 'error' },
  rules: {
    ...recommended,
    'max-lines': ['error', { max: 500 }],
    'max-params': ['error', { max: 4 }],
    'no-console': 'error',
    eqeqeq: 'error',
    '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
    '@typescript-eslint/no-confusing-void-expression': 'off',
    '@typescript-eslint/no-unnecessary-condition': 'off',
    '@typescript-eslint/consistent-type-imports': 'error',
    // A method that answers at once is still async: it implements an interface, and what it throws is a rejection.
    '@typescript-eslint/require-await': 'off',
  },
  overrides: [
    {
      files: ['src-main/**/*.ts'],
      excludeFiles: ['src-main/backends/onnxruntime.ts'],
      rules: {
        '@typescript-eslint/no-restricted-imports': [
          'error',
          {
            paths: [
              {
                name: 'onnxruntime-node',
                message: 'Import backends/onnxruntime, which switches its telemetry off first.',
                allowTypeImports: true,
              },
            ],
          },
        ],
      },
    },
    {
      files: ['src-renderer/**/*.ts', 'src-renderer/**/*.tsx'],
      rules: {
        ...rulesOf(reactHooks.configs.flat.recommended),
        // It warns of what the React Compiler skips; this project does not use that compiler.
        'react-hooks/incompatible-library': 'off',
      },
    },
    // Tests compare functions, replace them and put them back.
    { files: ['test/**/*.ts'], rules: { '@typescript-eslint/unbound-method': 'off' } },
    {
      files: ['**/*.js', '**/*.mjs', '*.config.ts'],
      env: { node: true },
      // The compiler finds undefined names in TypeScript only.
      rules: { ...untyped, 'no-undef': 'error', 'no-console': 'off' },
    },
  ],
});
