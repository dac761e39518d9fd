// pnpm pack:all [FOLDER]: a tarball of every package that is installed, in build/packages by default. `npm i FOLDER/*.tgz` in an
// empty folder then gives a working `npx selfjudge`: the addon lies prebuilt in the tarball of @selfjudge/native, for the
// platform that made it, with the libraries that a system need not have.
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { staleOutputs } from './staleOutput.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const ADDON = 'build/Release/selfjudge_native.node';

/** Libraries of every glibc system; others are packed beside the addon, which looks there first. */
const EVERYWHERE = /^(linux-vdso|ld-linux.*|lib(c|m|dl|pthread|rt|gcc_s|stdc\+\+))\.so/;

function run(command, args, options = {}) {
  const result = spawnSync(command, args, { encoding: 'utf8', ...options });
  if (result.status === 0) return result.stdout;
  const why = `${result.stdout}${result.stderr}${result.error?.message ?? ''}`;
  throw new Error(`${command} ${args.join(' ')}\n${why}`);
}

/** What only building needs of a manifest. */
const BUILDING = ['devDependencies', 'scripts', 'binary'];

const manifestOf = (folder) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));

/** Folders of the packages that people install: private ones are for tests. */
function published() {
  const folders = readdirSync(join(root, 'packages')).map((name) => join(root, 'packages', name));
  return [...folders, join(root, 'native')].filter((folder) => !manifestOf(folder).private);
}

/** The files of a package's tarball, relative to its folder. */
function filesOf(folder) {
  const { files = [] } = manifestOf(folder);
  return files.flatMap((entry) => {
    const at = join(folder, entry);
    if (!existsSync(at)) throw new Error(`${relative(root, at)} is not there. Run: pnpm build`);
    const inside = readdirSync(at, { recursive: true, withFileTypes: true });
    return inside.filter((x) => x.isFile()).map((x) => relative(folder, join(x.parentPath, x.name)));
  });
}

/** Throws when dist holds what no source makes any more. */
function assertFresh(folder) {
  const [stale] = staleOutputs(folder);
  if (stale !== undefined)
    throw new Error(`${relative(root, join(folder, stale))} has no source. Run: pnpm build`);
}

/** The manifest as it is installed: of workspace packages the very version, nothing that only building needs. */
function installed(manifest, versions) {
  const kept = Object.entries(manifest).filter(([key]) => !BUILDING.includes(key));
  const dependencies = Object.entries(manifest.dependencies ?? {}).map(([name, range]) => [
    name,
    range.startsWith('workspace:') ? versions.get(name) : range,
  ]);
  return { ...Object.fromEntries(kept), dependencies: Object.fromEntries(dependencies) };
}

function stageAddon(folder, to) {
  for (const file of ['index.mjs', 'index.d.mts', ADDON]) cpSync(join(folder, file), join(to, file));
  for (const [, name, path] of run('ldd', [join(folder, ADDON)]).matchAll(/^\s*(\S+) => (\/\S+)/gm)) {
    if (!EVERYWHERE.test(name)) cpSync(realpathSync(path), join(to, dirname(ADDON), name));
  }
}

/** Packs what is built into `out`; returns the paths of the tarballs. */
export function packAll(out) {
  const folders = published();
  const versions = new Map(folders.map(manifestOf).map(({ name, version }) => [name, version]));
  const stage = mkdtempSync(join(tmpdir(), 'selfjudge-pack-'));
  try {
    const staged = folders.map((folder) => {
      const to = join(stage, basename(folder));
      mkdirSync(to);
      if (basename(folder) === 'native') stageAddon(folder, to);
      else {
        const files = filesOf(folder).filter((file) => !/\.map$|\.tsbuildinfo$/.test(file));
        assertFresh(folder);
        for (const file of files) cpSync(join(folder, file), join(to, file));
      }
      cpSync(join(root, 'LICENSE'), join(to, 'LICENSE'));
      const manifest = installed(manifestOf(folder), versions);
      writeFileSync(join(to, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
      return to;
    });
    mkdirSync(out, { recursive: true });
    const packed = run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', out, ...staged]);
    return JSON.parse(packed).map(({ filename }) => join(out, filename));
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const out = resolve(process.argv[2] ?? join(root, 'build/packages'));
  const built = spawnSync(process.execPath, [join(root, 'scripts/build.mjs')], { stdio: 'inherit' });
  if (built.status !== 0) process.exit(1);
  try {
    for (const path of packAll(out)) process.stdout.write(`${path}\n`);
    process.stderr.write(`\nIn an empty folder:  npm i ${join(out, '*.tgz')} && npx selfjudge quickstart\n`);
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}
