// node scripts/configuration.mjs [--print]: docs/configuration.md, made of what the methods and the configuration declare.
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as prettier from 'prettier';
import { configurationPage } from '../packages/selfjudge/dist/internal.js';

const page = join(dirname(dirname(fileURLToPath(import.meta.url))), 'docs/configuration.md');
const options = { ...(await prettier.resolveConfig(page)), parser: 'markdown' };
const text = await prettier.format(configurationPage(), options);
if (process.argv.includes('--print')) process.stdout.write(text);
else writeFileSync(page, text);
