import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { crc32c } from './crc32c.js';
import { EventFile } from './eventFile.js';

let run: string;
beforeEach(() => (run = mkdtempSync(join(tmpdir(), 'selfjudge-events-'))));
afterEach(() => rmSync(run, { recursive: true }));

const folder = () => join(run, 'tensorboard');
const row = (step: number, metrics: Record<string, number>) => ({ step, epoch: step / 4, metrics });

/** The messages of a TFRecord file. @throws where a checksum is not right */
function messages(bytes: Buffer): Buffer[] {
  const out: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = Number(bytes.readBigUInt64LE(at));
    const [head, body] = [bytes.subarray(at, at + 8), bytes.subarray(at + 12, at + 12 + length)];
    for (const [part, place] of [
      [head, at + 8],
      [body, at + 12 + length],
    ] as const) {
      const turned = (bytes.readUInt32LE(place) - 0xa282ead8) >>> 0;
      const crc = ((turned >>> 17) | (turned << 15)) >>> 0;
      if (crc !== crc32c(part)) throw new Error(`checksum of ${part.length} bytes at ${place}`);
    }
    out.push(body);
    at += 16 + length;
  }
  return out;
}

/** Fields of a protocol buffer, by number: numbers, doubles, floats, bytes. */
function fields(message: Buffer): [field: number, value: number | Buffer][] {
  const out: [number, number | Buffer][] = [];
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = message[at++];
      value += (byte & 127) * shift;
      if (byte < 128) return value;
    }
  };
  while (at < message.length) {
    const key = varint();
    const [field, wire] = [key >> 3, key & 7];
    if (wire === 0) out.push([field, varint()]);
    else if (wire === 1) out.push([field, message.readDoubleLE((at += 8) - 8)]);
    else if (wire === 5) out.push([field, message.readFloatLE((at += 4) - 4)]);
    else {
      const length = varint();
      out.push([field, message.subarray(at, (at += length))]);
    }
  }
  return out;
}

function read() {
  const [name, ...more] = readdirSync(folder());
  expect(more).toEqual([]);
  const [first, ...rest] = messages(readFileSync(join(folder(), name))).map(fields);
  expect(first.map(([field, value]) => [field, String(value)])[1]).toEqual([3, 'brain.Event:2']);
  return rest.map((event) => {
    const [time, step, summary] = [1, 2, 5].map((field) => event.find(([one]) => one === field)![1]);
    const values = fields(summary as Buffer).map(([, value]) => {
      const [tag, scalar] = fields(value as Buffer);
      return [String(tag[1]), scalar[1]];
    });
    return { time, step, values: Object.fromEntries(values) as Record<string, number> };
  });
}

describe('crc32c', () => {
  it('is that of RFC 3720', () => {
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
    expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
    expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e);
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
  });
});

describe('an event file', () => {
  it('has every step once, under the names of transformers', () => {
    const events = new EventFile(run, [row(1, { loss: 0.5, step_time: 2 })], 1000);
    events.append(row(300, { loss: NaN, eval_loss: 0.25, 'eval/kl': 3, 'rewards/margins': -1 }), 1005.5);
    const [first, second] = read();
    expect(first).toEqual({
      time: 1000,
      step: 1,
      values: { 'train/loss': 0.5, 'train/step_time': 2, 'train/epoch': 0.25 },
    });
    expect(second).toEqual({
      time: 1005.5,
      step: 300,
      values: {
        'train/loss': NaN,
        'eval/loss': 0.25,
        'eval/kl': 3,
        'train/rewards/margins': -1,
        'train/epoch': 75,
      },
    });
  });

  it('is written anew by a run that goes on, and leaves other files alone', () => {
    const all = [1, 2, 3].map((step) => row(step, { loss: step, step_time: 10 }));
    const before = new EventFile(run, [], 100);
    for (const one of all) before.append(one, 101);
    new EventFile(run, all.slice(0, 2), 500).append(all[2], 510);
    expect(read().map(({ step, time }) => [step, time])).toEqual([
      [1, 490],
      [2, 500],
      [3, 510],
    ]);
    writeFileSync(join(folder(), 'events.out.tfevents.7.other'), '');
    expect(new EventFile(run, all, 600)).toBeDefined();
    expect(readdirSync(folder()).sort()).toEqual([
      'events.out.tfevents.600.selfjudge',
      'events.out.tfevents.7.other',
    ]);
  });
});
