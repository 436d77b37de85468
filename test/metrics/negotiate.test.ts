import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatFor } from '../../src/metrics/negotiate.ts';

const PROMETHEUS_2 =
  'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1';
const PROMETHEUS_3_TEXT_FIRST =
  'text/plain;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=1.0.0;q=0.5,*/*;q=0.2';
const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';

describe('the format of the exposition', () => {
  const cases: readonly (readonly [what: string, accept: string | undefined, format: string])[] = [
    ['nothing asked', undefined, 'prometheus'],
    ['anything', '*/*', 'prometheus'],
    ['a browser', BROWSER, 'prometheus'],
    ['Prometheus 2', PROMETHEUS_2, 'openmetrics'],
    ['a scraper that likes text better', PROMETHEUS_3_TEXT_FIRST, 'prometheus'],
    ['OpenMetrics without a version', 'application/openmetrics-text', 'openmetrics'],
    ['another case and quotes', 'Application/OpenMetrics-Text; Version="1.0.0"', 'openmetrics'],
    ['a version that there is not', 'application/openmetrics-text;version=2.0.0', 'prometheus'],
    ['OpenMetrics as well as text', 'text/plain,application/openmetrics-text', 'openmetrics'],
    ['OpenMetrics refused', 'application/openmetrics-text;q=0', 'prometheus'],
    ['a quality that is none', 'application/openmetrics-text;q=much', 'prometheus'],
    ['a header without end', `application/openmetrics-text,${'x,'.repeat(1000)}`, 'prometheus'],
  ];
  for (const [what, accept, format] of cases) {
    it(`is ${format} for ${what}`, () => assert.equal(formatFor(accept), format));
  }
});
