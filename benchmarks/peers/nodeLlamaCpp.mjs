// node-llama-cpp as a peer: a package of its own, outside the workspace, installed on first use into a git-ignored folder.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('node-llama-cpp/', import.meta.url));
// Without the CUDA and Vulkan builds, which are optional dependencies of some hundred MB; nothing is compiled.
const INSTALL = [
  'install',
  '--no-package-lock',
  '--omit=optional',
  '--ignore-scripts',
  '--no-audit',
  '--no-fund',
];

/** @returns {{ version: string, script: (name: string) => string } | { missing: string }} */
export function nodeLlamaCpp() {
  const version = JSON.parse(readFileSync(`${folder}package.json`, 'utf8')).dependencies['node-llama-cpp'];
  if (!existsSync(`${folder}node_modules/node-llama-cpp`)) {
    process.stderr.write('installing node-llama-cpp ...\n');
    const { status } = spawnSync('npm', INSTALL, { cwd: folder, stdio: 'ignore', timeout: 300_000 });
    if (status !== 0)
      return {
        missing: `no node-llama-cpp: (cd benchmarks/peers/node-llama-cpp && npm ${INSTALL.join(' ')})`,
      };
  }
  return { version, script: (name) => `${folder}${name}` };
}
