import { Agent, request } from 'node:http';

/** The HTTP API over connections that are kept open, one for each request under way. */
export class ApiClient {
  readonly #agent = new Agent({ keepAlive: true });
  readonly #port: number;

  constructor(port: number) {
    this.#port = port;
  }

  async post(path: string, body: unknown): Promise<unknown> {
    return JSON.parse(await this.#ask('POST', path, JSON.stringify(body)));
  }

  async get(path: string): Promise<unknown> {
    return JSON.parse(await this.#ask('GET', path));
  }

  /** As `post`, with a body that is JSON text already and an answer that nobody reads. */
  async postText(path: string, text: string): Promise<void> {
    await this.#ask('POST', path, text);
  }

  close(): void {
    this.#agent.destroy();
  }

  #ask(method: string, path: string, text?: string): Promise<string> {
    const headers =
      text === undefined
        ? {}
        : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
    return new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port: this.#port, agent: this.#agent, method, path, headers };
      const asked = request(options, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const answer = Buffer.concat(chunks).toString();
          if (response.statusCode === 200) resolve(answer);
          else reject(new Error(`${method} ${path}: ${response.statusCode} ${answer.slice(0, 500)}`));
        });
      });
      asked.on('error', reject);
      asked.end(text);
    });
  }
}
