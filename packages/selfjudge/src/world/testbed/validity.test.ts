import { describe, expect, it } from 'vitest';
import { PRINCIPLES } from '../facts.js';
import { allPrompts } from '../prompts.js';
import { quickstartDefaults } from '../quickstart.js';
import { validity } from './validity.js';

describe('validity', () => {
  it('of the pairs of the quickstart: no surface feature above 60%, each principle against the total in 15%', () => {
    const { surface, conflict } = validity(allPrompts(), quickstartDefaults, 20_000, 1);
    for (const [name, share] of Object.entries(surface)) expect(share, name).toBeLessThanOrEqual(0.6);
    expect(Object.keys(conflict).sort()).toEqual([...PRINCIPLES].sort());
    for (const [principle, share] of Object.entries(conflict))
      expect(share, principle).toBeGreaterThanOrEqual(0.15);
  });

  it('sees where one principle goes with the others', () => {
    const of = (careBy: 'answer' | 'principle') =>
      validity(allPrompts(), { care: 'mixed', careBy, modal: 'right' }, 20_000, 1).conflict;
    const [together, apart] = [of('answer'), of('principle')];
    for (const principle of PRINCIPLES) expect(together[principle]).toBeLessThan(apart[principle]);
  });
});
