import { readHubNames } from '@selfjudge/training/runs/internal';
import { located, type MeantNames, type PlaceOptions } from '../hub/located.js';
import type { PlaceHooks } from '../hub/places.js';

/** Where what a run's configuration names lies on this machine. A name on the hub means what it meant when the run began. */
export class RunPlaces {
  /** What names on the hub mean to this run, of those that were asked for. */
  readonly names: MeantNames = {};
  private readonly before: MeantNames;
  private found: PlaceOptions | undefined;

  /**
   * @param folder of the run
   * @throws FileFormatError when what it remembers of names is damaged
   */
  constructor(
    folder: string,
    private readonly hooks: PlaceHooks,
  ) {
    this.before = readHubNames(folder) ?? {};
  }

  /** Files of rows. A data set with files for several splits is trained on its `train`, and measured by its `test`. */
  async data(
    datasetName: string[],
    wanted: 'train' | 'test' = 'train',
  ): Promise<Required<Pick<PlaceOptions, 'datasetName'>>> {
    return { datasetName: (await this.located({ datasetName }, wanted)).datasetName };
  }

  /** The model, and who judges; an outside judge too. The first answer is that of all further calls. */
  async models(
    asked: Pick<PlaceOptions, 'modelNameOrPath' | 'judge' | 'outsideJudge'>,
  ): Promise<PlaceOptions> {
    this.found ??= await this.located(asked);
    return this.found;
  }

  private async located<T extends PlaceOptions>(options: T, wanted: 'train' | 'test' = 'train'): Promise<T> {
    const { options: found, names } = await located(options, this.hooks, {
      wanted,
      before: this.before,
    });
    Object.assign(this.names, names);
    return found;
  }
}
