import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { loadCommands } from '../../src-main/cli/commands';
import { createParser } from '../../src-main/cli/options';
import { setLanguage, t } from '../../src-renderer/i18n';
import { hintOf } from '../../src-renderer/widgets/states';
import { ADVICE_IDS, advise, commandLineAdvice } from '../../src-shared/base/advice';
import { WorkbenchError } from '../../src-shared/base/errors';
import { fromWireError, toWireError } from '../../src-shared/contract/errors';
import { REPO_ROOT } from '../support/shared';

const COMMAND = /(?<![.\w])calib (?:[a-z]+\b|--)/;
/** A flag, but no custom property of a style sheet (`var(--text)`), and of our own program. */
const FLAG = /(?<![(]|vulkaninfo )--[a-z]+[a-z-]*[\s`,.;]/;
const SCREEN = /\b(?:button|click|screen)/i;
const VALUES = {
  project: '/p.calib',
  input: 'x',
  tensor: 't',
  layer: 'l',
  images: '8',
  devices: '0 H200',
  variable: 'V',
  size: '8x8',
  shapes: '"x" [N, 3]',
  version: '11.0.0',
  side: '8',
  layout: 'nchw',
};

/** Text literals of the sources below a folder, without comments. */
function literalsOf(folder: string, isLeftOut: (path: string) => boolean): readonly string[] {
  return readdirSync(join(REPO_ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !isLeftOut(path))
    .flatMap((path) => {
      const code = readFileSync(path, 'utf8').replace(/\/\*.*?\*\/|(?<=^|\s)\/\/[^\n]*/gs, '');
      const literals = code.match(/'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/gs) ?? [];
      return literals.map((literal) => `${path.slice(REPO_ROOT.length + 1)}: ${literal}`);
    });
}

afterEach(() => setLanguage('en'));

describe('advice', () => {
  it.each(['en', 'zh'] as const)('has words of the graphical interface in %s that quote no command', (language) => {
    setLanguage(language);
    for (const id of ADVICE_IDS) {
      const text = t(`advice.${id}`, VALUES);
      expect(text).not.toBe(`advice.${id}`);
      expect(text).not.toMatch(COMMAND);
      expect(text).not.toMatch(/--[a-z]/);
      expect(text).not.toMatch(/\{\w+\}/);
    }
  });

  it('has words of the command line that mention no screen', () => {
    for (const id of ADVICE_IDS) {
      expect(commandLineAdvice(advise(id, VALUES))).not.toMatch(SCREEN);
      expect(commandLineAdvice(advise(id, VALUES))).not.toMatch(/\{\w+\}/);
    }
  });

  it('crosses the wire as data, beside the words of the command line', () => {
    const error = new WorkbenchError('calibration-missing', 'No calibration', {
      hint: advise('calibrate', { project: '/p.calib' }),
    });
    const wire = toWireError(fromWireError(toWireError(error)));
    expect(wire).toMatchObject({ hint: 'Run: calib calibrate /p.calib', advice: { id: 'calibrate' } });
    expect(hintOf(wire)).toBe('Calibrate on the Run screen.');
    expect(hintOf({ hint: 'Free some space.' })).toBe('Free some space.');
  });
});

describe('texts', () => {
  // Reports and exported projects show the commands that repeat a run; an export can be copied as a command line.
  const isOfCommandLine = (path: string): boolean =>
    /src-main.(?:cli|runs.report)|serve.address|src-shared.base.advice|run.export-request/.test(path);

  it('of the application and the screens quote no command', () => {
    const quoted = ['src-main', 'src-shared', 'src-renderer']
      .flatMap((folder) => literalsOf(folder, isOfCommandLine))
      .filter((literal) => COMMAND.test(literal));
    expect(quoted).toEqual([]);
  });

  it('of the application quote no flag', () => {
    // They parse flags, write the commands of a report or call other programs.
    const isOfFlags = (path: string): boolean =>
      isOfCommandLine(path) || /preprocess-flags|preprocessing-text/.test(path);
    const quoted = ['src-main', 'src-shared']
      .flatMap((folder) => literalsOf(folder, isOfFlags))
      .filter((literal) => FLAG.test(literal));
    expect(quoted).toEqual([]);
  });

  it('of the help mention no screen, and each command is found by its name', async () => {
    for (const command of await loadCommands()) {
      expect(await loadCommands(command.name)).toEqual([command]);
      expect(createParser(command).helpInformation()).not.toMatch(SCREEN);
    }
    const { stdout } = spawnSync(process.execPath, [join(REPO_ROOT, 'out/main/calib.js'), '--help'], {
      encoding: 'utf8',
    });
    expect(stdout).toContain('Usage: calib');
    expect(stdout).not.toMatch(SCREEN);
  });

  it('of the command line mention no screen', () => {
    const found = literalsOf('src-main/cli', () => false).filter((literal) => SCREEN.test(literal));
    expect(found).toEqual([]);
  });
});
