import type { DuckDBConnection } from '@duckdb/node-api';

/** No extension, no network, no files for what does not fit; one thread, so that rows come in their order. */
const CLOSED = {
  autoinstall_known_extensions: 'false',
  autoload_known_extensions: 'false',
  allow_community_extensions: 'false',
  allow_persistent_secrets: 'false',
  temp_directory: '',
  threads: '1',
};

export interface Duckdb {
  connection: DuckDBConnection;
  close(): void;
}

/**
 * A database in memory that reads the files named and no other, and writes none. No later statement can change that. The
 * engine is loaded here, at its first use.
 * @param options.memory bytes that it may take
 */
export async function openDuckdb({
  files,
  memory,
}: {
  files: readonly string[];
  memory: number;
}): Promise<Duckdb> {
  const { DuckDBInstance, listValue } = await import('@duckdb/node-api');
  const instance = await DuckDBInstance.create(':memory:', { ...CLOSED, memory_limit: `${memory}B` });
  const connection = await instance.connect();
  if (files.length > 0) await connection.run('SET allowed_paths = $1', [listValue([...files])]);
  await connection.run('SET enable_external_access = false');
  await connection.run('SET lock_configuration = true');
  return {
    connection,
    close() {
      connection.closeSync();
      instance.closeSync();
    },
  };
}
