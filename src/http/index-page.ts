const STYLE = `
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 3rem auto; padding: 0 1rem; }
dt { font-family: ui-monospace, monospace; }
dd { margin: 0 0 1rem; }
`;

/** What `/` answers: self-contained, the same for everyone. `version` is ours and is not escaped. */
export function indexPage(version: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Rollcall</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>Rollcall ${version}</h1>
<p>A SIP proxy in front of a registrar that tells how the phones' registrations fare.</p>
<dl>
<dt><a href="/metrics">/metrics</a></dt><dd>what it has seen, for Prometheus</dd>
<dt><a href="/healthz">/healthz</a></dt><dd>200 while the process is alive</dd>
<dt><a href="/readyz">/readyz</a></dt><dd>200 while it takes traffic; otherwise 503 and the reason</dd>
</dl>
</main>
</body>
</html>
`;
}
