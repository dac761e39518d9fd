import { bracket } from './brackets.js';
import { judgePanel, reliabilityChart } from './judgePanel.js';
import { chartsOf } from './charts.js';
import { escaped, facts } from './html.js';
import { chartsHtml, htmlPage } from './htmlPage.js';
import { kept, reading } from './reading.js';
import type { RunReport } from './runReport.js';
import { sampledPairs } from './sampledPairs.js';

/**
 * The report of a run as one HTML file that asks for nothing from anywhere: styles, the plotting library and the data are in it.
 * @param next the command that comes after the run
 */
export function reportPage(report: RunReport, next?: string): string {
  const { name, facts: run, config, environment, fingerprints, hubNames, summary, rows } = report;
  const { curves, judge } = chartsOf(rows);
  const sentences = reading(report, next).map((text) => `<li>${escaped(text)}</li>`);
  const none = '<p class="quiet">Nothing was measured yet.</p>';
  const pairs = sampledPairs(report);
  const { held, tournaments } = report;
  const ofJudge = [...(held === undefined ? [] : [reliabilityChart(held.calibration)]), ...judge];
  const cups = tournaments.map(
    ({ name: of, rows: all }) => `<h3>${escaped(of)}</h3>${all.map(bracket).join('\n')}`,
  );
  const parts: [id: string, title: string, html: string][] = [
    ['reading', 'In four sentences', `<ol class="reading">${sentences.join('\n')}</ol>`],
    ['curves', 'Curves', curves.length === 0 ? none : chartsHtml(curves, 0)],
    [
      'judge',
      'The judge',
      (held === undefined ? notMeasured(run.verb) : judgePanel(held.calibration, held.step)) +
        chartsHtml(ofJudge, curves.length),
    ],
    ['samples', 'Sampled pairs', pairs === '' ? '<p class="quiet">No pairs were sampled.</p>' : pairs],
    [
      'tournaments',
      'Tournaments',
      cups.length === 0
        ? '<p class="quiet">No tournament was held in this run (raft holds them; so does generate --best_of, whose rows are shown by runs open --answers).</p>'
        : cups.join('\n'),
    ],
    ['configuration', 'Configuration', facts(Object.entries(config))],
    ['environment', 'Environment', facts(Object.entries(environment))],
    [
      'lineage',
      'Lineage',
      facts([
        ['started from', config.model_name_or_path ?? ''],
        ...Object.entries(hubNames),
        ...Object.entries(fingerprints).map(([key, value]): [string, string] => [
          `fingerprint of ${key}`,
          value,
        ]),
        ...Object.entries(summary).filter(([key]) => key !== 'last'),
      ]),
    ],
  ];
  const about = [run.verb, run.status, `${run.step} steps`, kept(report)];
  return htmlPage({
    title: `${name}: ${run.verb}, ${run.status} after ${run.step} steps`,
    heading: name,
    about: about.filter((part) => part !== undefined).join(' · '),
    parts,
    charts: [...curves, ...ofJudge],
  });
}

/** What is not known of the judge, and what would tell it. */
function notMeasured(verb: string): string {
  const how =
    verb === 'jsft'
      ? 'labelled pairs in eval_dataset_name, with eval_steps, measure it while it learns; evaluate measures it afterwards'
      : 'the run that taught the judge tells it, where it had an eval_dataset_name; evaluate does too';
  return `<p class="quiet">How often the judge is right was not measured in this run: ${how}.</p>`;
}
