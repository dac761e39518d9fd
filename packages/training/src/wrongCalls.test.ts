import { describeWrongCalls } from '@selfjudge/testing/wrongCalls';
import { afterAll } from 'vitest';
import * as training from './index.js';
import { ktoEntries } from './testing/ktoEntries.js';
import { rewardEntries } from './testing/rewardEntries.js';
import { run, runEntries } from './testing/runEntries.js';
import { taskEntries } from './testing/taskEntries.js';
import { removeFiles } from './testing/wrongValues.js';

afterAll(() => {
  run.close();
  removeFiles();
});

describeWrongCalls({
  exports: training,
  table: { ...runEntries, ...taskEntries, ...rewardEntries, ...ktoEntries },
  without: {
    'takes no argument': [
      'AdamW#dispose',
      'AdamW#state',
      'Checkpoints#newest',
      'Checkpoints#steps',
      'Profile#take',
      'RunFolder#abandon',
      'RunFolder#close',
      'RunFolder#readSummary',
      'RunFolder#syncLogs',
      'RunFolder#unfinish',
    ],
    'called by the runner alone': ['new Profile', 'Profile#lap', 'RunFolder#appendProfile'],
    'the constructor is private': ['new RunFolder'],
    'private to TypeScript': [
      'AdamW#update',
      'DataOrder#at',
      'JudgeSignal#answers',
      'RunFolder#append',
      'RunFolder#keepLines',
      'RunFolder#replace',
    ],
  },
  runs: 6,
  atLeast: 1500,
});
