import { mkdirSync, writeFileSync } from 'node:fs';
import { stringify } from 'yaml';
import { http } from './http.ts';
import type { Lab } from './lab.ts';
import { readyPart } from './parts.ts';
import type { Program } from './program.ts';
import { waitUntil } from './wait-until.ts';

const START_LIMIT_MS = 60_000;
const PORT = 9090;

export interface PrometheusOptions {
  readonly ip: string;
  /** Job name → the addresses (IP:PORT) that it scrapes. Its own job "prometheus" is added. */
  readonly targets: Readonly<Record<string, readonly string[]>>;
  /** Paths of rule files. */
  readonly rules?: readonly string[];
  /** Default 1. */
  readonly scrapeIntervalSec?: number;
}

/** One series of an instant query's answer. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Prometheus {
  readonly url: string;
  readonly program: Program;
  /** An instant query, now. @throws with Prometheus' own words where the expression is wrong */
  query(promql: string): Promise<Sample[]>;
  /** Asks until the answer has a sample that passes. Default: any sample, within 15 s. */
  querySoon(promql: string, passes?: (samples: Sample[]) => boolean, withinMs?: number): Promise<Sample[]>;
  stop(): Promise<void>;
}

interface QueryAnswer {
  readonly status: string;
  readonly error?: string;
  readonly data?: {
    readonly resultType: string;
    readonly result: readonly { readonly metric: Record<string, string>; readonly value: [number, string] }[];
  };
}

async function query(url: string, promql: string): Promise<Sample[]> {
  const { body } = await http(`${url}/api/v1/query?query=${encodeURIComponent(promql)}`);
  const { status, error, data } = JSON.parse(body) as QueryAnswer;
  if (status !== 'success' || !data) throw new Error(`${promql}: ${error ?? status}`);
  if (data.resultType !== 'vector') throw new Error(`${promql} gives a ${data.resultType}, not a vector`);
  return data.result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
}

function configuration({ ip, targets, rules = [], scrapeIntervalSec = 1 }: PrometheusOptions): string {
  const interval = `${scrapeIntervalSec}s`;
  const jobs = { prometheus: [`${ip}:${PORT}`], ...targets };
  return stringify({
    global: { scrape_interval: interval, scrape_timeout: interval, evaluation_interval: interval },
    rule_files: rules,
    scrape_configs: Object.entries(jobs).map(([name, addresses]) => ({
      job_name: name,
      static_configs: [{ targets: addresses }],
    })),
  });
}

export async function startPrometheus(lab: Lab, options: PrometheusOptions): Promise<Prometheus> {
  const part = readyPart('prometheus');
  const dataDir = lab.path('prometheus');
  mkdirSync(dataDir);
  const configFile = lab.path('prometheus.yml');
  writeFileSync(configFile, configuration(options));
  const url = `http://${options.ip}:${PORT}`;
  const program = lab.start({
    name: `prometheus at ${url}`,
    cwd: dataDir,
    env: part.env,
    command: [
      'prometheus',
      `--config.file=${configFile}`,
      `--storage.tsdb.path=${dataDir}`,
      `--web.listen-address=${options.ip}:${PORT}`,
      '--log.level=warn',
    ],
  });
  await waitUntil(
    `Prometheus to be ready at ${url}`,
    async () => ((await http(`${url}/-/ready`)).status === 200 ? true : undefined),
    { withinMs: START_LIMIT_MS, program },
  );
  return {
    url,
    program,
    query: (promql) => query(url, promql),
    querySoon: (promql, passes = (samples) => samples.length > 0, withinMs = 15_000) =>
      waitUntil(
        `a fitting answer to ${promql}`,
        async () => {
          const samples = await query(url, promql);
          if (passes(samples)) return samples;
          throw new Error(`last answer: ${JSON.stringify(samples).slice(0, 500)}`);
        },
        { withinMs, everyMs: 200, program },
      ),
    stop: program.stop,
  };
}
