// `npm run dev`: the workbench with hot reload of the screens. In the Electron window where its binary is installed,
// else in the browser: Vite serves the page and passes calls on to `calib serve` (restart this after a change of
// src-main).
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { createServer } from 'vite';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const electronDist =
  process.env.ELECTRON_OVERRIDE_DIST_PATH ??
  join(dirname(createRequire(import.meta.url).resolve('electron/package.json')), 'dist');

if (existsSync(electronDist)) {
  process.exit(spawnSync('npx', ['electron-vite', 'dev'], { cwd: root, stdio: 'inherit' }).status ?? 1);
}

console.log("Electron's binary is not installed; the screens open in a browser instead.");
spawnSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: 'inherit' });
const served = spawn(
  process.execPath,
  [join(root, 'out/main/calib.js'), 'serve', '--port', '0', ...process.argv.slice(2)],
  { stdio: ['ignore', 'pipe', 'inherit'] },
);
const address = await new Promise((found, failed) => {
  served.stdout.on('data', (text) => /http:\S+/.test(text) && found(new URL(/http:\S+/.exec(text)[0])));
  served.on('exit', () => failed(new Error('calib serve ended')));
});
/** The server answers only requests that seem to come from its own page. */
const toServer = { target: address.origin, changeOrigin: true, headers: { origin: address.origin } };
const page = await createServer({
  configFile: false,
  root: join(root, 'src-renderer'),
  plugins: [react()],
  worker: { format: 'es' },
  // Not all of /api: the page's own modules of src-renderer/api have that address too.
  server: { proxy: { '^/api/(call|events|upload)([?]|$)': toServer } },
});
await page.listen();
console.log(`${page.resolvedUrls.local[0]}${address.search}`);
process.on('SIGINT', () => {
  served.kill('SIGINT');
  void page.close().then(() => process.exit(0));
});
