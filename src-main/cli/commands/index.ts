import type { Command } from '../command';

/**
 * All commands by name, in the order in which a project needs them. The code of a command is loaded when it is used.
 */
const LOADERS: ReadonlyMap<string, () => Promise<Command>> = new Map([
  ['inspect', async () => (await import('./inspect')).inspect],
  ['init', async () => (await import('./init')).init],
  ['prepare', async () => (await import('./prepare')).prepare],
  ['calibrate', async () => (await import('./calibrate')).calibrate],
  ['merge', async () => (await import('./merge')).merge],
  ['show', async () => (await import('./show')).show],
  ['thresholds', async () => (await import('./thresholds')).thresholds],
  ['set', async () => (await import('./set')).set],
  ['health', async () => (await import('./health')).health],
  ['pick', async () => (await import('./pick')).pick],
  ['watch', async () => (await import('./watch')).watch],
  ['auto', async () => (await import('./auto')).auto],
  ['sensitivity', async () => (await import('./sensitivity')).sensitivity],
  ['search', async () => (await import('./search')).search],
  ['fix', async () => (await import('./fix')).fix],
  ['quantize', async () => (await import('./quantize')).quantize],
  ['validate', async () => (await import('./validate')).validate],
  ['repair', async () => (await import('./repair')).repair],
  ['diagnose', async () => (await import('./diagnose')).diagnose],
  ['advise', async () => (await import('./advise')).advise],
  ['build', async () => (await import('./build')).build],
  ['bench', async () => (await import('./bench')).bench],
  ['tune', async () => (await import('./tune')).tune],
  ['kernels', async () => (await import('./kernels')).kernels],
  ['diff', async () => (await import('./diff')).diff],
  ['run', async () => (await import('./run')).run],
  ['history', async () => (await import('./history')).history],
  ['readiness', async () => (await import('./readiness')).readiness],
  ['toolchain', async () => (await import('./toolchain')).toolchain],
  ['import', async () => (await import('./import')).importCommand],
  ['export', async () => (await import('./export')).exportCommand],
  ['package', async () => (await import('./package')).packageCommand],
  ['replay', async () => (await import('./replay')).replay],
  ['serve', async () => (await import('./serve')).serveCommand],
  ['start', async () => (await import('./start')).start],
  ['doctor', async () => (await import('./doctor')).doctor],
  ['cache', async () => (await import('./cache')).cache],
]);

/** @param name a command; all commands are loaded if there is none of this name, and none for the version */
export async function loadCommands(name?: string): Promise<readonly Command[]> {
  if (name === '--version') return [];
  const one = name === undefined ? undefined : LOADERS.get(name);
  return Promise.all(one ? [one()] : [...LOADERS.values()].map((load) => load()));
}
