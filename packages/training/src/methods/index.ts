import { dpo } from './dpo.js';
import { jsft } from './jsft.js';
import { kto } from './kto.js';
import { offlineSelfTraining } from './offlineSelfTraining.js';
import { ppo } from './ppo.js';
import { raft } from './raft.js';
import { rest } from './rest.js';
import { reward } from './reward.js';
import { rso } from './rso.js';
import { selfTraining } from './selfTraining.js';
import { sft } from './sft.js';

/** Every method, by the name of its verb. A new one is a file beside these and a line here. */
export const METHODS = {
  sft,
  jsft,
  dpo,
  kto,
  reward,
  'self-train': selfTraining,
  'self-train-offline': offlineSelfTraining,
  rso,
  rest,
  raft,
  ppo,
};
export type MethodName = keyof typeof METHODS;
