import type { Command } from '../command';
import { advise } from './advise';
import { auto } from './auto';
import { bench } from './bench';
import { build } from './build';
import { cache } from './cache';
import { calibrate } from './calibrate';
import { diagnose } from './diagnose';
import { diff } from './diff';
import { doctor } from './doctor';
import { exportCommand } from './export';
import { fix } from './fix';
import { health } from './health';
import { history } from './history';
import { importCommand } from './import';
import { init } from './init';
import { inspect } from './inspect';
import { kernels } from './kernels';
import { merge } from './merge';
import { packageCommand } from './package';
import { pick } from './pick';
import { prepare } from './prepare';
import { quantize } from './quantize';
import { readiness } from './readiness';
import { repair } from './repair';
import { replay } from './replay';
import { run } from './run';
import { search } from './search';
import { sensitivity } from './sensitivity';
import { serveCommand } from './serve';
import { set } from './set';
import { show } from './show';
import { start } from './start';
import { thresholds } from './thresholds';
import { toolchain } from './toolchain';
import { tune } from './tune';
import { validate } from './validate';
import { watch } from './watch';

/** All commands, in the order in which a project needs them. */
export const COMMANDS: readonly Command[] = [
  inspect,
  init,
  prepare,
  calibrate,
  merge,
  show,
  thresholds,
  set,
  health,
  pick,
  watch,
  auto,
  sensitivity,
  search,
  fix,
  quantize,
  validate,
  repair,
  diagnose,
  advise,
  build,
  bench,
  tune,
  kernels,
  diff,
  run,
  history,
  readiness,
  toolchain,
  importCommand,
  exportCommand,
  packageCommand,
  replay,
  serveCommand,
  start,
  doctor,
  cache,
];
