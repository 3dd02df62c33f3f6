import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { RunResult } from '../../../src-shared/contract/job-results';
import { historyEntry } from '../../../src-shared/domain/history/history-entry';
import { object, parse, string } from '../../../src-shared/base/schema';
import { messageOfCause } from '../../base/file-errors';

const TIMEOUT_MS = 30_000;
/** MLflow's limits: parameters have at most 6,000 characters in new versions and 500 in old ones. */
const MAX_PARAM = 500;
const MAX_BATCH = 100;

/**
 * Records a run in MLflow through its REST interface (version 2.0 of the API): experiment, parameters, metrics, tags,
 * and run.json, details.json and the report as artifacts where the server stores artifacts itself.
 * @param uri address of the server, for example `http://mlflow:5000`
 * @returns the page of the run
 * @throws Error with a reason; the caller turns it into a warning, because a server never makes a run fail
 */
export async function sendToMlflow(
  uri: string,
  { record, report }: Pick<RunResult, 'runId' | 'record' | 'report'>,
): Promise<string> {
  const base = serverOf(uri);
  const call = (path: string, body: unknown): Promise<unknown> => post(new URL(`api/2.0/mlflow/${path}`, base), body);
  const experimentId = await experimentOf(base, record.project);
  const startedAt = Date.parse(record.createdAt);
  const { run } = parse(
    object({ run: object({ info: object({ run_id: string, artifact_uri: string }) }) }),
    await call('runs/create', {
      experiment_id: experimentId,
      run_name: record.runId,
      start_time: startedAt,
      tags: tagsOf(record),
    }),
  );
  const { run_id: runId, artifact_uri: artifactUri } = run.info;
  const entry = historyEntry(record, null);
  const metrics = Object.entries(entry.values).map(([key, value]) => ({ key, value, timestamp: startedAt, step: 0 }));
  const gates = record.gates.map(({ name, met }) => ({
    key: `gate/${name}`,
    value: met ? 1 : 0,
    timestamp: startedAt,
    step: 0,
  }));
  const params = paramsOf(record);
  for (let i = 0; i < params.length; i += MAX_BATCH)
    await call('runs/log-batch', { run_id: runId, params: params.slice(i, i + MAX_BATCH) });
  await call('runs/log-batch', { run_id: runId, metrics: [...metrics, ...gates] });
  await sendArtifacts(base, artifactUri, report);
  const isMet = record.gates.every(({ met }) => met);
  await call('runs/update', { run_id: runId, status: isMet ? 'FINISHED' : 'FAILED', end_time: Date.now() });
  return new URL(`#/experiments/${experimentId}/runs/${runId}`, base).href;
}

type Record_ = RunResult['record'];

function tagsOf({
  runId,
  source,
  machine,
  shipped,
}: Record_): readonly { readonly key: string; readonly value: string }[] {
  const tags = {
    'calib.run': runId,
    'calib.variant': shipped.join(', '),
    'calib.hardware': machine.gpu ?? machine.cpu,
    ...(source?.branch === undefined ? {} : { 'mlflow.source.git.branch': source.branch }),
    ...(source?.commit === undefined ? {} : { 'mlflow.source.git.commit': source.commit }),
  };
  return Object.entries(tags).map(([key, value]) => ({ key, value }));
}

function paramsOf({
  options,
  model,
  sets,
  tool,
  inputsSha256,
}: Record_): { readonly key: string; readonly value: string }[] {
  const values = {
    method: options.chosenMethod ?? options.method,
    target: options.target,
    backend: options.backend,
    threads: options.threads,
    percentile: options.percentile,
    fp16_layers: Object.keys(options.plan.layers).length,
    model_sha256: model.sha256,
    calibration_images: sets.calibration.images,
    validation_images: sets.validation?.images ?? 0,
    calib: tool.version,
    onnxruntime: tool.onnxruntime,
    ...(inputsSha256 === undefined ? {} : { inputs_sha256: inputsSha256 }),
    ...Object.fromEntries(Object.entries(options.other).map(([name, value]) => [`option.${name}`, value])),
  };
  return Object.entries(values).map(([key, value]) => ({ key, value: String(value).slice(0, MAX_PARAM) }));
}

async function experimentOf(base: URL, name: string): Promise<string> {
  const url = new URL('api/2.0/mlflow/experiments/get-by-name', base);
  url.searchParams.set('experiment_name', name);
  const response = await send(url, {});
  if (response.status === 404) {
    const created = await post(new URL('api/2.0/mlflow/experiments/create', base), { name });
    return parse(object({ experiment_id: string }), created).experiment_id;
  }
  const found = parse(object({ experiment: object({ experiment_id: string }) }), await jsonOf(response, url));
  return found.experiment.experiment_id;
}

/** Artifacts go through the server if it serves them (`mlflow-artifacts:`); other stores need keys of their own. */
async function sendArtifacts(base: URL, artifactUri: string, report: string): Promise<void> {
  const path = /^mlflow-artifacts:(?:\/\/[^/]*)?\/(.*)$/.exec(artifactUri)?.[1];
  if (path === undefined) return;
  for (const file of ['run.json', 'details.json', 'report.html']) {
    const content = await readFile(report.replace(/[^/\\]+$/, file)).catch(() => null);
    if (content === null) continue;
    const url = new URL(`api/2.0/mlflow-artifacts/artifacts/${path}/${basename(file)}`, base);
    const response = await send(url, {
      method: 'PUT',
      body: new Uint8Array(content),
      headers: { 'content-type': file.endsWith('.html') ? 'text/html' : 'application/json' },
    });
    if (!response.ok) throw new Error(`${url.href} answered ${response.status}`);
  }
}

async function post(url: URL, body: unknown): Promise<unknown> {
  const response = await send(url, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
  });
  return jsonOf(response, url);
}

async function jsonOf(response: Response, url: URL): Promise<unknown> {
  const text = await response.text();
  if (!response.ok) throw new Error(`${url.pathname} answered ${response.status}: ${text.slice(0, 300)}`);
  return JSON.parse(text);
}

/** User and password, or a token, as MLflow's own client takes them from the environment. */
function authorization(): Readonly<Record<string, string>> {
  const {
    MLFLOW_TRACKING_TOKEN: token,
    MLFLOW_TRACKING_USERNAME: user,
    MLFLOW_TRACKING_PASSWORD: password,
  } = process.env;
  if (token !== undefined) return { authorization: `Bearer ${token}` };
  if (user === undefined) return {};
  return { authorization: `Basic ${Buffer.from(`${user}:${password ?? ''}`).toString('base64')}` };
}

async function send(
  url: URL,
  { headers, ...init }: Omit<RequestInit, 'headers'> & { readonly headers?: Readonly<Record<string, string>> },
): Promise<Response> {
  try {
    return await fetch(url, {
      ...init,
      headers: { ...headers, ...authorization() },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch (error) {
    throw new Error(`${url.origin} cannot be reached: ${messageOfCause(error)}`, { cause: error });
  }
}

function serverOf(uri: string): URL {
  if (!/^https?:\/\//.test(uri)) throw new Error(`expected an address such as http://mlflow:5000, found ${uri}`);
  return new URL(uri.endsWith('/') ? uri : `${uri}/`);
}
