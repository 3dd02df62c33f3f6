// Two rules that oxlint does not have; the others are in oxlint.config.mjs.
import tseslint from 'typescript-eslint';
import { ownNames } from './test/support/own-names.mjs';

export default tseslint.config(
  { ignores: ['node_modules/', 'out/', 'build/', 'native/', '**/*.d.mts'] },
  tseslint.configs.base,
  {
    files: ['**/*.{ts,tsx,js,mjs}'],
    // Comments that switch off rules are oxlint's to judge.
    linterOptions: { reportUnusedDisableDirectives: 'off' },
    rules: {
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
    },
  },
  {
    // Names that users choose never index a plain object; the one file that may do so is the helper for it.
    files: ['src-*/**/*.ts', 'src-*/**/*.tsx'],
    ignores: ['src-shared/base/records.ts'],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { calib: { rules: { 'own-names': ownNames } } },
    rules: { 'calib/own-names': 'error' },
  },
);
