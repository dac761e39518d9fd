import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rowsOf, run, start, temporaryFolder } from './support/cli.js';
import { readEvents } from './support/faults.js';
import { preferenceRows, saveTinyModel, writeRows } from './support/tinyModel.js';

const { path: cwd, remove } = temporaryFolder();
const M = ['-m', 'model', '--dtype', 'float32'];
const text = (name: string) => readFileSync(join(cwd, name), 'utf8');
const DOMAINS = ['code', 'law'];
const pairs = (count: number) =>
  Array.from({ length: count }, (_, i) => ({
    id: `row ${i}`,
    prompt: `What is ${i}?`,
    completions: [`It is ${i * 7}.`, `No idea of ${i}.`],
    domain: DOMAINS[i % 2],
    ...(i % 5 > 0 && { winner: i % 5 === 1 ? 'tie' : i % 5 === 2 ? 'b' : 'a' }),
  }));
const judge = (out: string, ...flags: string[]) => ['judge', 'pairs.jsonl', ...M, '--out', out, ...flags];

let whole: string;
beforeAll(async () => {
  await saveTinyModel(join(cwd, 'model'));
  await saveTinyModel(join(cwd, 'other'), { seed: 5 });
  writeRows(cwd, 'pairs.jsonl', pairs(100));
  expect(await run(judge('whole.jsonl'), { cwd })).toMatchObject({ code: 0 });
  whole = text('whole.jsonl');
});
afterAll(remove);

describe('rows as they are judged', () => {
  it('stand in the order of the input, and are those that are judged alone', async () => {
    const rows = rowsOf(whole);
    expect(rows.map(({ id }) => id)).toEqual(pairs(100).map(({ id }) => id));
    expect(rows[1]).toMatchObject({ given_winner: 'tie', winner: expect.stringMatching(/^(a|b|tie)$/) });
    expect(rows[0]).not.toHaveProperty('given_winner');
    writeRows(cwd, 'last.jsonl', pairs(100).slice(-1));
    const alone = await run(['judge', 'last.jsonl', ...M], { cwd });
    expect(alone.stdout).toBe(`${whole.trimEnd().split('\n').at(-1)}\n`);
    // Rows have the standard output, what came out stands beside them.
    expect(alone.stderr).toMatch(/^Verdicts on 1 rows$/m);
    expect(alone.stderr).toMatch(
      /^note: \d+ tokens of questions were computed in \d+ rows, 0\.\d\d of them: /m,
    );
  });

  it('killed in the middle of any write, the same command ends with the same file', async () => {
    await run(judge('events.jsonl'), { cwd, stopAt: { log: join(cwd, 'events.json') } });
    expect(text('events.jsonl')).toBe(whole);
    const events = readEvents(join(cwd, 'events.json')).filter(({ paths }) =>
      paths.some((path) => path.startsWith('events.jsonl')),
    );
    const writes = events.filter(({ name, paths }) => name === 'writeSync' && paths[0].endsWith('.partial'));
    // 100 rows are four portions.
    expect(writes).toHaveLength(4);
    const last = events.filter(({ name }) => name === 'fsyncSync' || name === 'renameSync').slice(-2);
    let torn = 0;
    for (const { at, name } of [writes[0], writes[2], ...last]) {
      for (const file of ['', '.config.json']) rmSync(join(cwd, `events.jsonl${file}`));
      const killed = await run(judge('events.jsonl'), { cwd, stopAt: { at, how: 'kill' } });
      expect(killed.signal, `${name} ${at}`).toBe('SIGKILL');
      if (existsSync(join(cwd, 'events.jsonl.partial')))
        torn += Number(!text('events.jsonl.partial').endsWith('\n'));
      const again = await run(judge('events.jsonl'), { cwd });
      expect(again.code, again.stderr).toBe(0);
      expect(text('events.jsonl'), `${name} ${at}`).toBe(whole);
      if (at === writes[2].at) expect(again.stderr).toMatch(/^\d\d of 100 rows are there already$/m);
    }
    expect(torn).toBe(2);
    // What is said at the end is of all rows, whoever judged them.
    const one = await run(judge('events.jsonl', '--json'), { cwd });
    const other = await run(judge('whole.jsonl', '--json'), { cwd });
    expect(one.stdout).toBe(other.stdout);
  });

  it('stopped by Ctrl-C, it says where the rows are, and goes on', async () => {
    writeRows(cwd, 'many.jsonl', pairs(3000));
    const many = ['judge', 'many.jsonl', ...M, '--out', 'many-verdicts.jsonl'];
    const work = start(many, { cwd });
    await work.until(/\d\d%/);
    work.child.kill('SIGINT');
    const { code, stderr } = await work.ended;
    expect(code).toBe(130);
    expect(stderr).toMatch(
      /^\d+ rows are in many-verdicts.jsonl.partial: the same command goes on after them$/m,
    );
    expect(existsSync(join(cwd, 'many-verdicts.jsonl'))).toBe(false);
    const kept = text('many-verdicts.jsonl.partial');
    // Other rows, another model, dtype or template: named, and what is there stays.
    const others: [string[], RegExp][] = [
      [
        ['--dtype', 'bf16'],
        /^error: dtype: expected "float32", as the rows in many-verdicts.jsonl began with .*received bf16$/m,
      ],
      [
        ['-m', 'other'],
        /^error: model_name_or_path: expected the weights that the rows in many-verdicts.jsonl began with/m,
      ],
      [
        ['--judge_template', 'rationale'],
        /^error: judge_template: expected the judge template that the rows/m,
      ],
      [['--judge_reasoning', 'keep'], /^error: judge_reasoning: expected "drop", as the rows/m],
      [['--prompt_format', 'chat'], /^error: prompt_format: expected "standard", as the rows/m],
    ];
    for (const [flags, message] of others) {
      const refused = await run([...many, ...flags], { cwd });
      expect(refused).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(message) });
    }
    writeFileSync(join(cwd, 'many.jsonl'), text('many.jsonl').replace('row 2999', 'row 2998'));
    const changed = await run(many, { cwd });
    expect(changed.stderr).toMatch(
      /^error: file: expected the rows that the rows in many-verdicts.jsonl began with, fingerprint/m,
    );
    expect(text('many-verdicts.jsonl.partial')).toBe(kept);
    writeRows(cwd, 'many.jsonl', pairs(3000));
    const again = await run(many, { cwd });
    expect(again.code, again.stderr).toBe(0);
    expect(text('many-verdicts.jsonl').startsWith(kept)).toBe(true);
    expect(rowsOf(text('many-verdicts.jsonl'))).toHaveLength(3000);
  });
});

