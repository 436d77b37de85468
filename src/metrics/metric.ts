/** What the catalogue is written in: the shape of a metric and of its labels. */

export type MetricType = 'counter' | 'gauge' | 'histogram';

/** A label whose values are a closed list: every one of them is there from the start, at 0. */
export interface ClosedLabel<Name extends string, Value extends string> {
  readonly name: Name;
  readonly values: readonly Value[];
}

/** A label whose values come from configuration or traffic: cut, escaped and made printable on the way out. */
export interface OpenLabel<Name extends string> {
  readonly name: Name;
  /** What bounds how many values there are. */
  readonly boundedBy: string;
}

export type Label = ClosedLabel<string, string> | OpenLabel<string>;

export interface Metric {
  readonly name: string;
  readonly type: MetricType;
  readonly group: Group;
  /** One sentence without a full stop: text formats and tables carry it in one line. */
  readonly help: string;
  readonly labels: readonly Label[];
  /** Upper bounds of a histogram, ascending, without +Inf. */
  readonly buckets?: readonly number[];
}

/** The chapters of the reference page, in its order. */
export const GROUPS = [
  'Forwarding',
  'Registrations',
  'Bindings',
  'Extensions',
  'Storms and abuse',
  'Registrars',
  'Rollcall itself',
] as const;
export type Group = (typeof GROUPS)[number];

export function closed<const Name extends string, const Value extends string>(
  name: Name,
  values: readonly Value[],
): ClosedLabel<Name, Value> {
  return { name, values };
}

export function open<const Name extends string>(name: Name, boundedBy: string): OpenLabel<Name> {
  return { name, boundedBy };
}
