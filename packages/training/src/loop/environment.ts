import { arch, cpus, hostname, platform, release, totalmem } from 'node:os';
import type { Device } from '@selfjudge/engine';

/** Facts that decide the bits and the speed of a run. */
export function environment(device: Device, packageVersion: string): Record<string, unknown> {
  return {
    selfjudge: packageVersion,
    node: process.version,
    platform: `${platform()} ${release()} ${arch()}`,
    host: hostname(),
    cpu: cpus()[0]?.model,
    cpus: cpus().length,
    memory_bytes: totalmem(),
    device: device.name,
    path: device.path,
    started: new Date().toISOString(),
  };
}
