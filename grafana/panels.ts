import type * as cog from '@grafana/grafana-foundation-sdk/cog';
import type { DataSourceRef } from '@grafana/grafana-foundation-sdk/common';
import {
  LegendDisplayMode,
  LegendPlacement,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import type { Panel, ValueMapping } from '@grafana/grafana-foundation-sdk/dashboard';
import {
  MappingType,
  ThresholdsConfigBuilder,
  ThresholdsMode,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TimeseriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';

/** What the person at the dashboard chose. */
// biome-ignore lint/suspicious/noTemplateCurlyInString: the placeholder is Grafana's
export const DATASOURCE: DataSourceRef = { type: 'prometheus', uid: '${datasource}' };

export interface Query {
  readonly expr: string;
  /** Grafana's pattern: `{{kind}}`. */
  readonly legend: string;
}

export interface PanelSpec {
  readonly title: string;
  /** What a good and a bad curve look like. */
  readonly description: string;
  readonly unit: string;
  readonly queries: readonly Query[];
  /** Of the 24 columns. */
  readonly span: number;
}

export interface StatSpec extends PanelSpec {
  /** Where the colour changes, ascending; the first holds from below. */
  readonly steps?: readonly (readonly [from: number | null, color: string])[];
  readonly words?: Readonly<Record<string, string>>;
}

const STAT_HEIGHT = 4;
const CURVE_HEIGHT = 8;

export function stat({ steps = [[null, 'text']], words, ...spec }: StatSpec): cog.Builder<Panel> {
  const builder = new StatBuilder()
    .title(spec.title)
    .description(spec.description)
    .unit(spec.unit)
    .datasource(DATASOURCE)
    .height(STAT_HEIGHT)
    .span(spec.span)
    .thresholds(
      new ThresholdsConfigBuilder()
        .mode(ThresholdsMode.Absolute)
        .steps(steps.map(([from, color]) => ({ value: from, color }))),
    )
    .targets(spec.queries.map((query, i) => target(query, i).instant()));
  return words === undefined ? builder : builder.mappings([mappingOf(words)]);
}

export interface CurveSpec extends PanelSpec {
  readonly stacked?: 'stacked';
}

export function curve({ stacked, ...spec }: CurveSpec): cog.Builder<Panel> {
  const builder = new TimeseriesBuilder()
    .title(spec.title)
    .description(spec.description)
    .unit(spec.unit)
    .datasource(DATASOURCE)
    .height(CURVE_HEIGHT)
    .span(spec.span)
    .min(0)
    .fillOpacity(stacked === undefined ? 0 : 30)
    .legend(
      new VizLegendOptionsBuilder()
        .showLegend(true)
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi))
    .targets(spec.queries.map((query, i) => target(query, i).range()));
  return stacked === undefined
    ? builder
    : builder.stacking(new StackingConfigBuilder().mode(StackingMode.Normal));
}

function target({ expr, legend }: Query, i: number): DataqueryBuilder {
  const refId = String.fromCharCode('A'.charCodeAt(0) + i);
  return new DataqueryBuilder().datasource(DATASOURCE).expr(expr).legendFormat(legend).refId(refId);
}

function mappingOf(words: Readonly<Record<string, string>>): ValueMapping {
  const options = Object.fromEntries(
    Object.entries(words).map(([number, text], index) => [number, { text, index }]),
  );
  return { type: MappingType.ValueToText, options };
}
