import {
  gateAmount,
  gateLimitText,
  gateTitle,
  statisticsText,
  withGatePart,
} from '../../../src-shared/domain/runs/gate-text';
import type { GateResult, RunRecord, StepRecord } from '../../../src-shared/domain/runs/run-record';
import { gateCaseName, groupOutcomes, type GroupOutcome, type RunOutcome } from './run-outcome';

/** The verdict of a test case: `failure` is a missed limit, `error` something that could not be judged. */
interface Case {
  readonly name: string;
  readonly kind: 'gate' | 'group' | 'step' | 'run';
  readonly seconds: number;
  readonly verdict: null | {
    readonly element: 'failure' | 'error' | 'skipped';
    readonly type: string;
    readonly message: string;
  };
  readonly output?: string;
}

/**
 * The runs as JUnit XML: a suite for each project, with a case for each gate and each group of images, and for each
 * step of the run. What was skipped or not judged never counts as passed.
 */
export function junitXml(outcomes: readonly RunOutcome[]): string {
  const suites = outcomes.map(suiteOf);
  const sum = (element: string): number =>
    suites.flatMap(({ cases }) => cases).filter(({ verdict }) => verdict?.element === element).length;
  const all = suites.flatMap(({ cases }) => cases).length;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="calib run" tests="${all}" failures="${sum('failure')}" errors="${sum('error')}" skipped="${sum('skipped')}">`,
    ...suites.flatMap(suiteLines),
    '</testsuites>',
    '',
  ].join('\n');
}

interface Suite {
  readonly name: string;
  readonly timestamp: string | null;
  readonly properties: Readonly<Record<string, string>>;
  readonly cases: readonly Case[];
}

function suiteOf(outcome: RunOutcome): Suite {
  if (outcome.kind === 'failed') {
    const verdict = { element: 'error', type: 'failed', message: outcome.message } as const;
    return {
      name: outcome.project,
      timestamp: null,
      properties: {},
      cases: [{ name: 'run', kind: 'run', seconds: 0, verdict }],
    };
  }
  const { record, report } = outcome.result;
  return {
    name: record.project,
    timestamp: record.createdAt.replace(/Z$/, ''),
    properties: { runId: record.runId, report },
    cases: [...(record.steps ?? []).map(stepCase), ...record.gates.map(gateCase), ...groupCases(record)],
  };
}

function stepCase({ step, state, reason = '', seconds = 0 }: StepRecord): Case {
  const verdict = state === 'done' ? null : ({ element: 'skipped', type: 'skipped', message: reason } as const);
  return { name: step, kind: 'step', seconds, verdict };
}

function gateCase(gate: GateResult): Case {
  const limit = gateLimitText(gate);
  const value = gate.value === null ? 'no value' : withGatePart(gate, gateAmount(gate, gate.value));
  const chance = statisticsText(gate);
  const found = `${gateTitle(gate)}: ${value}, limit ${limit}${chance === '' ? '' : ` [${chance}]`}`;
  const common = { name: gateCaseName(gate), kind: 'gate', seconds: 0 } as const;
  switch (gate.state) {
    case 'met':
      return { ...common, verdict: null, output: found };
    case 'missed':
      return { ...common, verdict: { element: 'failure', type: 'missed', message: found } };
    case 'unjudged':
      return {
        ...common,
        verdict: { element: 'error', type: 'unjudged', message: `${gate.reason ?? 'no value'} (limit ${limit})` },
      };
  }
}

function groupCases(record: RunRecord): readonly Case[] {
  return record.shipped.flatMap((variant) => {
    const measure = record.table.find((row) => row.variant === variant)?.measure?.name;
    const named = { name: 'maxWorstGroupDrop', ...(measure === undefined ? {} : { measure }) };
    return groupOutcomes(record, variant).map((outcome): Case => {
      const found =
        outcome.drop === null ? 'FP32 has no value for this group' : `drop ${gateAmount(named, outcome.drop)}`;
      return {
        name: `group ${outcome.group} of ${variant}`,
        kind: 'group',
        seconds: 0,
        ...(outcome.state === 'met' ? { output: found } : {}),
        verdict: groupVerdict(outcome, found),
      };
    });
  });
}

function groupVerdict({ state, limit }: GroupOutcome, found: string): Case['verdict'] {
  if (state === 'met') return null;
  if (limit === null)
    return { element: 'skipped', type: 'no-limit', message: `${found}; the project sets no limit for groups` };
  if (state === 'unjudged') return { element: 'error', type: 'unjudged', message: found };
  return { element: 'failure', type: 'missed', message: `${found}, limit ${limit}` };
}

function suiteLines({ name, timestamp, properties, cases }: Suite): string[] {
  const count = (element: string): number => cases.filter(({ verdict }) => verdict?.element === element).length;
  const seconds = cases.reduce((sum, own) => sum + own.seconds, 0);
  const time = timestamp === null ? '' : ` timestamp="${escaped(timestamp)}"`;
  return [
    ` <testsuite name="${escaped(name)}" tests="${cases.length}" failures="${count('failure')}" errors="${count('error')}" ` +
      `skipped="${count('skipped')}" time="${seconds.toFixed(3)}"${time}>`,
    ...(Object.keys(properties).length === 0
      ? []
      : [
          '  <properties>',
          ...Object.entries(properties).map(([key, value]) => `   <property name="${key}" value="${escaped(value)}"/>`),
          '  </properties>',
        ]),
    ...cases.flatMap((own) => caseLines(name, own)),
    ' </testsuite>',
  ];
}

function caseLines(suite: string, { name, kind, seconds, verdict, output }: Case): string[] {
  const open = `  <testcase classname="${escaped(`${suite}.${kind}`)}" name="${escaped(name)}" time="${seconds.toFixed(3)}"`;
  if (verdict === null && output === undefined) return [`${open}/>`];
  return [
    `${open}>`,
    ...(verdict === null
      ? []
      : [`   <${verdict.element} type="${verdict.type}" message="${escaped(verdict.message)}"/>`]),
    ...(output === undefined ? [] : [`   <system-out>${escaped(output)}</system-out>`]),
    '  </testcase>',
  ];
}

/** Text of XML 1.0: control characters that it cannot hold become `?`. */
function escaped(text: string): string {
  return text
    .replaceAll(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '?')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll('\n', '&#10;');
}
