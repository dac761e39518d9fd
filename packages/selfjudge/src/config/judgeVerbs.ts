import { z } from 'zod';
import { answerFields, dataFields, templateFields } from './fields.js';
import { input, isAddress, judgeWord, path } from './paths.js';
import { schemaOf } from './schemas.js';
import { grouped, ofRows, opened as model, sampling, saveSteps, seed } from './verbParts.js';

/** Who judges: a model, or whoever else. */
const opened = {
  ...model,
  modelNameOrPath: model.modelNameOrPath
    .optional()
    .describe(`a model that judges: ${model.modelNameOrPath.description}`),
  judge: z
    .array(judgeWord)
    .min(1)
    .optional()
    .describe(
      'who judges, in place of -m: a model, a reward model, a file of judgments, URL#MODEL of an endpoint, or terminal (you); several ' +
        'times, or a YAML file of {judges, weights}, for the majority of their votes',
    ),
};

/** How a judge is asked. */
const asked = {
  cache: path
    .optional()
    .describe(
      'a folder of verdicts that were given: what this judge said of a pair before is not asked again',
    ),
  judgeEndpoint: z
    .string()
    .refine(isAddress)
    .optional()
    .describe(
      'an OpenAI-compatible endpoint that judges, as http://127.0.0.1:8000/v1; -m is what it calls its model',
    ),
  judgeConcurrency: answerFields.count.max(256).describe('pairs that the endpoint is asked about at once'),
  judgeCalls: schemaOf(saveSteps).describe(
    'calls of the endpoint at most, further tries among them; 0 for no limit',
  ),
  seed: seed.describe('keys which answer a person is shown first'),
};
/** What becomes of a judge's verdicts. */
const calibratedFields = {
  calibration: path.describe('auto: the calibration beside the weights, where there is one; none; or a file'),
  tieThreshold: z
    .number()
    .min(0)
    .lt(0.5)
    .optional()
    .describe(
      'a tie where the probability is no farther than this from 1/2 (default: that of the calibration, else 0)',
    ),
  leastMass: z
    .number()
    .min(0.001)
    .max(1)
    .optional()
    .describe(
      'no verdict where the two verdict tokens hold less of the probability in some order (default: 0.001)',
    ),
};
const askedDefaults = { judgeConcurrency: 8, judgeCalls: 0, seed: 0 };
const groupsOfJudging = {
  modelNameOrPath: 'Model',
  datasetShape: 'Rows',
  judgeTemplate: 'Judge',
  judgeEndpoint: 'Endpoint',
};
/** Where an evaluation is kept. */
const outputDir = path
  .optional()
  .describe(
    'a folder for the verdicts as they come and what is said of them; the same command again goes on where it stopped',
  );
/** Of what is said of verdicts. */
const by = z
  .string()
  .min(1)
  .optional()
  .describe('a column of the rows: what is said of all verdicts is said for each of its values too');

/** Verbs that judge rows, and say how far verdicts can be trusted. */
export const JUDGE_VERBS = {
  judge: grouped(
    {
      ...opened,
      ...ofRows,
      writePairs: path
        .optional()
        .describe('a file for rows {prompt, chosen, rejected} of the verdicts that have a winner'),
      ranking: z
        .enum(['round-robin', 'swiss'])
        .describe('of rows with more than two completions: every two are compared, or Swiss rounds'),
      by,
      ...templateFields,
      explain: z
        .boolean()
        .describe('reasons after each verdict, of a judge template with a rationale, as jsft teaches them'),
      maxNewTokens: sampling.maxNewTokens.describe('tokens of a rationale at most'),
      calibrate: z
        .boolean()
        .describe(
          'fit a temperature by the labels of these rows, which the judge must not be trained on, and keep it beside the weights',
        ),
      lengthControlled: z
        .boolean()
        .describe(
          'with calibrate: also fit how much the judge goes by length, and take it off: verdicts are then those on answers of equal length',
        ),
      ...calibratedFields,
      ...asked,
      seed: seed.describe(
        'keys who meets in the first Swiss round, and which answer a person is shown first',
      ),
    },
    groupsOfJudging,
    {
      ranking: 'round-robin',
      explain: false,
      maxNewTokens: 256,
      calibrate: false,
      lengthControlled: false,
      calibration: 'auto',
      ...askedDefaults,
    },
  ),
  'evaluate judge': grouped(
    {
      ...opened,
      ...ofRows,
      by,
      ownModel: z
        .string()
        .min(1)
        .optional()
        .describe(
          'who the judge is among those who wrote the answers, as the rows name them: its self-preference',
        ),
      ...templateFields,
      ...calibratedFields,
      ...asked,
      outputDir,
    },
    { ...groupsOfJudging, outputDir: 'Output' },
    { calibration: 'auto', ...askedDefaults },
  ),
  'evaluate injection': grouped(
    {
      ...opened,
      ...ofRows,
      datasetLimit: dataFields.datasetLimit.describe('labelled pairs at most, the first ones; 0 for all'),
      ...templateFields,
      ...calibratedFields,
      ...asked,
      outputDir,
    },
    { ...groupsOfJudging, outputDir: 'Output' },
    { datasetLimit: 64, calibration: 'auto', ...askedDefaults },
  ),
  'evaluate policy': grouped(
    {
      baseline: input.describe('the file of the answers that it is compared with'),
      questions: input.optional().describe('the questions of files of FastChat: question_id, turns'),
      alpacaEvalGamed: path
        .optional()
        .describe(
          "AlpacaEval's df_gamed.csv, for its length-controlled rate of answers to all of its instructions, in their order",
        ),
      ...opened,
      ...ofRows,
      ...templateFields,
      ...calibratedFields,
      ...asked,
      outputDir,
    },
    {
      baseline: 'Answers',
      modelNameOrPath: 'Judge',
      judgeEndpoint: 'Endpoint',
      outputDir: 'Output',
    },
    { calibration: 'auto', ...askedDefaults },
  ),
};
