import { request } from 'node:http';
import type { Namespace } from './namespaces.ts';

const ANSWER_LIMIT_MS = 20_000;
const BODY_LIMIT_BYTES = 64 * 1024 * 1024;

export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
}

/** One request on a connection of its own, which is closed after it. A body makes it a POST. */
export function http(url: string, body?: string): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const sent = request(url, {
      method: body === undefined ? 'GET' : 'POST',
      headers:
        body === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
      agent: false,
      timeout: ANSWER_LIMIT_MS,
    });
    sent.once('timeout', () => sent.destroy(new Error(`no answer in ${ANSWER_LIMIT_MS} ms`)));
    const fail = (error: Error): void => reject(new Error(`${url}: ${error.message}`, { cause: error }));
    sent.once('error', fail);
    sent.once('response', (answer) => {
      const chunks: Buffer[] = [];
      let size = 0;
      answer.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > BODY_LIMIT_BYTES) answer.destroy(new Error(`more than ${BODY_LIMIT_BYTES} bytes`));
        else chunks.push(chunk);
      });
      answer.once('error', fail);
      answer.once('end', () =>
        resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') }),
      );
    });
    sent.end(body);
  });
}

/** Prints the status, and the body behind it. */
const GET = `
require('node:http').get(process.argv[1], { agent: false }, (answer) => {
  process.stdout.write(answer.statusCode + '\\n');
  answer.pipe(process.stdout);
}).on('error', (error) => { console.error(error.message); process.exitCode = 1; });`;

/** The same where only a program inside of the namespace can ask. */
export async function httpWithin(namespace: Namespace, url: string): Promise<HttpAnswer> {
  const answer = await namespace.run(process.execPath, '-e', GET, url);
  const end = answer.indexOf('\n');
  return { status: Number(answer.slice(0, end)), body: answer.slice(end + 1) };
}
