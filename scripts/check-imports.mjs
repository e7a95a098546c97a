// Checks the direction of every import, static, dynamic or of types only, against scripts/import-rules.mjs, and that
// there is no cycle. Plain text analysis: the sources are formatted, so that a statement starts its line.
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FOLDERS, TYPES_ALLOWED, ZONES } from './import-rules.mjs';

const STATEMENT = /^(import|export)\b(\s+type\b)?[^'";`]*?(?:\bfrom\s*)?['"]([^'"\n]+)['"]/gm;
const DYNAMIC = /\bimport\(\s*['"]([^'"\n]+)['"]\s*\)/g;

const withoutComments = (source) => source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');

/** The imports of one source: what is named, and whether only its types are used. */
const importsOf = (source) => {
  const text = withoutComments(source);
  return [
    ...[...text.matchAll(STATEMENT)]
      .filter(([statement, keyword]) => keyword === 'import' || /\bfrom\s*['"]/.test(statement))
      .map(([, , type, target]) => ({ target, type: type !== undefined, lazy: false })),
    ...[...text.matchAll(DYNAMIC)].map(([, target]) => ({ target, type: false, lazy: true })),
  ];
};

const zoneOf = (path) => ZONES.find(({ prefix }) => prefix.test(path));

/** What is wrong with one import, or undefined. */
const judge = (from, { target, type }) => {
  const zone = zoneOf(from);
  if (!zone) return `${from} belongs to no zone of scripts/import-rules.mjs`;
  if (!target.startsWith('.')) {
    if (!zone.packages || zone.packages.test(target) || type) return undefined;
    return `${from} imports ${target}: ${zone.zone} may not (${zone.why})`;
  }
  const path = normalize(join(dirname(from), target));
  const to = zoneOf(path);
  if (!to) return `${from} imports ${path}, which belongs to no zone`;
  if (zone.may === 'anything' || to.zone === zone.zone || zone.may.includes(to.zone)) return undefined;
  if (type && (TYPES_ALLOWED[zone.zone] ?? []).includes(to.zone)) return undefined;
  return `${from} imports ${path}: ${zone.zone} may not import ${to.zone} (${zone.why})`;
};

/** Every cycle of a graph of files, each told once, from the file where it was met. */
const findCycles = (graph) => {
  const state = new Map();
  const cycles = [];
  const visit = (file, trail) => {
    if (state.get(file) === 'done') return;
    const at = trail.indexOf(file);
    if (at >= 0) {
      cycles.push([...trail.slice(at), file].join(' → '));
      return;
    }
    for (const next of graph.get(file) ?? []) visit(next, [...trail, file]);
    state.set(file, 'done');
  };
  for (const file of graph.keys()) visit(file, []);
  return cycles;
};

const sources = (folder) =>
  readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return sources(path);
    return /\.(ts|mjs)$/.test(name) && !name.endsWith('.d.ts') ? [path] : [];
  });

/** Every problem of the tree under `root`. */
const checkTree = (root) => {
  const files = FOLDERS.filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) => sources(join(root, folder)))
    .map((file) => relative(root, file));
  const problems = [];
  const graph = new Map();
  for (const file of files) {
    const imports = importsOf(readFileSync(join(root, file), 'utf8'));
    problems.push(...imports.map((item) => judge(file, item)).filter((problem) => problem !== undefined));
    const edges = imports
      .filter(({ target, type, lazy }) => target.startsWith('.') && !type && !lazy)
      .map(({ target }) => normalize(join(dirname(file), target)));
    graph.set(file, edges);
  }
  return {
    files: files.length,
    problems: [...problems, ...findCycles(graph).map((cycle) => `cycle: ${cycle}`)],
  };
};

// `node scripts/check-imports.mjs [FOLDER]`: by default the project itself.
const { files, problems } = checkTree(process.argv[2] ?? dirname(dirname(fileURLToPath(import.meta.url))));
for (const problem of problems) console.error(problem);
if (problems.length === 0) console.log(`${files} files import in the right direction, without a cycle.`);
process.exitCode = problems.length === 0 ? 0 : 1;
