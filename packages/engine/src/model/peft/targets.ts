import type { ByPattern, PeftConfig } from './peftConfig.js';
import { pythonPattern } from './pythonPattern.js';

/** All linear layers but the head; in place of a pattern. */
const ALL_LINEAR = 'all-linear';

/**
 * Which modules a config adapts, by PEFT's rules (`check_target_module_exists` of peft.tuners.tuners_utils 0.21): what is
 * excluded or saved whole is not adapted; a pattern matches whole paths; a name in a list matches a path, or what follows a
 * dot in it, on the layers of `layers_to_transform`, which says nothing of paths that the list has whole.
 *
 * @returns whether the module of a path (`model.layers.0.self_attn.q_proj`, `lm_head`) is adapted
 * @throws FileFormatError for a pattern that Python refuses
 */
export function targetsOf(config: PeftConfig): (module: string) => boolean {
  const { path, targets, layers, layersPattern } = config;
  const excluded = named(config.excluded, { path, key: 'exclude_modules' });
  const savedPatterns = config.saved.map((name) =>
    pythonPattern(name, '^(?:(^|.*\\.)@($|\\..*))', { path, key: 'modules_to_save' }),
  );
  const isWanted =
    targets === ALL_LINEAR
      ? (module: string) => !/(^|\.)(lm_head|embed_tokens)$/.test(module)
      : named(targets, { path, key: 'target_modules' });
  const before = layersPattern.length > 0 ? layersPattern : undefined;
  const numbers = (before ?? ['[^.]*']).map((pattern) =>
    pythonPattern(
      pattern,
      before ? '^(?:(?:^|.*?\\.)@\\.(?<idx>\\d+)\\.)' : '^(?:.*?\\.@\\.(?<idx>\\d+)\\.)',
      {
        path,
        key: 'layers_pattern',
      },
    ),
  );
  const onLayers = (module: string): boolean => {
    if (layers === undefined || targets.includes(module)) return true;
    const match = numbers.map((pattern) => pattern.exec(module)).find((one) => one !== null);
    const layer = match?.groups?.idx;
    return layer !== undefined && layers.includes(Number(layer));
  };
  return (module) =>
    !excluded(module) &&
    !savedPatterns.some((pattern) => pattern.test(module)) &&
    isWanted(module) &&
    onLayers(module);
}

/**
 * The value of the first pattern that fits the end of a module's path, from a dot on, as `get_pattern_key` of PEFT has it.
 *
 * @param key of the file, for errors
 */
export function valueOf(
  patterns: ByPattern,
  otherwise: number,
  { path }: PeftConfig,
  key: string,
): (module: string) => number {
  const compiled = patterns.map(([pattern, value]) => ({
    pattern: pythonPattern(pattern, '^(?:(.*\\.)?(@)$)', { path, key }),
    value,
  }));
  return (module) => compiled.find(({ pattern }) => pattern.test(module))?.value ?? otherwise;
}

function named(names: string[] | string, place: { path: string; key: string }): (module: string) => boolean {
  if (typeof names === 'string') {
    const pattern = pythonPattern(names, '^(?:@)$', place);
    return (module) => pattern.test(module);
  }
  return (module) => names.some((name) => module === name || module.endsWith(`.${name}`));
}
