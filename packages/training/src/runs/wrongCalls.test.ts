import { arg, describeWrongCalls, entry, except, given, notList, notText } from '@selfjudge/testing/wrongCalls';
import fc from 'fast-check';
import * as runs from './index.js';

const notPath = fc.oneof(notText, fc.constantFrom('', '\0'));
const folder = arg('nowhere', notPath);
const advice = arg(undefined, given(notText));
const row = { step: 1, phases: {}, ops: {} };

describeWrongCalls({
  exports: runs,
  table: {
    findRuns: entry(runs.findRuns, { folder }),
    listCheckpoints: entry(runs.listCheckpoints, { folder }),
    readConfig: entry(runs.readConfig, { folder, advice }),
    readEnvironment: entry(runs.readEnvironment, { folder }),
    readFingerprints: entry(runs.readFingerprints, { folder }),
    readHubNames: entry(runs.readHubNames, { folder }),
    readMetrics: entry(runs.readMetrics, { folder }),
    readProfile: entry(runs.readProfile, { folder }),
    readRun: entry(runs.readRun, { path: folder }),
    readSamples: entry(runs.readSamples, { folder, name: arg('step-1', fc.oneof(notPath, fc.constantFrom('../step-1', '/etc/hosts', '.', 'a\\b'))) }),
    readSummary: entry(runs.readSummary, { folder, advice }),
    sampleNames: entry(runs.sampleNames, { folder }),
    sumProfile: entry(runs.sumProfile, {
      rows: arg(
        [row],
        fc.oneof(
          notList,
          except((x) => typeof x === 'object').map((phases) => [{ ...row, phases }]),
        ),
      ),
    }),
  },
  without: {},
  runs: 10,
  atLeast: 130,
});
