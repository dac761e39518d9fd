/** A request as it came, to the hub or to the place that large files are on. */
export interface Asked {
  at: 'hub' | 'cdn';
  method: string;
  path: string;
  authorization?: string;
  range?: string;
}

/** What is answered. */
export interface Answer {
  status?: number;
  headers?: Record<string, string>;
  body?: Uint8Array | string;
}

export const json = (value: unknown, headers: Record<string, string> = {}): Answer => ({
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(value),
});

export const failure = (
  status: number,
  code: string,
  message: string,
  headers: Record<string, string> = {},
): Answer => ({ status, headers: { 'x-error-code': code, 'x-error-message': message, ...headers } });
