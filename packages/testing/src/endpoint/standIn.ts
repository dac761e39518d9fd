import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What was asked, as the server read it. */
export interface AskedBody {
  model: string;
  messages: { role: string; content: string }[];
  logprobs?: boolean;
  top_logprobs?: number;
  response_format?: object;
  max_tokens: number;
  temperature: number;
}

/** What a server does with a question: JSON to answer, or what it does to the connection. */
export type Behaviour = (
  body: AskedBody,
  response: ServerResponse,
  call: number,
) => object | undefined | Promise<object | undefined>;

/** An OpenAI-compatible endpoint on loopback that does what a test says. */
export class StandInEndpoint {
  readonly asked: AskedBody[] = [];
  readonly headers: IncomingMessage['headers'][] = [];
  /** Questions that are being answered, at most. */
  most = 0;
  #open = 0;

  private constructor(
    private readonly server: Server,
    readonly url: string,
    public behaviour: Behaviour,
  ) {}

  static async start(behaviour: Behaviour): Promise<StandInEndpoint> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const endpoint = new StandInEndpoint(server, `http://127.0.0.1:${port}/v1`, behaviour);
    server.on('request', (request, response) => void endpoint.#answer(request, response));
    return endpoint;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.most = Math.max(this.most, ++this.#open);
    response.on('close', () => this.#open--);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = JSON.parse(Buffer.concat(chunks).toString()) as AskedBody;
    this.headers.push(request.headers);
    const call = this.asked.push(body);
    if (request.method !== 'POST' || request.url !== '/v1/chat/completions') {
      response.writeHead(404).end('no such route');
      return;
    }
    const json = await this.behaviour(body, response, call);
    if (json !== undefined) response.writeHead(200).end(JSON.stringify(json));
  }
}

/** An answer with the likeliest first tokens. */
export const withLogprobs = (likeliest: Record<string, number>): object => {
  const top = Object.entries(likeliest).map(([token, p]) => ({ token, logprob: Math.log(p) }));
  return {
    choices: [
      {
        message: { role: 'assistant', content: top[0].token },
        logprobs: { content: [{ ...top[0], top_logprobs: top }] },
      },
    ],
  };
};

/** An answer in text alone. */
export const withText = (content: string): object => ({
  choices: [{ message: { role: 'assistant', content }, logprobs: null }],
});

/** Which response of a question says `good`: A where both or none do. */
export const goodOne = ({ messages }: AskedBody): 'A' | 'B' => {
  const text = messages.at(-1)!.content;
  const [, b] = text.split('Response B:');
  return b.includes('good') && !text.split('Response B:')[0].includes('good') ? 'B' : 'A';
};
