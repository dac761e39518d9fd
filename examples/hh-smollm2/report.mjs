// The result of examples/hh-smollm2/run.mjs as docs/results/hh-smollm2.md and .json:
//   node examples/hh-smollm2/report.mjs runs/hh-smollm2
import { publish } from '../publish.mjs';
import { figuresOf } from './figures.mjs';
import { pageOf } from './page.mjs';

const figures = figuresOf(process.argv[2] ?? 'runs/hh-smollm2');
/** Stands for a single prompt each. */
const SINGLE = ['winners', 'lengths'];
publish(
  'hh-smollm2',
  pageOf(figures),
  JSON.parse(JSON.stringify(figures, (key, value) => (SINGLE.includes(key) ? undefined : value))),
);
