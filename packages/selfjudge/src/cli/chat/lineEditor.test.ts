import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { LineEditor } from './lineEditor.js';

function open() {
  const modes: boolean[] = [];
  const input = Object.assign(new PassThrough(), { setRawMode: (raw: boolean) => modes.push(raw) });
  let shown = '';
  const output = new PassThrough();
  output.setEncoding('utf8').on('data', (text: string) => (shown += text));
  const editor = new LineEditor({
    input,
    output,
    prompt: '> ',
    continued: '. ',
    completions: ['/help', '/exit'],
  });
  const typed = async (text: string) => {
    const turn = editor.read();
    // Keys come one at a time; a tab among others would be one that was pasted.
    for (const key of text.split(/(?=\t)|(?<=\t)/)) {
      input.write(key);
      await new Promise(setImmediate);
    }
    return turn;
  };
  return { editor, input, modes, typed, shown: () => shown };
}

it('reads turns, and leaves the terminal as it was between them', async () => {
  const { typed, modes, editor } = open();
  expect(await typed('one\r')).toBe('one');
  expect(modes).toEqual([true, false, true, false]);
  expect(await typed('two\\\rthree\r')).toBe('two\nthree');
  expect(modes).toEqual([true, false, true, false, true, false]);
  editor.close();
});

it('remembers lines, and completes commands', async () => {
  const { typed, editor } = open();
  await typed('first\r');
  await typed('second\r');
  expect(await typed('\x1b[A\x1b[A\r')).toBe('first');
  expect(await typed('/he\t\r')).toBe('/help');
  editor.close();
});

it('takes a paste of several lines for one turn', async () => {
  const { typed, editor, shown } = open();
  expect(await typed('look: \x1b[200~a\rb\rc\x1b[201~!\r')).toBe('look: a\nb\nc!');
  expect(shown()).toContain('\x1b[?2004h');
  editor.close();
});

it('keeps turns that come at once', async () => {
  const { typed, editor } = open();
  expect(await typed('one\rtwo\rthree\r')).toBe('one');
  expect(await editor.read()).toBe('two');
  expect(await editor.read()).toBe('three');
  editor.close();
});

it('Ctrl-C drops what is typed, and leaves where nothing is; so does Ctrl-D', async () => {
  const { typed, editor } = open();
  expect(await typed('no\x03yes\r')).toBe('yes');
  expect(await typed('no\\\rno\x03yes\r')).toBe('yes');
  expect(await typed('\x03')).toBeUndefined();
  expect(await typed('\x04')).toBeUndefined();
  expect(await editor.read()).toBeUndefined();
});
