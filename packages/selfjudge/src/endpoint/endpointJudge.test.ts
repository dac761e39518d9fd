import { loadJudgeTemplate, type JudgePair } from '@selfjudge/judging';
import { tokenEvidence } from '@selfjudge/judging/internal';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  goodOne,
  StandInEndpoint,
  withLogprobs,
  withText,
  type Behaviour,
} from '@selfjudge/testing/endpoint/standIn';
import { EndpointJudge, type EndpointJudgeSettings } from './endpointJudge.js';

const byLogprobs: Behaviour = (body) => {
  const good = goodOne(body);
  const other = good === 'A' ? 'B' : 'A';
  return withLogprobs({ [` ${good}`]: 0.5, [good]: 0.2, [other]: 0.2, ' The': 0.05 });
};

let server: StandInEndpoint;
let notes: string[];
beforeEach(async () => {
  server = await StandInEndpoint.start(byLogprobs);
  notes = [];
});
afterEach(() => server.close());

const PAIRS: JudgePair[] = [
  { prompt: 'What?', a: 'a good one', b: 'a bad one' },
  { prompt: 'What?', a: 'bad', b: 'good' },
];
const judge = (changes: Partial<EndpointJudgeSettings> = {}) =>
  new EndpointJudge({
    endpoint: server.url,
    model: 'tiny:1b',
    template: loadJudgeTemplate('plain'),
    calls: 0,
    concurrency: 4,
    patience: { tries: 3, firstWait: 1, longestWait: 300, silence: 150 },
    onNote: (line) => notes.push(line),
    ...changes,
  });
const answering = async (behaviour: Behaviour, pairs = PAIRS.slice(0, 1), changes = {}) => {
  server.behaviour = behaviour;
  return judge(changes).compare(pairs);
};

describe('an endpoint with log-probabilities', () => {
  it('is asked in both orders, and its labels are added up whatever white space stands before them', async () => {
    const verdicts = await judge().compare(PAIRS);
    expect(verdicts.map(({ winner }) => winner)).toEqual(['a', 'b']);
    const { orders } = tokenEvidence(verdicts[0])!;
    expect(orders[0]).toMatchObject({ pA: expect.closeTo(0.7), pB: expect.closeTo(0.2) });
    expect(orders[1]).toMatchObject({ pA: expect.closeTo(0.2), pB: expect.closeTo(0.7) });
    expect(verdicts[0].probability).toBeCloseTo(0.7 / 0.9);
    expect(orders[0].rendered).toMatch(
      /Response A:\na good one\n[^]*nothing else:\n\nThe better one is Response$/,
    );
    expect(server.asked).toHaveLength(4);
    expect(server.asked[0]).toMatchObject({
      model: 'tiny:1b',
      temperature: 0,
      max_tokens: 1,
      logprobs: true,
      top_logprobs: 20,
      messages: [{ role: 'user' }],
    });
    expect(server.headers[0].authorization).toBeUndefined();
  });

  it('is asked by each principle, with the key, about so many pairs at once', async () => {
    const pairs = [...Array(12).keys()].map((i) => ({ prompt: `${i}`, a: 'good', b: 'bad' }));
    server.behaviour = async (...given) => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      return byLogprobs(...given);
    };
    const seen: number[] = [];
    const asked = judge({ template: loadJudgeTemplate('principles'), key: 'secret', concurrency: 3 });
    const verdicts = await asked.compare(pairs, { onProgress: (done) => seen.push(done) });
    expect(verdicts.every(({ winner }) => winner === 'a')).toBe(true);
    expect(tokenEvidence(verdicts[0])!.votes.map(({ principle }) => principle)).toContain('honesty');
    expect(asked.calls).toBe(12 * 4 * 2);
    expect(server.most).toBe(3);
    expect(seen).toEqual([...Array(12).keys()].map((i) => i + 1));
    expect(server.headers.every(({ authorization }) => authorization === 'Bearer secret')).toBe(true);
  });

  it('whose labels are not among the likeliest tokens has no verdict', async () => {
    const [verdict] = await answering(() => withLogprobs({ Both: 0.9, ' are': 0.1 }));
    expect(verdict).toMatchObject({ winner: null, reason: 'low-mass' });
  });
});

