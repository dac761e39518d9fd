import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { readJsonObject } from '@selfjudge/base';
import { parseYaml } from '@selfjudge/data/internal';
import { readGguf } from '@selfjudge/engine/internal';

/** What is known of the model that a merged one was made of. */
export interface BaseFacts {
  /** OWNER/NAME of a hub where it is known, else the name of its folder or file. */
  name: string;
  /** Whether the name is one of a hub. */
  isHubs: boolean;
  /** As its card has it: an id, and a name and link where the id is 'other'. */
  license?: { id: string; name?: string; link?: string };
  /** The card's, as far as they are texts. */
  languages: string[];
}

const HUB_NAME = /^[\w.-]{1,96}\/[\w.-]{1,96}$/;
const LONGEST = 200;

/** @param path of a model's folder or GGUF file */
export function baseFacts(path: string): BaseFacts {
  const isFile = path.toLowerCase().endsWith('.gguf');
  const card = isFile ? {} : cardOf(path);
  const names = [isFile ? undefined : configOf(path)._name_or_path, card.model_name].filter(isText);
  const hubs = names.find((name) => HUB_NAME.test(name) && !existsSync(name));
  const named = isFile ? ggufName(path) : undefined;
  const license = isFile ? ggufLicense(path) : licenseOf(card);
  return {
    name: hubs ?? named ?? basename(isFile ? dirname(path) : path),
    isHubs: hubs !== undefined,
    ...(license !== undefined && { license }),
    languages: [card.language].flat().filter(isText),
  };
}

const isText = (value: unknown): value is string =>
  typeof value === 'string' && value.length > 0 && value.length <= LONGEST;

function configOf(folder: string): Record<string, unknown> {
  const path = join(folder, 'config.json');
  return existsSync(path) ? readJsonObject(path) : {};
}

/** The front matter of a model card; nothing where it cannot be read, as people write it by hand. */
function cardOf(folder: string): Record<string, unknown> {
  const path = join(folder, 'README.md');
  if (!existsSync(path)) return {};
  const [, yaml] = /^---\r?\n(.*?)\r?\n---/s.exec(readFileSync(path, 'utf8')) ?? [];
  if (yaml === undefined) return {};
  try {
    const value: unknown = parseYaml(yaml);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : {};
  } catch {
    return {};
  }
}

function licenseOf({ license, license_name, license_link }: Record<string, unknown>): BaseFacts['license'] {
  const [id] = [license].flat();
  if (!isText(id)) return undefined;
  return {
    id,
    ...(isText(license_name) && { name: license_name }),
    ...(isText(license_link) && { link: license_link }),
  };
}

function ggufName(path: string): string | undefined {
  const name = readGguf(path).metadata.get('general.name');
  return isText(name) ? name : undefined;
}

function ggufLicense(path: string): BaseFacts['license'] {
  const { metadata } = readGguf(path);
  const [id, name, link] = ['', '.name', '.link'].map((end) => metadata.get(`general.license${end}`));
  return licenseOf({ license: id, license_name: name, license_link: link });
}
