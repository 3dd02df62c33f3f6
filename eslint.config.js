import js from '@eslint/js';
import reactHooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';
import { ownNames } from './test/support/own-names.mjs';

export default tseslint.config(
  { ignores: ['node_modules/', 'out/', 'build/', 'native/', '**/*.d.mts'] },
  js.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      'max-lines': ['error', { max: 500 }],
      'max-len': [
        'error',
        {
          code: 120,
          ignoreStrings: true,
          ignoreTemplateLiterals: true,
          ignoreRegExpLiterals: true,
          ignoreUrls: true,
        },
      ],
      'max-params': ['error', { max: 4 }],
      'no-console': 'error',
      eqeqeq: 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/no-unnecessary-condition': 'off',
      '@typescript-eslint/consistent-type-imports': 'error',
      // A twelfth of the time of all rules each, for mistakes that the code has no place for: it has no enums, and no
      // classes that are told apart by more than their shape.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      '@typescript-eslint/no-unsafe-enum-assignment': 'off',
      // A method that answers at once is still async: it implements an interface, and what it throws is a rejection.
      '@typescript-eslint/require-await': 'off',
    },
  },
  {
    files: ['src-main/**/*.ts'],
    ignores: ['src-main/backends/onnxruntime.ts'],
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
    // Names that users choose never index a plain object; the one file that may do so is the helper for it.
    files: ['src-*/**/*.ts', 'src-*/**/*.tsx'],
    ignores: ['src-shared/base/records.ts'],
    plugins: { calib: { rules: { 'own-names': ownNames } } },
    rules: { 'calib/own-names': 'error' },
  },
  {
    files: ['src-renderer/**/*.ts', 'src-renderer/**/*.tsx'],
    ...reactHooks.configs.flat.recommended,
    rules: {
      ...reactHooks.configs.flat.recommended.rules,
      // It warns of what the React Compiler skips; this project does not use that compiler.
      'react-hooks/incompatible-library': 'off',
    },
  },
  {
    // The types of a test are checked by the compiler; of the linter's rules on types, those on promises find
    // mistakes here.
    files: ['test/**/*.ts'],
    rules: {
      ...tseslint.configs.disableTypeChecked.rules,
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/await-thenable': 'error',
    },
  },
  {
    files: ['**/*.js', '**/*.mjs', '*.config.ts'],
    ...tseslint.configs.disableTypeChecked,
    languageOptions: {
      globals: {
        console: 'readonly',
        process: 'readonly',
        URL: 'readonly',
        performance: 'readonly',
        Buffer: 'readonly',
      },
      parserOptions: { projectService: false },
    },
    rules: { ...tseslint.configs.disableTypeChecked.rules, 'no-console': 'off' },
  },
);
