import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { Keyboard, terminalOfPerson } from './keyboard.js';

const later = () => new Promise((resolve) => setTimeout(resolve, 5));

it('takes single keys that are pressed while one is waited for, and no others', async () => {
  const raw: boolean[] = [];
  const input = Object.assign(new PassThrough(), { setRawMode: (on: boolean) => raw.push(on) });
  const keys = new Keyboard(input as object as NodeJS.ReadStream);
  input.write('1');
  await later();
  const next = keys.next();
  for (const pressed of ['\x1b[A', '12', 't']) {
    input.write(pressed);
    await later();
  }
  expect(await next).toBe('t');
  const stop = new AbortController();
  const stopped = keys.next(stop.signal);
  stop.abort();
  expect(await stopped).toBeUndefined();
  const ended = keys.next();
  input.end();
  expect(await ended).toBeUndefined();
  expect(await keys.next()).toBeUndefined();
  keys.close();
  expect(raw).toEqual([true, false]);
});

it('is refused where there is no terminal', () => {
  expect(terminalOfPerson).toThrow(/judge: expected a terminal .*received an input that is none/);
});
