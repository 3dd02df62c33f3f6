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

const CHECK = `
import json, onnx, sys
def check(path):
    try:
        onnx.checker.check_model(path, full_check=True)
        return "ok"
    except Exception as error:
        return str(error)
print(json.dumps([check(path) for path in sys.argv[1:]]))
`;

/** For each file `ok`, or what is wrong: onnx.checker with full type and shape inference, in one process for all. */
export function checkWithPython(...modelPaths: readonly string[]): readonly string[] {
  return JSON.parse(python(CHECK, ...modelPaths)) as string[];
}
