import {
  type Environment,
  type LoadedObject,
  type MeasuringProcess,
  MOST_CHARACTERS,
  OVERRIDES,
} from '../../model/environment.ts';
import type { Finding } from '../../model/measurement.ts';

/** Options by which Node runs a file of somebody's before its own program (node(1)). */
const PRELOADING = /^(?:-r|--require|--import|--loader|--experimental-loader)(?:=|$)/;
/**
 * Libraries that compute what is timed, or that time it, by the names that they are loaded by. Those that Node itself
 * needs stand before the C library in the order of search: each of them can take the place of its clocks.
 */
const DECISIVE =
  /^(?:lib(?:dnnl|mkldnn|openblasp?|cblas|blas|mkl\w*|cublas(?:Lt)?|cuda|nvrtc\S*|cudart|onnxruntime|gomp|i?omp5?|stdc\+\+|gcc_s|atomic|c|m|pthread|dl|rt)[.-]|ld-linux)/;
/** Where distributions and vendors install: the backends look here, whatever the variables say. */
const INSTALLED = /^\/(?:lib\d*|usr\/lib\d*|usr\/local\/(?:lib\d*|cuda|nvidia)|opt\/(?:cuda|intel|OpenBLAS))[/.-]/;
/** What a node makes up must not fill the report. */
const MOST_FINDINGS = 16;
const MOST_SAID = 300;

/**
 * What keeps a measurement from counting because of the environment that it was made in: something was put before what
 * is measured, or it is not known in what it was measured. Pure; what a lying agent leaves out is not seen here.
 */
export function alterations(environment: Environment | undefined): Finding[] {
  if (!environment) return [unknown('the measurement does not say in what its processes ran')];
  const found = [...unseen(environment), ...environment.processes.flatMap(altered), ...searched(environment)];
  if (environment.preload.length > 0) found.push(changed(`/etc/ld.so.preload loads ${environment.preload.join(', ')}`));
  const different = new Map(found.map((finding) => [`${finding.code} ${finding.detail}`, finding]));
  return [...different.values()].slice(0, MOST_FINDINGS);
}

const cut = (text: string): string => (text.length > MOST_SAID ? `${text.slice(0, MOST_SAID)}…` : text);
const changed = (detail: string): Finding => ({ code: 'environment_altered', detail: cut(detail), weight: 'holds' });
const unknown = (detail: string): Finding => ({ code: 'environment_unknown', detail: cut(detail), weight: 'holds' });

function unseen({ processes, objects }: Environment): Finding[] {
  const found: Finding[] = [];
  const blind = (one: MeasuringProcess): boolean =>
    one.unseen === true || one.objects.length === 0 || one.objects.some((position) => objects[position] === undefined);
  if (!processes.some(({ role }) => role === 'runner')) {
    found.push(unknown('the process that measured was not looked at'));
  }
  for (const one of processes.filter(blind)) found.push(unknown(`not known what ${one.argv.join(' ')} had loaded`));
  for (const { path, sha256, problem } of objects) {
    // Code that has no file any more, or never had one, is shown: compilers and runtimes make some as they run.
    const made = problem === 'deleted' || problem === 'memory';
    if (made) found.push({ ...unknown(`${path} was run and has no file (${problem})`), weight: 'informs' });
    else if (sha256 === undefined)
      found.push(unknown(`${path} was loaded and cannot be told (${problem ?? 'no digest'})`));
  }
  return found;
}

function altered({ role, argv, variables }: MeasuringProcess): Finding[] {
  const found: Finding[] = [];
  for (const name of ['LD_PRELOAD', 'LD_AUDIT']) {
    if (variables[name]?.trim()) found.push(changed(`${name}=${variables[name]}`));
  }
  for (const name of ['LD_PRELOAD', 'LD_AUDIT', 'LD_LIBRARY_PATH', 'NODE_OPTIONS']) {
    if ((variables[name]?.length ?? 0) >= MOST_CHARACTERS) found.push(changed(`${name} is longer than is kept`));
  }
  // The loader puts other words in its place: nobody can tell from here which folder that was.
  const { LD_LIBRARY_PATH: libraries = '' } = variables;
  if (libraries.includes('$')) found.push(changed(`LD_LIBRARY_PATH=${libraries}`));
  const options = [...words(variables.NODE_OPTIONS ?? ''), ...ownOptions(argv)];
  const preloading = options.filter((word) => PRELOADING.test(word.replaceAll('_', '-')));
  if (preloading.length > 0) found.push(changed(`Node runs something else first: ${options.join(' ')}`));
  // A child of ours gets some of them from the benchmark itself, which tells it so what to try.
  if (role === 'child') return found;
  for (const name of OVERRIDES) {
    if (variables[name] !== undefined) found.push(changed(`${name}=${variables[name]}`));
  }
  return found;
}

/**
 * Words of NODE_OPTIONS as Node reads them: any part of one may stand in double quotes, in which a backslash takes the
 * next character as it is.
 */
const words = (text: string): string[] =>
  [...text.matchAll(/(?:[^\s"]|"(?:[^"\\]|\\.)*")+/gs)].map(([word]) =>
    word.replace(/"((?:[^"\\]|\\.)*)"/gs, (_, quoted: string) => quoted.replace(/\\(.)/gs, '$1')),
  );

/** Options of Node itself, which stand before its program. */
function ownOptions(argv: readonly string[]): string[] {
  if (!/(?:^|\/)node$/.test(argv[0] ?? '')) return [];
  const end = argv.findIndex((word, at) => at > 0 && !word.startsWith('-') && !PRELOADING.test(argv[at - 1] ?? ''));
  return argv.slice(1, end < 0 ? argv.length : end);
}

/** Libraries that LD_LIBRARY_PATH put in the place of those of the system, unless the node's policy names them. */
function searched({ objects, policy }: Environment): Finding[] {
  const named = new Set(policy.map(({ path }) => path));
  const digests = new Set(policy.map(({ sha256 }) => sha256).filter((sha256) => sha256 !== undefined));
  const allowed = ({ path, sha256 }: LoadedObject): boolean =>
    named.has(path) || (sha256 !== undefined && digests.has(sha256)) || INSTALLED.test(path);
  const decisive = objects.filter(({ path }) => DECISIVE.test(path.slice(path.lastIndexOf('/') + 1)));
  return decisive
    .filter((object) => object.searched === true && !allowed(object))
    .map(({ path }) => changed(`${path} was loaded because of LD_LIBRARY_PATH`));
}
