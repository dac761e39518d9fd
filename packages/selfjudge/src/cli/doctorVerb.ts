import { freemem, totalmem } from 'node:os';
import type { Command } from 'commander';
import { Device } from '@selfjudge/engine';
import type { SelfjudgeError } from '@selfjudge/base';
import { cpuInfo } from '@selfjudge/engine/internal';
import { VERSION } from '../version.js';
import { mpiText } from './ranks.js';

/** What the GPU is, or why there is none to compute on and what to do. */
function cuda(): string {
  try {
    const device = Device.open('cuda');
    const text = `${device.description}, kernels ${device.path}`;
    device.close();
    return text;
  } catch (error) {
    return `not usable: ${String((error as SelfjudgeError).details.received)}`;
  }
}

/** What this machine can do and what is missing, with what to do about it. */
export function addDoctorVerb(program: Command): void {
  program
    .command('doctor')
    .summary('what this machine can do, and what it lacks')
    .description('What this machine can do, what is missing, and what to do about it.')
    .option('--json', 'print JSON')
    .action(async (flags: { json?: boolean }) => {
      const cpu = cpuInfo();
      const device = Device.open('cpu');
      const facts = {
        selfjudge: VERSION,
        node: process.version,
        cpu: `${cpu.vendor} family ${cpu.family}`,
        features: cpu.features,
        paths: cpu.paths,
        path: device.path,
        threads: cpu.threads,
        memory_gib: totalmem() / 2 ** 30,
        free_gib: freemem() / 2 ** 30,
        cuda: '',
        mpi: '',
      };
      device.close();
      facts.cuda = cuda();
      facts.mpi = mpiText();
      if (flags.json) return void process.stdout.write(`${JSON.stringify(facts)}\n`);
      const lines = [
        ['selfjudge', facts.selfjudge],
        ['Node', facts.node],
        ['CPU', `${facts.cpu}, ${facts.threads} threads`],
        ['kernel path', `${facts.path} (of ${facts.paths.join(', ')}; SELFJUDGE_CPU forces one)`],
        ['CPU features', facts.features.join(' ')],
        ['memory', `${facts.memory_gib.toFixed(1)} GiB, ${facts.free_gib.toFixed(1)} free`],
        ['CUDA', facts.cuda],
        ['MPI', facts.mpi],
      ];
      for (const [name, value] of lines) process.stdout.write(`${name.padEnd(14)}${value}\n`);
      if (facts.path === 'portable')
        process.stdout.write('\nThe CPU has neither AVX2 nor AVX-512: everything works, slowly.\n');
    });
}
