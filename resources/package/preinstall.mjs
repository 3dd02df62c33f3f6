// The `preinstall` script. The install script of onnxruntime-node downloads CUDA libraries from outside the registry on
// Linux, and fails the whole install where that host cannot be reached. The workbench does not need them, but a package
// cannot configure the install of its dependencies. npm runs all `preinstall` scripts before all `postinstall` scripts,
// so this one makes that script do nothing unless it is asked: ONNXRUNTIME_NODE_INSTALL=cuda12 node
// node_modules/onnxruntime-node/script/install.js.
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';

const MARK = '// Of @calibration-workbench/calib: downloads only when it is asked to.';
const GUARD = `${MARK}\nif (!process.env.ONNXRUNTIME_NODE_INSTALL && !process.env.npm_config_onnxruntime_node_install) process.exit(0);\n`;

function installScript() {
  try {
    const manifest = createRequire(join(resolve(import.meta.dirname, '../..'), 'package.json')).resolve(
      'onnxruntime-node/package.json',
    );
    return join(dirname(manifest), 'script/install.js');
  } catch {
    return null; // not installed yet
  }
}

const path = installScript();
if (path !== null && existsSync(path)) {
  const text = readFileSync(path, 'utf8');
  if (!text.includes(MARK)) {
    // A new file: the old one may be a link into the store of a package manager.
    writeFileSync(`${path}.new`, `${GUARD}${text}`);
    renameSync(`${path}.new`, path);
  }
}
