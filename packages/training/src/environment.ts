import { arch, cpus, hostname, platform, release, totalmem } from 'node:os';
import { check, instance, text } from '@selfjudge/base/checks';
import { Device } from '@selfjudge/engine';

/** Facts that decide the bits and the speed of a run. */
export function environment(device: Device, packageVersion: string): Record<string, unknown> {
  check('environment', { device, packageVersion }, { device: instance(Device), packageVersion: text });
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