describe('what came out', () => {
  it('of labelled rows says how many are right, for each value of a column too', async () => {
    const { code, stdout } = await run(judge('whole.jsonl', '--by', 'domain', '--json'), { cwd });
    expect(code).toBe(0);
    const summary = JSON.parse(stdout);
    const rows = rowsOf(whole);
    const points = rows.flatMap(({ given_winner: label, winner }) =>
      label === undefined ? [] : [label === winner ? 1 : label === 'tie' || winner === 'tie' ? 0.5 : 0],
    );
    const right = points.reduce((sum: number, point) => sum + point, 0);
    expect(summary).toMatchObject({ rows: 100, accuracy: { value: right / 80, n: 80 }, nulls: { n: 100 } });
    const agree = rows.filter(
      ({ orders: [ab, ba] }) => Math.sign(ab.p_a - ab.p_b) === Math.sign(ba.p_b - ba.p_a),
    );
    expect(summary.positionConsistency).toMatchObject({ value: agree.length / 100, n: 100 });
    const first = rows.flatMap(({ orders }) => orders).filter(({ p_a, p_b }) => p_a > p_b);
    expect(summary.firstRate).toMatchObject({ value: first.length / 200, n: 100 });
    expect(summary.by.values.map(({ value, rows: n }: any) => [value, n])).toEqual([
      ['code', 50],
      ['law', 50],
    ]);
    const shown = await run(judge('whole.jsonl', '--by', 'domain'), { cwd });
    expect(shown.stdout).toMatch(
      /^Verdicts on 100 rows\n +value \[95%\] +n\n-.*\naccuracy +0\.\d{3} \[0\.\d+, 0\.\d+\] +80$/m,
    );
    expect(shown.stdout).toMatch(
      /^domain +accuracy +ties +no verdict +both orders agree +first shown wins$/m,
    );
    expect(shown.stdout).toMatch(/^law +0\.\d\d \[0\.\d\d, 0\.\d\d\] of 40 /m);
  });

  it('names a column that no row has before the model is opened, and labels that are none', async () => {
    const { code, stderr } = await run(judge('none.jsonl', '--by', 'domian'), { cwd });
    expect(code).toBe(2);
    expect(stderr).toMatch(/^error: by: expected a column of the rows: id, prompt, .*did you mean 'domain'/);
    writeRows(cwd, 'odd.jsonl', [
      { prompt: 'p', chosen: 'yes', rejected: 'no' },
      { prompt: 'p', a: 'yes', b: 'no', winner: 'first' },
    ]);
    const odd = await run(['judge', 'odd.jsonl', ...M, '--out', 'odd-verdicts.jsonl'], { cwd });
    expect(odd.stderr).toContain(
      'warning: 1 of 2 rows have another winner than a, b, tie, 0 or 1 (line 2: "first"): no label',
    );
    expect(odd.stdout).toMatch(/^accuracy +.* +1$/m);
  });
});

