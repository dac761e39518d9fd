import { freemem } from 'node:os';
import type { Device } from '@selfjudge/engine';

/**
 * Bytes that this process may still take from the device's memory, beyond what it has; undefined where nobody says. The
 * CPU's is what the machine has free or what the process's control group leaves it.
 */
export function availableMemory(device: Device): number | undefined {
  if (device.name !== 'cpu') return undefined;
  const { availableMemory: ofProcess } = process as { availableMemory?: () => number };
  const { cached } = device.memory();
  return (ofProcess?.call(process) ?? freemem()) + cached;
}
