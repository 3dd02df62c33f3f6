import { formatCount, formatFixed, formatPoints, formatProbability } from '../../../src-shared/base/units';
import { ownValue } from '../../../src-shared/base/records';
import type {
  ClassAccuracy,
  ConfusionChange,
  VariantReport,
  WorstImage,
} from '../../../src-shared/domain/runs/accuracy';
import type { RunRecord, ValidationRecord } from '../../../src-shared/domain/runs/run-record';
import { distinctRows, isDifferenceClear, REFERENCE_VARIANT } from '../../../src-shared/domain/runs/run-table';
import type { TaskClass } from '../../../src-shared/domain/runs/task-scores';
import {
  AGREEMENT,
  formatMeasure,
  formatMeasureDifference,
  measureTitle,
} from '../../../src-shared/domain/tasks/measure-text';
import { html, px, type Html } from './markup';
import { variantColour } from './marks';

const MAX_ROWS = 15;
const LABEL_WIDTH = 140;
const PLOT_WIDTH = 300;
const NUMBER_WIDTH = 150;
const ROW_HEIGHT = 20;
const AXIS_HEIGHT = 14;

/** Accuracy in detail: difference with its interval, groups, and what got worse for each variant. */
export function renderAccuracy(record: RunRecord): Html {
  const { validation } = record;
  if (validation === null) return html``;
  const distinct = distinctRows(validation.variants, record.shipped);
  const shipped = distinct
    .filter(({ row }) => record.shipped.includes(row.variant))
    .map(({ names }) => nameOfAll(names));
  const reports = distinct.map(({ row, names }) => ({ ...row, variant: nameOfAll(names) }));
  const others = reports.filter((report) => report.variant !== REFERENCE_VARIANT);
  const first = others.filter((report) => shipped.includes(report.variant));
  const rest = others.filter((report) => !shipped.includes(report.variant));
  return html`<h2>Accuracy</h2>
<p class="dim">${formatCount(validation.images)} validation images${whatCanBeTold(validation)}.</p>
<div class="cols">${differencePlot(others)}${groupPlot(reports)}</div>
${first.map((report) => html`<h3>What changed: ${report.variant}</h3>${changes(report, validation)}`)}
${rest.map((report) => html`<details><summary>What changed: ${report.variant}</summary>${changes(report, validation)}</details>`)}`;
}

/** All names of a model. */
const nameOfAll = (names: readonly string[]): string => names.join(' = ');

/** Explains why accuracy is missing and what is shown instead. */
function whatCanBeTold({ labelled, classCount, noMeasure, variants }: ValidationRecord): string {
  if (labelled) return '';
  if (noMeasure !== undefined) return `: ${noMeasure.message}`;
  const against = variants.find((report) => report.againstFp32)?.measure?.name;
  if (against !== undefined && against !== AGREEMENT) return `, without labels: ${against} is what can be told`;
  if (classCount === 0)
    return ': no output of the model is a classification, so that the outputs themselves are compared with those of FP32';
  return ', without labels: agreement with FP32 is what can be told';
}

/** The difference of every variant as a dot with its 95 % interval. */
function differencePlot(reports: readonly VariantReport[]): Html {
  const rows = reports.flatMap((report) => {
    const { difference, measure } = report;
    return difference === undefined || measure === undefined ? [] : [{ report, difference, name: measure.name }];
  });
  const [first] = rows;
  if (first === undefined) return html``;
  const low = Math.min(0, ...rows.map(({ difference }) => difference.interval95[0]));
  const high = Math.max(0, ...rows.map(({ difference }) => difference.interval95[1]));
  const span = Math.max(high - low, 0.1);
  const xFromPoints = (points: number): number => LABEL_WIDTH + 6 + ((points - low) / span) * (PLOT_WIDTH - 12);
  const height = rows.length * ROW_HEIGHT + AXIS_HEIGHT;
  const marks = rows.map(({ report, difference, name }, index) => {
    const y = index * ROW_HEIGHT + ROW_HEIGHT / 2;
    const [from, to] = difference.interval95;
    const colour = variantColour(report.variant);
    const p = report.comparedToFp32 === undefined ? '' : `, p ${probability(report.comparedToFp32.mcnemarP)}`;
    return html`<text class="v" x="0" y="${y + 4}">${report.variant}</text>
<line x1="${px(xFromPoints(from))}" x2="${px(xFromPoints(to))}" y1="${y}" y2="${y}" stroke="${colour}" stroke-width="2"/>
<circle cx="${px(xFromPoints(difference.value))}" cy="${y}" r="4" fill="${colour}"/>
<text class="v" x="${px(xFromPoints(to) + 8)}" y="${y + 4}">${formatMeasureDifference(name, difference.value)}${p}</text>`;
  });
  const few = rows.some(({ difference }) => difference.fewImages === true);
  const zero = html`<line x1="${px(xFromPoints(0))}" x2="${px(xFromPoints(0))}" y1="0" y2="${height - AXIS_HEIGHT}" stroke="var(--dim)" stroke-dasharray="2 3"/>
<text x="${px(xFromPoints(0))}" y="${height - 2}" text-anchor="middle">0</text>`;
  const title = `${titleOf(first.report)} against FP32`;
  const isTested = first.report.comparedToFp32 !== undefined;
  return html`<div><h3>${title}</h3>${plot(height, html`${zero}${marks}`, title)}
<p class="dim">Same images, paired: 95 % bootstrap interval${isTested ? " (10,000 resamples), p of McNemar's exact test" : ' over the images'}.
${few && 'Fewer than 500 images: a test on so few images misses small differences.'}</p>
<p>${rows.map(({ report }) => html`${report.variant}: ${chanceText(report)}.<br>`)}</p></div>`;
}

