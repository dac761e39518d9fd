// Loaded before a command (node --import): leaves the most memory its process had, in bytes, in the file that PEAK_FILE names.
import { writeFileSync } from 'node:fs';

process.on('exit', () => writeFileSync(process.env.PEAK_FILE, String(1024 * process.resourceUsage().maxRSS)));
