/**
 * Who may import whom (ARCHITECTURE.md, "Import directions"), checked by `npm run check:imports`. Type-only imports
 * count too. A folder may always import itself.
 */

/** Folder -> folders that its files may import. */
const ALLOWED = {
  'src-shared/base': [],
  'src-shared/domain': ['src-shared/base'],
  'src-shared/contract': ['src-shared/base', 'src-shared/domain'],
  'src-main/base': ['src-shared'],
  'src-main/onnx': ['src-shared', 'src-main/base'],
  'src-main/backends': ['src-shared', 'src-main/base', 'src-main/onnx', 'native'],
  'src-main/calibration': ['src-shared', 'src-main/base', 'src-main/onnx', 'src-main/backends', 'native'],
  'src-main/quantization': ['src-shared', 'src-main/base', 'src-main/onnx'],
  'src-main/analysis': ['src-shared', 'src-main/base', 'src-main/onnx', 'src-main/backends'],
  'src-main/packages': ['src-shared', 'src-main/base', 'src-main/onnx'],
  'src-main/runs': ['src-shared', 'src-main/base', 'src-main/onnx'],
  'src-main/compute': [
    'src-shared',
    'src-main/base',
    'src-main/onnx',
    'src-main/backends',
    'src-main/calibration',
    'src-main/quantization',
    'src-main/analysis',
    'native',
  ],
  'src-main/app': [
    'src-shared',
    'src-main/base',
    'src-main/onnx',
    'src-main/backends',
    'src-main/calibration',
    'src-main/quantization',
    'src-main/analysis',
    'src-main/packages',
    'src-main/runs',
    'src-main/compute',
  ],
  'src-main/transport': ['src-shared', 'src-main/base'],
  // `calib serve` and `calib start` are commands that start the HTTP server.
  'src-main/cli': [
    'src-shared',
    'src-main/base',
    'src-main/app',
    'src-main/calibration',
    'src-main/serve/serve',
    'src-main/serve/address',
  ],
  'src-main/serve': ['src-shared', 'src-main/base', 'src-main/app', 'src-main/transport'],
  'src-main/desktop': ['src-shared', 'src-main/base', 'src-main/app', 'src-main/transport'],
  'src-main/preload': ['src-shared'],
  'src-renderer/api': ['src-shared'],
  'src-renderer/i18n': ['src-shared'],
  'src-renderer/widgets': ['src-shared', 'src-renderer/i18n', 'src-renderer/styles'],
  'src-renderer/state': ['src-shared', 'src-renderer/api', 'src-renderer/i18n'],
  'src-renderer/panels': [
    'src-shared',
    'src-renderer/api',
    'src-renderer/i18n',
    'src-renderer/state',
    'src-renderer/styles',
    'src-renderer/widgets',
  ],
  'src-renderer/features': [
    'src-shared',
    'src-renderer/api',
    'src-renderer/i18n',
    'src-renderer/panels',
    'src-renderer/state',
    'src-renderer/styles',
    'src-renderer/widgets',
  ],
  'src-renderer/app': ['src-shared', 'src-renderer'],
};

/** A folder and everything below it, or a file whatever its extension. */
const below = (folder) => `^${folder}[/.]`;

export default {
  forbidden: [
    {
      name: 'no-circular',
      comment: 'Two files that need each other are one file, or lack a third one.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-orphans',
      comment: 'A file that nothing imports is dead, unless a glob (messages) or the build (scoped-name) loads it.',
      severity: 'error',
      from: {
        orphan: true,
        pathNot: ['\\.d\\.ts$', '^src-renderer/i18n/messages/', '^src-renderer/styles/scoped-name'],
      },
      to: {},
    },
    ...Object.entries(ALLOWED).map(([folder, allowed]) => ({
      name: `directions of ${folder}`,
      severity: 'error',
      from: { path: below(folder) },
      to: { path: '^(src-|native)', pathNot: [folder, ...allowed].map(below) },
    })),
    {
      name: 'features are independent',
      comment: 'What two features share belongs into widgets or state.',
      severity: 'error',
      from: { path: '^src-renderer/features/([^/]+)/' },
      to: { path: '^src-renderer/features/', pathNot: '^src-renderer/features/$1/' },
    },
    {
      name: 'electron in its shell only',
      comment: 'Everything else runs without Electron.',
      severity: 'error',
      from: { path: '^src-', pathNot: '^src-main/(desktop|preload)/' },
      to: { path: '(^|/)electron(/|$)' },
    },
    {
      name: 'shared code runs anywhere',
      comment: 'src-shared and src-renderer also run in a browser.',
      severity: 'error',
      from: { path: '^src-(shared|renderer)/' },
      to: { dependencyTypes: ['core'] },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '\\.css$' },
  },
};
