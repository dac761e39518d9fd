import type { Command } from 'commander';
import { pull, push } from '../api/hub.js';
import { withDownloads } from './downloads.js';
import { interruptible } from './exit.js';
import { filePath } from './output.js';

interface PullFlags {
  revision?: string;
  json?: boolean;
}

export function addPullVerb(program: Command): void {
  program
    .command('pull <name>')
    .summary('download a model or data of the hub')
    .description(
      'Downloads a model or adapter of the hub (OWNER/NAME), one of its GGUF files (OWNER/NAME/FILE.gguf), or files of ' +
        'rows (hf://datasets/OWNER/NAME[/FILE]), and prints where they lie. Only what is read is downloaded, into the ' +
        'cache of huggingface_hub (HF_HUB_CACHE, HF_HOME). Ctrl-C keeps what has come; the same command goes on from ' +
        'there. HF_TOKEN opens what is not for everybody.',
    )
    .option('--revision <name>', 'branch, tag or commit (default: main); as OWNER/NAME@REVISION')
    .option('--json', 'print path, paths, commit, files and bytes as JSON')
    .action(async (name: string, { revision, json }: PullFlags) => {
      const result = await interruptible((signal) =>
        withDownloads(signal, (hooks) =>
          pull(name, { ...hooks, ...(revision !== undefined && { revision }) }),
        ),
      );
      process.stdout.write(
        json ? `${JSON.stringify(result)}\n` : result.paths.map((path) => `${path}\n`).join(''),
      );
    });
}

interface PushFlags extends PullFlags {
  public?: boolean;
  message?: string;
}

export function addPushVerb(program: Command): void {
  program
    .command('push <folder> <name>')
    .summary('upload a model, an adapter or the result of a run to the hub')
    .description(
      'Uploads a model, an adapter, or the result of a run (its final/) to the repository OWNER/NAME of the hub as one ' +
        'commit, and prints its page. The repository is made where there is none: private, but with --public. Takes what ' +
        'pull would download, and README and LICENSE. Needs a token that may write (HF_TOKEN).',
    )
    .option('--public', 'a repository that is made is for everybody to see')
    .option('--revision <branch>', 'branch, made where there is none (default: main)')
    .option('-m, --message <text>', 'what the commit is called')
    .option('--json', 'print url, commit and files as JSON')
    .action(async (given: string, name: string, { json, ...flags }: PushFlags) => {
      const folder = filePath('folder', given);
      const result = await interruptible((signal) =>
        withDownloads(signal, (hooks) => push(folder, name, { ...hooks, ...flags }), 'upload'),
      );
      process.stdout.write(`${json ? JSON.stringify(result) : result.url}\n`);
    });
}