function chanceText(report: VariantReport): Html {
  const verdict = isDifferenceClear(report) ? 'more than chance explains' : 'not more than chance explains';
  return report.comparedToFp32 === undefined
    ? html`${verdict} by the interval`
    : html`${verdict} by McNemar's exact test (p ${probability(report.comparedToFp32.mcnemarP)})`;
}

/** `Top-1`, or the name of the measure with its rules. */
function titleOf({ measure, convention }: VariantReport): string {
  return measure === undefined || measure.name === 'top-1' ? 'Top-1' : measureTitle(measure.name, convention);
}

function probability(p: number): string {
  const text = formatProbability(p);
  return text.startsWith('<') ? text : `= ${text}`;
}

function plot(height: number, content: Html, title: string): Html {
  const width = LABEL_WIDTH + PLOT_WIDTH + NUMBER_WIDTH;
  return html`<svg role="img" aria-label="${title}" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">${content}</svg>`;
}

/** One bar per group and variant: the measure from 0 to 100, or agreement without labels. */
function groupPlot(reports: readonly VariantReport[]): Html {
  const names = [...new Set(reports.flatMap((report) => Object.keys(report.groups)))].sort();
  if (names.length === 0) return html``;
  const isLabelled = reports.some((report) =>
    names.some((name) => ownValue(report.groups, name)?.measure !== undefined),
  );
  const judged = reports.find((report) => report.measure !== undefined);
  const measure = judged?.measure?.name ?? '';
  const rows = names.flatMap((name) => [
    {
      kind: 'title' as const,
      name,
      images: Math.max(...reports.map((report) => ownValue(report.groups, name)?.images ?? 0)),
    },
    ...reports.map((report) => {
      const group = ownValue(report.groups, name);
      return {
        kind: 'bar' as const,
        variant: report.variant,
        percent: (isLabelled ? group?.measure : group?.agreement) ?? null,
      };
    }),
  ]);
  const marks = rows.map((row, index) => {
    const y = index * ROW_HEIGHT;
    if (row.kind === 'title')
      return html`<text x="0" y="${y + 14}">${row.name}, ${formatCount(row.images)} images</text>`;
    if (row.percent === null) return html`<text class="v" x="8" y="${y + 14}">${row.variant}</text>`;
    return html`<text class="v" x="8" y="${y + 14}">${row.variant}</text>
<rect x="${LABEL_WIDTH}" y="${y + 4}" width="${px((PLOT_WIDTH * Math.max(0, Math.min(100, row.percent))) / 100)}" height="12" fill="${variantColour(row.variant)}"/>
<text class="v" x="${px(LABEL_WIDTH + (PLOT_WIDTH * Math.max(0, Math.min(100, row.percent))) / 100 + 6)}" y="${y + 14}">${formatMeasure(isLabelled ? measure : AGREEMENT, row.percent)}</text>`;
  });
  const title = isLabelled && judged !== undefined ? `${titleOf(judged)} per group` : 'Agreement with FP32 per group';
  return html`<div><h3>${title}</h3>${plot(rows.length * ROW_HEIGHT, html`${marks}`, title)}</div>`;
}

function changes(report: VariantReport, validation: ValidationRecord): Html {
  const names = new Map(report.classes.map((entry) => [entry.label, entry.name]));
  const nameOf = (label: number | null): string => {
    if (label === null) return '–';
    return label < 0 ? 'no answer' : (validation.classNames?.[label] ?? names.get(label) ?? String(label));
  };
  if (report.perClass !== undefined) return taskChanges(report, report.perClass, nameOf);
  const worse = report.classes.filter((entry) => (entry.difference ?? 0) < 0);
  const sorted = worse.sort((a, b) => (a.difference ?? 0) - (b.difference ?? 0));
  const hasLabels = report.confusions.some((change) => change.label !== null);
  const turnedWrong = hasLabels
    ? report.confusions.filter((change) => change.label === change.from)
    : report.confusions;
  if (sorted.length === 0 && turnedWrong.length === 0)
    return html`<p class="dim">No class got worse and no answer turned wrong.</p>`;
  return html`<div class="cols">${classTable(sorted, nameOf)}${confusionTable(turnedWrong, nameOf, hasLabels)}</div>
${worstImageTable(report.worstImages, nameOf)}`;
}