describe('an endpoint without log-probabilities names a label in JSON', () => {
  const inJson: Behaviour = (body) => withText(JSON.stringify({ better: goodOne(body) }));

  it('where it leaves them out', async () => {
    const asked = judge();
    server.behaviour = (body, ...rest) => (body.logprobs ? withText(goodOne(body)) : inJson(body, ...rest));
    const [verdict] = await asked.compare(PAIRS.slice(0, 1));
    expect(verdict).toMatchObject({ winner: 'a', scoreA: 1, scoreB: 0, probability: 1 });
    expect(server.asked.map(({ response_format: format }) => format !== undefined)).toEqual([
      false,
      true,
      true,
    ]);
    expect(server.asked[1].response_format).toMatchObject({
      type: 'json_schema',
      json_schema: { strict: true, schema: { properties: { better: { enum: ['A', 'B'] } } } },
    });
    // From then on it is not asked for them.
    expect((await asked.compare(PAIRS))[1].winner).toBe('b');
    expect(server.asked).toHaveLength(3 + 4);
    expect(notes).toEqual(['the endpoint gives no log-probabilities of its labels: it names one in JSON']);
  });

  it('where it refuses to be asked for them; the same label in both orders is a tie', async () => {
    const [verdict] = await answering((body, response) => {
      if (body.logprobs !== true) return withText('{"better": "A"}');
      response.writeHead(400).end('{"error": "logprobs are not supported"}');
      return undefined;
    });
    expect(verdict).toMatchObject({ winner: 'tie', probability: 0.5 });
  });

  it.each([
    ['no JSON', 'A is better', /expected {"better": "A"} or {"better": "B"}, received A is better/],
    ['half of it', '{"better": "A', /expected {"better": "A"} or/],
    ['another label', '{"better": "both"}', /expected better to be A or B, received both/],
    ['nothing', '', /expected {"better": "A"} or/],
  ])('%s is no vote', async (_, content, detail) => {
    const [verdict] = await answering(() => withText(content));
    expect(verdict).toMatchObject({
      winner: null,
      reason: 'no-label',
      detail: expect.stringMatching(detail),
    });
  });
});

describe('an endpoint that lies gives no vote', () => {
  const lies: [string, object, RegExp][] = [
    ['no completion', { ok: true }, /expected a chat completion, received choices: /],
    ['no choices', { choices: [] }, /expected a chat completion/],
    [
      'probabilities above 1',
      withLogprobs({ A: 0.9, ' A': 0.9, B: 0.1 }),
      /of at most 1 in all, received .* 1\.9/,
    ],
    [
      'words for numbers',
      { choices: [{ logprobs: { content: [{ token: 'A', logprob: 'high' }] } }] },
      /choices.0.logprobs/,
    ],
    [
      'no number',
      { choices: [{ logprobs: { content: [{ token: 'A', logprob: null }] } }] },
      /choices.0.logprobs/,
    ],
  ];
  it.each(lies)('%s', async (_, json, detail) => {
    const [verdict] = await answering(() => json);
    expect(verdict).toMatchObject({
      winner: null,
      reason: 'no-label',
      detail: expect.stringMatching(detail),
    });
    expect(Number.isNaN(verdict.probability)).toBe(true);
    // It would say the same again.
    expect(server.asked).toHaveLength(1);
  });
});