describe("pairs of one's own judgments", () => {
  it('from prompts alone: generate, judge, train', async () => {
    // A judge that was taught to be one: untaught, most verdicts are none.
    const pairs = preferenceRows().map((row) => ({ ...row, id: undefined }));
    writeRows(cwd, 'preferences.jsonl', pairs);
    const loop = '--dataset_split all --max_steps 3 --train_batch_size 4 --learning_rate 1e-2'.split(' ');
    const jsft = ['jsft', ...M, '--dataset_name', 'preferences.jsonl', ...loop, '--output_dir', 'judge'];
    expect(await run(jsft, { cwd })).toMatchObject({ code: 0 });
    const own = ['-m', 'judge', '--dtype', 'float32'];

    const prompts = [...Array(10).keys()].map((i) => ({ prompt: `What is ${i}?` }));
    writeRows(cwd, 'prompts.jsonl', [...prompts, { prompt: [{ role: 'user', content: 'Hi' }] }]);
    const drawn = ['--count', '2', '--max_new_tokens', '6', '--out', 'answers.jsonl'];
    expect(await run(['generate', 'prompts.jsonl', ...own, ...drawn], { cwd })).toMatchObject({ code: 0 });
    const answers = rowsOf(text('answers.jsonl'));
    expect(answers).toHaveLength(11);

    // Verdicts of every kind: equal answers are a tie, one that cannot be asked about has none.
    const [{ prompt }] = answers;
    const more = [
      { prompt, completions: ['Same.', 'Same.'] },
      { prompt, completions: ['x'.repeat(3000), 'y'] },
      { prompt, completions: ['Whole.', ''] },
    ];
    writeRows(cwd, 'answers.jsonl', [...answers, ...more]);
    const out = ['--out', 'judged.jsonl', '--write_pairs', 'own.jsonl'];
    const judged = await run(['judge', 'answers.jsonl', ...own, ...out], { cwd });
    expect(judged.code, judged.stderr).toBe(0);
    const rows = rowsOf(text('judged.jsonl'));
    const decided = rows.slice(0, 11).filter(({ winner }) => winner === 'a' || winner === 'b');
    expect(decided.length).toBeGreaterThan(5);
    expect(rowsOf(text('own.jsonl'))).toEqual(
      decided.map(({ prompt: asked, completions: [a, b], winner }) => ({
        prompt: asked,
        chosen: winner === 'a' ? a : b,
        rejected: winner === 'a' ? b : a,
      })),
    );
    expect(judged.stderr).toMatch(
      new RegExp(
        `^note: ${decided.length} pairs in own.jsonl; left out: .*1 without a verdict, 1 with an empty answer$`,
        'm',
      ),
    );

    for (const [verb, start] of [
      ['dpo', 'judge'],
      ['jsft', 'model'],
    ]) {
      const flags = [
        '-m',
        start,
        '--dtype',
        'float32',
        '--dataset_name',
        'own.jsonl',
        '--dataset_split',
        'all',
      ];
      const step = ['--max_steps', '1', '--train_batch_size', '2', '--output_dir', `${verb}-own`];
      const trained = await run([verb, ...flags, ...step], { cwd });
      expect(trained.code, trained.stderr).toBe(0);
      expect(trained.stderr).not.toMatch(/left out/);
    }
  });

  it('are no input, no other output, and lie in a folder that is there', async () => {
    for (const [path, message] of [
      ['pairs.jsonl', /--write_pairs: expected a file that is no input of this command/],
      ['out.jsonl', /--write_pairs: expected another file than those of --out, received out.jsonl/],
      ['./out.jsonl.partial', /--write_pairs: expected another file than those of --out/],
      ['no/pairs.jsonl', /--write_pairs: expected a file in a folder that is there/],
      ['-', /--write_pairs: expected a file, received -/],
    ] as const) {
      const { code, stderr } = await run(judge('out.jsonl', '--write_pairs', path), { cwd });
      expect(stderr).toMatch(message);
      expect(code).toBe(2);
    }
  });
});

