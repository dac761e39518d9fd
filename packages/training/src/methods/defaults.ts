import { paperLora } from '../options/lora.js';
import { dpo } from './dpo.js';
import { jsft } from './jsft.js';
import { kto } from './kto.js';
import { presetOptions } from './method.js';
import { reward } from './reward.js';
import { selfTraining } from './selfTraining.js';
import { sft } from './sft.js';

export const sftDefaults = presetOptions(sft);
export const jsftDefaults = presetOptions(jsft);
export const dpoDefaults = presetOptions(dpo);
export const ktoDefaults = presetOptions(kto);
export const rewardDefaults = presetOptions(reward);
export const selfTrainingDefaults = presetOptions(selfTraining);

/** The values of arXiv 2402.11253 and its code. */
export const paper = {
  lora: paperLora,
  jsft: presetOptions(jsft, 'paper'),
  selfTraining: presetOptions(selfTraining, 'paper'),
};
