import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

let available: boolean | null = null;

/** Whether python3 with the packages onnx and numpy is here: the independent reference of some tests. */
export function hasPythonOnnx(): boolean {
  available ??= spawnSync('python3', ['-c', 'import onnx, numpy']).status === 0;
  return available;
}

/** Runs a script and returns what it printed. */
export function python(script: string, ...args: readonly string[]): string {
  const dir = mkdtempSync(join(tmpdir(), 'onnx-python-'));
  try {
    const path = join(dir, 'script.py');
    writeFileSync(path, script);
    const result = spawnSync('python3', [path, ...args], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
    if (result.status !== 0) throw new Error(`python3 failed: ${result.stderr}`);
    return result.stdout.trim();
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** `ok`, or an exception: onnx.checker with full type and shape inference. */
export function checkWithPython(modelPath: string): string {
  return python('import onnx, sys\nonnx.checker.check_model(sys.argv[1], full_check=True)\nprint("ok")', modelPath);
}
