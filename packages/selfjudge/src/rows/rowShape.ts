import { existsSync } from 'node:fs';
import { ConfigError } from '@selfjudge/base';
import { nearest } from '@selfjudge/base/internal';
import { SHAPE_NAMES, type RowShape, type ShapeName } from '@selfjudge/data';
import { loadMapping } from '@selfjudge/data/internal';

/**
 * What rows are, as `dataset_shape` says it: `auto`, a known shape, or a file that maps columns.
 * @throws ConfigError for what is none of these, or a key of the file; FileFormatError when the file is no YAML
 */
export function rowShape(nameOrPath = 'auto'): RowShape {
  if (nameOrPath === 'auto' || SHAPE_NAMES.includes(nameOrPath as ShapeName)) return nameOrPath as RowShape;
  if (existsSync(nameOrPath)) return loadMapping(nameOrPath);
  throw new ConfigError({
    key: 'dataset_shape',
    expected: `auto, one of ${SHAPE_NAMES.join(', ')}, or a file that maps columns`,
    received: nameOrPath,
    nearest: nearest(nameOrPath, ['auto', ...SHAPE_NAMES]),
  });
}
