import { Device } from '@selfjudge/engine';

/** The device of a kernel path: 'avx512', 'avx2', 'portable', or 'cuda' for the CUDA module. Once a process. */
export function openPath(path: string): Device {
  if (path === 'cuda') return Device.open('cuda');
  process.env['SELFJUDGE_CPU'] = path;
  const device = Device.open('cpu');
  if (device.path !== path) throw new Error(`expected kernel path ${path}, received ${device.path}`);
  return device;
}
