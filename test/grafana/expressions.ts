import { parser } from '@prometheus-io/lezer-promql';

/** What a PromQL expression asks for. */
export interface Selector {
  readonly metric: string;
  readonly matchers: readonly Matcher[];
}

export interface Matcher {
  readonly label: string;
  readonly operator: string;
  readonly value: string;
}

export interface Parsed {
  /** Where the grammar does not fit: the text there, up to some characters. Empty for a good expression. */
  readonly errors: readonly string[];
  readonly selectors: readonly Selector[];
  /** Labels that are grouped by or matched on. */
  readonly groupings: readonly string[];
}

/** Grafana fills these in before Prometheus sees the expression. */
const PLACEHOLDERS = /\$__rate_interval|\$__interval|\$__range/g;

export function parsePromql(expression: string): Parsed {
  const text = expression.replace(PLACEHOLDERS, '5m');
  const errors: string[] = [];
  const selectors: { metric: string; matchers: Matcher[] }[] = [];
  const groupings: string[] = [];
  parser.parse(text).iterate({
    enter: (node) => {
      const own = text.slice(node.from, node.to);
      if (node.type.isError) errors.push(text.slice(Math.max(0, node.from - 10), node.to + 20));
      if (node.name === 'VectorSelector')
        selectors.push({ metric: own.split(/[{\s]/, 1)[0] ?? '', matchers: [] });
      if (node.name === 'UnquotedLabelMatcher') selectors.at(-1)?.matchers.push(matcherOf(own));
      if (node.name === 'GroupingLabels')
        groupings.push(
          ...own
            .replace(/[()\s]/g, '')
            .split(',')
            .filter(Boolean),
        );
    },
  });
  return { errors, selectors, groupings };
}

function matcherOf(text: string): Matcher {
  const [, label = '', operator = '', value = ''] = /^(\w+)\s*(=~|!~|!=|=)\s*"(.*)"$/s.exec(text) ?? [];
  return { label, operator, value: value.replaceAll('\\\\', '\\') };
}