/** What changed in a task other than classification: the classes that lost, and the images that lost most. */
function taskChanges(report: VariantReport, perClass: readonly TaskClass[], nameOf: NameOf): Html {
  const sign = report.measure?.higherIsBetter === false ? -1 : 1;
  const changeOf = ({ difference = 0 }: TaskClass): number => sign * difference;
  const worse = perClass.filter((entry) => changeOf(entry) < 0).sort((a, b) => changeOf(a) - changeOf(b));
  if (worse.length === 0 && report.worstImages.length === 0)
    return html`<p class="dim">No class and no image got worse.</p>`;
  const name = report.measure?.name ?? '';
  const value = (number: number | undefined): string => (number === undefined ? '–' : formatMeasure(name, number));
  const table = html`<div><table><tr><th>Class that got worse</th><th class="n">Objects</th><th class="n">FP32</th><th class="n">Now</th>
<th class="n">Change</th></tr>
${worse.slice(0, MAX_ROWS).map(
  (entry) => html`<tr><td>${entry.name ?? nameOf(entry.label)}</td><td class="n">${formatCount(entry.truths)}</td>
<td class="n">${value(entry.fp32)}</td><td class="n">${value(entry.value)}</td>
<td class="n">${formatMeasureDifference(name, entry.difference ?? 0)}</td></tr>`,
)}</table>${more(worse.length)}</div>`;
  return html`${worse.length > 0 && table}${taskImageTable(report.worstImages)}`;
}

function taskImageTable(images: readonly WorstImage[]): Html {
  if (images.length === 0) return html``;
  const score = (value: number | undefined): string => (value === undefined ? '–' : formatFixed(value, 1));
  const count = (value: number | undefined): string => (value === undefined ? '–' : formatCount(value));
  const hasBoxes = images.some(({ missed }) => missed !== undefined);
  return html`<details><summary>Images whose answer got worse, worst first (${images.length})</summary><div class="scroll"><table>
<tr><th>Image</th><th>Group</th><th class="n">Score of FP32</th><th class="n">Score now</th>${hasBoxes && html`<th class="n">Boxes missed</th><th class="n">added</th><th class="n">moved</th>`}</tr>
${images.map(
  (image) => html`<tr><td class="wrap">${image.file}</td><td>${image.group ?? '–'}</td>
<td class="n">${score(image.fp32Score)}</td><td class="n">${score(image.score)}</td>${
    hasBoxes &&
    html`<td class="n">${count(image.missed)}</td><td class="n">${count(image.added)}</td><td class="n">${count(image.moved)}</td>`
  }</tr>`,
)}</table></div></details>`;
}

function more(total: number): Html {
  return total > MAX_ROWS ? html`<p class="dim">and ${formatCount(total - MAX_ROWS)} more</p>` : html``;
}

type NameOf = (label: number | null) => string;

function classTable(classes: readonly ClassAccuracy[], nameOf: NameOf): Html {
  if (classes.length === 0) return html``;
  return html`<div><table><tr><th>Class that got worse</th><th class="n">Images</th><th class="n">FP32</th><th class="n">Now</th>
<th class="n">Change</th></tr>
${classes.slice(0, MAX_ROWS).map(
  (entry) => html`<tr><td>${entry.name ?? nameOf(entry.label)}</td><td class="n">${formatCount(entry.images)}</td>
<td class="n">${entry.top1Fp32 === undefined ? '–' : formatFixed(entry.top1Fp32, 1)}</td><td class="n">${formatFixed(entry.top1, 1)} %</td>
<td class="n">${formatPoints(entry.difference ?? 0)}</td></tr>`,
)}</table>${more(classes.length)}</div>`;
}

function confusionTable(confusions: readonly ConfusionChange[], nameOf: NameOf, hasLabels: boolean): Html {
  if (confusions.length === 0) return html``;
  const title = hasLabels ? 'Right in FP32, now read as' : 'FP32 answered, now answered';
  return html`<div><table class="tight"><tr><th>${title}</th><th class="n">Images</th></tr>
${confusions.slice(0, MAX_ROWS).map(
  (change) => html`<tr><td>${nameOf(change.from)} → ${nameOf(change.to)}</td>
<td class="n">${formatCount(change.count)}</td></tr>`,
)}</table>${more(confusions.length)}</div>`;
}

function worstImageTable(images: readonly WorstImage[], nameOf: NameOf): Html {
  if (images.length === 0) return html``;
  const score = (value: number | undefined): string => (value === undefined ? '' : ` (${formatFixed(value, 2)})`);
  return html`<details><summary>Images whose answer changed, worst first (${images.length})</summary><div class="scroll"><table>
<tr><th>Image</th><th>Group</th><th>Label</th><th>FP32 (score)</th><th>Now (score)</th></tr>
${images.map(
  (image) => html`<tr><td class="wrap">${image.file}</td><td>${image.group ?? '–'}</td><td>${nameOf(image.label)}</td>
<td>${nameOf(image.fp32 ?? -1)}${score(image.fp32Score)}</td><td>${nameOf(image.answer ?? -1)}${score(image.score)}</td></tr>`,
)}</table></div></details>`;
}
