import { describe, expect, it } from 'vitest';
import { withMoment } from './runMoment.js';

describe('the moment that a run tells its chat template', () => {
  it('is now when it begins, and written down', () => {
    const { config, told } = withMoment({ seed: 0 }, undefined);
    expect(config).toEqual({ seed: 0, chat_template_date: told });
    expect(Math.abs(new Date(told).getTime() - Date.now())).toBeLessThan(5000);
  });

  it('is what it began with when it goes on, or what is asked for, to be compared', () => {
    const begun = { chat_template_date: '2026-11-29T09:15:00' };
    expect(withMoment({}, begun).told).toBe('2026-11-29T09:15:00');
    const asked = withMoment({ chat_template_date: '2026-01-01' }, begun);
    expect(asked).toEqual({ config: { chat_template_date: '2026-01-01' }, told: '2026-01-01' });
  });

  it('is refused where what it began with is none', () => {
    expect(() => withMoment({}, { chat_template_date: 2026 })).toThrow(
      /^chat_template_date: expected a text .*, received 2026$/,
    );
  });

  it('is the day of before in a run that began before it was written down', () => {
    const { config, told } = withMoment({ seed: 0 }, { seed: 0 });
    expect(config.chat_template_date).toBeUndefined();
    expect(told).toBe('2024-07-26');
  });
});
