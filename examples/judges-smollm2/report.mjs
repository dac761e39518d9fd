// The committed rows as docs/results/judges-smollm2.md:
//   node examples/judges-smollm2/report.mjs
import { publish } from '../../testbed/page.mjs';
import { judgesPage } from './page.mjs';

const { title, sections } = judgesPage();
publish('judges-smollm2', title, sections);
