import type { StartFacts } from '../training/startFacts.js';

/** What a run is, a line a fact. */
export function describeStart(facts: StartFacts): string[] {
  const { rows, steps, batch, epochs, learningRate, lrSchedulerType, labels } = facts;
  const all: [string, string][] = [
    ...(rows === undefined ? [] : [['rows', rowsText(rows)] as [string, string]]),
    [
      'steps',
      `${steps} of ${batch}, ${decimals(epochs)} epochs; learning rate ${learningRate}, ${lrSchedulerType}`,
    ],
    ['trains', trainedText(facts)],
    ['learns', labels],
    ...(facts.memory === undefined ? [] : [['memory', memoryText(facts.memory)] as [string, string]]),
  ];
  return all.map(([name, text]) => `${name.padEnd(8)}${text}`);
}

function rowsText({ read, ofSplit, split, leftOut, cut }: NonNullable<StartFacts['rows']>): string {
  const reasons = Object.entries(leftOut).map(([code, count]) => `${count} ${code}`);
  return [
    `${read} read`,
    `${ofSplit} of ${split === 'all' ? 'all splits' : `split ${split}`}`,
    ...(reasons.length > 0 ? [`left out: ${reasons.join(', ')}`] : []),
    ...(cut > 0 ? [`${cut} answers cut`] : []),
  ].join(', ');
}

function trainedText({ parameters, adapter, below, saved }: StartFacts): string {
  const count = `${parameters.toLocaleString('en')} parameters`;
  if (adapter === undefined) return `${count}: all weights`;
  if (below === undefined) return `${count}: LoRA ${adapter}`;
  return `${count}: LoRA ${adapter}, on top of LoRA ${below}, which stays; saved as one, ${saved}`;
}

function memoryText({
  before,
  peak,
  isBound,
  available,
  recompute,
}: NonNullable<StartFacts['memory']>): string {
  const again = recompute ? ', blocks computed again in backward' : '';
  const free = available === undefined ? '' : `; ${bytes(available)} are free`;
  return `about ${bytes(peak)} at most${isBound ? ', with the longest answers' : ''} (${bytes(before)} before the first step)${again}${free}`;
}

const decimals = (value: number): string => String(Number(value.toPrecision(3)));

/** 512 KiB, 3.25 MiB, 12.1 GiB. */
export function bytes(count: number): string {
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  let value = count / 1024;
  let unit = 0;
  for (; value >= 1000 && unit < units.length - 1; unit++) value /= 1024;
  return `${Number(value.toPrecision(3))} ${units[unit]}`;
}
