/** LoRA's rank, scale and place: every linear layer by default, the original's query and value in `paperLora`. */
export const defaultLora = {
  r: 8,
  alpha: 16,
  dropout: 0.05,
  targetModules: ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'],
};
export const paperLora = { r: 8, alpha: 16, dropout: 0.1, targetModules: ['q_proj', 'v_proj'] };