describe('--explain', () => {
  it('gives the reasons that the weights learnt, and refuses judges that learnt none', async () => {
    const learnt = preferenceRows().slice(0, 2);
    writeRows(cwd, 'reasons.jsonl', learnt);
    const loop =
      '--dataset_split all --max_steps 150 --train_batch_size 2 --learning_rate 1e-2 --full_finetuning';
    const flags = [
      '--judge_template',
      'rationale',
      '--sft_weight',
      '0',
      '--output_dir',
      'reasons',
      ...loop.split(' '),
    ];
    expect(await run(['jsft', ...M, '--dataset_name', 'reasons.jsonl', ...flags], { cwd })).toMatchObject({
      code: 0,
    });
    const own = ['judge', 'reasons.jsonl', '-m', 'reasons', '--dtype', 'float32'];
    const { code, stdout, stderr } = await run([...own, '--explain'], { cwd });
    expect(code, stderr).toBe(0);
    const rows = rowsOf(stdout);
    for (const [i, topic] of ['tea', 'rain'].entries())
      expect(rows[i]).toMatchObject({
        winner: 'a',
        rationale: `Evaluation of Response A: Says ${topic}.\n\nEvaluation of Response B: Says nothing.`,
        rationale_order: 'ab',
        rationale_finish: 'eos',
      });
    // The verdict is what it is without them.
    const bare = rowsOf((await run(own, { cwd })).stdout);
    expect(rows.map(({ orders }) => orders)).toEqual(bare.map(({ orders }) => orders));
    expect(bare[0]).not.toHaveProperty('rationale');
    const cut = await run([...own, '--explain', '--max_new_tokens', '10'], { cwd });
    expect(rowsOf(cut.stdout)[0]).toMatchObject({ rationale: 'Evaluati', rationale_finish: 'length' });
    expect(cut.stderr).toMatch(/^warning: of 2 rationales 2 cut at max_new_tokens$/m);

    const plain = await run(['judge', 'pairs.jsonl', ...M, '--explain'], { cwd });
    expect(plain).toMatchObject({ code: 2, stdout: '' });
    expect(plain.stderr).toMatch(
      /^error: explain: expected a model that judges by a judge template with a rationale .*received the judge template plain$/m,
    );
    const idle = await run(['judge', 'last.jsonl', ...M, '--max_new_tokens', '5'], { cwd });
    expect(idle.stderr).toContain(
      'note: max_new_tokens 5 does nothing: a verdict is one token, and explain is false',
    );
  });
});

describe('--cache', () => {
  const cached = (...flags: string[]) =>
    run(['judge', 'few.jsonl', ...M, '--cache', 'verdicts', ...flags], { cwd });
  const hits = ({ stderr }: { stderr: string }) =>
    Number(/^note: (\d+) verdicts were in verdicts$/m.exec(stderr)?.[1]);

  it('gives the verdicts that the same judge gave, to the bit, and asks another one', async () => {
    const few = pairs(20);
    writeRows(cwd, 'few.jsonl', [...few, few[0], { ...few[1], completions: ['Same.', 'Same.'] }]);
    const fresh = await run(['judge', 'few.jsonl', ...M], { cwd });
    const first = await cached();
    expect(hits(first)).toBe(0);
    const second = await cached();
    expect(hits(second)).toBe(20);
    for (const { stdout } of [first, second]) expect(stdout).toBe(fresh.stdout);
    const [same] = rowsOf(fresh.stdout).slice(-1);
    expect(same).toMatchObject({ winner: 'tie', probability: 0.5, reason: 'identical', orders: [] });
    expect(fresh.stderr).toMatch(
      /^note: 1 of 22 rows have two equal answers: ties, which nobody was asked about$/m,
    );

    cpSync(join(cwd, 'model'), join(cwd, 'moved'), { recursive: true });
    expect(hits(await cached('-m', 'moved', '--prompt_format', 'chat'))).toBe(0); // another prompt: no longer text as it stands
    expect(hits(await cached('-m', 'moved'))).toBe(20);
    for (const flags of [
      ['-m', 'other'],
      ['--dtype', 'bf16'],
      ['--judge_template', 'rationale'],
      ['--judge_template', 'principles'],
      ['--judge_reasoning', 'keep'],
      ['--chat_template', 'gemma'],
      ['--chat_template_kwargs', '{x: 1}'],
    ])
      expect(hits(await cached(...flags)), flags.join(' ')).toBe(0);
    const path = await run(['judge', 'few.jsonl', ...M, '--cache', 'verdicts'], {
      cwd,
      env: { SELFJUDGE_CPU: 'portable' },
    });
    expect(hits(path)).toBe(0);
    expect(hits(await cached('--chat_template_date', '2020-01-01'))).toBe(20); // the template tells no day
  });

  it('an adapter and its scale are another judge each', async () => {
    const trained = '--dataset_split all --max_steps 1 --train_batch_size 4 --output_dir adapted'.split(' ');
    writeRows(cwd, 'preferences.jsonl', preferenceRows());
    expect(
      await run(['jsft', ...M, '--dataset_name', 'preferences.jsonl', ...trained], { cwd }),
    ).toMatchObject({ code: 0 });
    const on = ['--adapter', 'adapted/final'];
    expect(hits(await cached(...on))).toBe(0);
    expect(hits(await cached(...on))).toBe(20);
    const config = join(cwd, 'adapted/final/adapter_config.json');
    writeFileSync(config, readFileSync(config, 'utf8').replace(/"lora_alpha": *\d+/, '"lora_alpha": 1'));
    expect(hits(await cached(...on))).toBe(0);
  });
});
