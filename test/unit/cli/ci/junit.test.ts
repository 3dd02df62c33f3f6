import { SaxesParser } from 'saxes';
import { describe, expect, it } from 'vitest';
import { junitXml } from '../../../../src-main/cli/ci/junit';
import { exitCodeOfAll } from '../../../../src-main/cli/ci/run-outcome';
import { FAILED, outcome } from './outcomes';

interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: Element[];
}

function parseXml(xml: string): Element {
  const root: Element = { name: '', attributes: {}, children: [] };
  const open = [root];
  const parser = new SaxesParser();
  parser.on('opentag', ({ name, attributes }) => {
    const element: Element = { name, attributes: attributes, children: [] };
    open.at(-1)?.children.push(element);
    open.push(element);
  });
  parser.on('closetag', () => void open.pop());
  parser.write(xml).close();
  return root.children[0] ?? root;
}

const casesOf = (suite: Element | undefined): Record<string, string> =>
  Object.fromEntries(
    (suite?.children ?? [])
      .filter(({ name }) => name === 'testcase')
      .map(({ attributes, children }) => [
        attributes['name'] ?? '',
        children.find(({ name }) => name !== 'system-out')?.name ?? 'passed',
      ]),
  );

describe('junitXml', () => {
  it('has a case for each step, gate and group; only what was met counts as passed', () => {
    const report = parseXml(junitXml([outcome()]));
    expect(casesOf(report.children[0])).toEqual({
      calibration: 'passed',
      benchmark: 'skipped',
      'maxTop1Drop of int8-entropy': 'failure',
      'maxWorstGroupDrop of int8-entropy': 'failure',
      'maxLatencyMs of int8-entropy': 'passed',
      'minInt8Time of int8-entropy': 'error',
      'group day of int8-entropy': 'passed',
      'group night of int8-entropy': 'failure',
    });
    expect(report.attributes).toMatchObject({ tests: '8', failures: '3', errors: '1', skipped: '1' });
  });

  it('skips groups where no limit is set', () => {
    const gates = outcome().result.record.gates.filter(({ name }) => name !== 'maxWorstGroupDrop');
    const cases = casesOf(parseXml(junitXml([outcome({ gates })])).children[0]);
    expect(cases['group night of int8-entropy']).toBe('skipped');
  });

  it('escapes what projects contain, and keeps projects apart', () => {
    const xml = junitXml([FAILED, outcome({ project: 'a"<&\u0001' })]);
    const report = parseXml(xml);
    expect(report.children.map(({ attributes }) => attributes['name'])).toEqual(['broken', 'a"<&?']);
    expect(report.children[0]?.children[0]?.children[0]?.attributes['message']).toBe('Expected <a model> & "images"?');
  });
});

describe('the exit code of several projects', () => {
  it('is that of a failure, else 3 for an open gate, else 0', () => {
    const met = outcome({ gates: [] });
    expect(exitCodeOfAll([met, met])).toBe(0);
    expect(exitCodeOfAll([met, outcome()])).toBe(3);
    expect(exitCodeOfAll([outcome(), FAILED, met])).toBe(4);
    const unjudged = outcome({ gates: outcome().result.record.gates.filter(({ state }) => state !== 'missed') });
    expect(exitCodeOfAll([unjudged])).toBe(3);
  });
});
