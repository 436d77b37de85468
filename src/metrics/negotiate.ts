/** The two text formats that a scraper may ask for. */
export type Format = 'prometheus' | 'openmetrics';

/** What a header that long asks for is nobody's business. */
const MAX_ACCEPT_LENGTH = 1024;

/** OpenMetrics where the client likes it at least as well as plain text (RFC 9110 §12.5.1); plain text otherwise. */
export function formatFor(accept: string | undefined): Format {
  if (accept === undefined || accept.length > MAX_ACCEPT_LENGTH) return 'prometheus';
  let openMetrics = 0;
  let text = 0;
  for (const range of accept.split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    const quality = qualityOf(parameters);
    if (type === 'application/openmetrics-text' && versionFits(parameters)) {
      openMetrics = Math.max(openMetrics, quality);
    } else if (type === 'text/plain' || type === 'text/*') {
      text = Math.max(text, quality);
    }
  }
  return openMetrics > 0 && openMetrics >= text ? 'openmetrics' : 'prometheus';
}

function qualityOf(parameters: readonly string[]): number {
  const given = parameters.find((parameter) => parameter.startsWith('q='));
  if (given === undefined) return 1;
  const quality = Number(given.slice(2));
  return quality >= 0 && quality <= 1 ? quality : 0;
}

/** 0.0.1 is the draft that 1.0.0 was made from; a client that names no version takes the one there is. */
function versionFits(parameters: readonly string[]): boolean {
  const given = parameters.find((parameter) => parameter.startsWith('version='));
  return given === undefined || /^version="?(1\.0\.0|0\.0\.1)"?$/.test(given);
}
