import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { duration, Progress } from './progress.js';

beforeEach(() => vi.useFakeTimers({ toFake: ['performance'] }));
afterEach(() => vi.useRealTimers());

class Stream {
  text = '';
  constructor(
    readonly isTTY: boolean,
    readonly columns = 60,
  ) {}
  write(text: string): void {
    this.text += text;
  }
}

describe('Progress', () => {
  it('writes a line every 10% where there is no terminal', () => {
    const stream = new Stream(false);
    const progress = new Progress('work', 'steps', stream);
    for (let done = 1; done <= 200; done++) {
      vi.advanceTimersByTime(500);
      progress.update(done, 200, `loss ${done}`);
    }
    progress.finish();
    const lines = stream.text.trimEnd().split('\n');
    expect(lines).toHaveLength(10);
    expect(lines[0]).toBe('work   10%  20/200 steps  2/s  ETA 1 m 30 s  loss 20');
    expect(lines[9]).toBe('work  100%  200/200 steps  2/s  in 1 m 40 s  loss 200');
  });

  it('rewrites one line on a terminal, cut to its width and not too often', () => {
    const stream = new Stream(true, 40);
    const progress = new Progress('work', 'steps', stream);
    for (let done = 1; done <= 100; done++) {
      vi.advanceTimersByTime(10);
      progress.update(done, 100, 'a note that is longer than the terminal is wide');
    }
    progress.finish();
    const drawn = stream.text.split('\r\x1b[2K');
    expect(drawn.length).toBeLessThan(14);
    expect(drawn.slice(1).every((line) => line.trimEnd().length <= 39)).toBe(true);
    expect(drawn.at(-1)).toMatch(/^work {2}100% {2}100\/100 steps/);
    expect(stream.text.match(/\n/g)).toHaveLength(1);
    expect(stream.text.endsWith('\n')).toBe(true);
  });

  it('drops whole fields where they do not fit, from the last on, and never a digit', () => {
    const stream = new Stream(true, 52);
    const progress = new Progress('dpo', 'steps', stream);
    vi.advanceTimersByTime(1000);
    progress.update(1, 4, 'loss 0.123456  rewards/accuracies 0.75  kl 1.2345');
    expect(stream.text.split('\r\x1b[2K').at(-1)).toBe('dpo   25%  1/4 steps  1/s  ETA 3 s  loss 0.123456');
  });

  it('says things above the line', () => {
    const stream = new Stream(true);
    const progress = new Progress('work', 'steps', stream);
    vi.advanceTimersByTime(1000);
    progress.update(1, 4);
    progress.say('warning: look');
    progress.finish();
    expect(stream.text).toContain('1/4 steps');
    expect(stream.text.endsWith('\r\x1b[2Kwarning: look\n')).toBe(true);
  });

  it('leaves what was done before out of the rate', () => {
    const stream = new Stream(false);
    const progress = new Progress('work', 'steps', stream);
    vi.advanceTimersByTime(60_000);
    progress.begin(50);
    vi.advanceTimersByTime(10_000);
    progress.update(60, 100);
    expect(stream.text).toBe('work   60%  60/100 steps  1/s  ETA 40 s\n');
  });
});

describe('duration', () => {
  it('reads as people say it', () => {
    expect([8.4, 125, 4320].map(duration)).toEqual(['8 s', '2 m 05 s', '1 h 12 m']);
  });
});