describe('an endpoint that fails is asked again, and then gives no vote', () => {
  const fails: [string, Behaviour, RegExp][] = [
    ['it hangs', () => undefined, /^no answer within 0.15 s, 3 times in a row$/],
    [
      'it hangs in the middle',
      (_, response) => void response.writeHead(200).write('{"choices": ['),
      /^no answer within 0.15 s, 3 times/,
    ],
    [
      'half a JSON',
      (_, response) => void response.writeHead(200).end('{"choices": [{"message'),
      /^an answer that is no JSON: {"choices": \[{"message, 3 times/,
    ],
    [
      'a connection that breaks',
      (_, response) =>
        void response.writeHead(200, { 'content-length': '500' }).write('{', () => response.destroy()),
      /3 times in a row$/,
    ],
    ['a busy server', (_, response) => void response.writeHead(503).end(), /^status 503, 3 times in a row$/],
  ];
  it.each(fails)('%s', async (_, behaviour, detail) => {
    const [verdict] = await answering(behaviour);
    expect(verdict).toMatchObject({
      winner: null,
      reason: 'no-answer',
      detail: expect.stringMatching(detail),
    });
    expect(server.asked).toHaveLength(3);
  });

  it('a failure that passes costs nothing but a call', async () => {
    const [verdict] = await answering((body, response, call) => {
      if (call > 2) return byLogprobs(body, response, call);
      response.writeHead(429, { 'retry-after': '0' }).end();
      return undefined;
    });
    expect(verdict.winner).toBe('a');
    expect(server.asked).toHaveLength(4);
  });

  it('one pair without an answer leaves the others their verdicts', async () => {
    const verdicts = await answering((body, response, call) => {
      if (!body.messages[0].content.includes('bad one')) return byLogprobs(body, response, call);
      response.writeHead(500).end();
      return undefined;
    }, PAIRS);
    expect(verdicts.map(({ winner, reason }) => winner ?? reason)).toEqual(['no-answer', 'b']);
  });

  it('one that refuses a question is not asked it for ever', async () => {
    const [verdict] = await answering((_, response) => void response.writeHead(422).end('too long'));
    expect(verdict).toMatchObject({ winner: null, reason: 'no-answer', detail: 'status 422 (too long)' });
    // With log-probabilities and without.
    expect(server.asked).toHaveLength(2);
  });

  it('more bytes than one letter may have', async () => {
    const [verdict] = await answering((_, response) => void response.writeHead(200).end('x'.repeat(2 << 20)));
    expect(verdict).toMatchObject({ winner: null, detail: expect.stringMatching(/more than 1048576 bytes/) });
  });
});

describe('what ends the work', () => {
  it('a key that is refused: every further call would be', async () => {
    const work = answering((_, response) => void response.writeHead(401).end('bad key'), PAIRS, {
      key: 'secret',
    });
    await expect(work).rejects.toThrow(
      /^judge_endpoint: expected an endpoint that may be asked \(a key is taken from JUDGE_ENDPOINT_KEY\), received status 401 of http:.*\(bad key\)$/,
    );
    await expect(work).rejects.not.toThrow(/secret/);
  });

  it('a redirect is not followed: the key is not for another address', async () => {
    const [verdict] = await answering(
      (_, response) => void response.writeHead(307, { location: 'http://127.0.0.1:1/v1' }).end(),
    );
    expect(verdict).toMatchObject({ winner: null, reason: 'no-answer' });
  });

  it('calls that are used up leave what is left without a verdict, and make no more', async () => {
    const pairs = [...Array(6).keys()].map((i) => ({ prompt: `${i}`, a: 'good', b: 'bad' }));
    const verdicts = await answering(byLogprobs, pairs, { calls: 5, concurrency: 1 });
    expect(verdicts.map(({ winner, reason }) => winner ?? reason)).toEqual([
      'a',
      'a',
      ...Array(4).fill('no-budget'),
    ]);
    expect(server.asked).toHaveLength(5);
  });

  it('a signal, soon and with its reason', async () => {
    server.behaviour = () => undefined;
    const stop = new AbortController();
    const work = judge({ patience: { tries: 3, firstWait: 1, longestWait: 1, silence: 60_000 } }).compare(
      PAIRS,
      {
        signal: stop.signal,
      },
    );
    setTimeout(() => stop.abort(new Error('enough')), 30);
    await expect(work).rejects.toThrow('enough');
  });

  it('labels that are one word', () => {
    const template = { ...loadJudgeTemplate('plain'), verdicts: { a: ' A', b: 'A' } };
    expect(() => judge({ template })).toThrow(/judge_template.verdicts: expected two words/);
  });
});
