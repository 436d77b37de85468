import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MetricKey } from '../../src/metrics/catalog.ts';
import { METRICS } from '../../src/metrics/catalog.ts';
import type { Metric } from '../../src/metrics/metric.ts';
import { GROUPS } from '../../src/metrics/metric.ts';

const all: readonly Metric[] = (Object.keys(METRICS) as MetricKey[]).map((key) => METRICS[key]);

describe('the catalogue', () => {
  it('holds the names that are promised to others', () => {
    const promised = `
      rollcall_build_info rollcall_datagrams_total rollcall_local_responses_total rollcall_requests_total
      rollcall_responses_total rollcall_forwarding_duration_seconds rollcall_socket_drops_total
      rollcall_socket_receive_queue_bytes rollcall_tap_dropped_total rollcall_register_attempts_total
      rollcall_register_retransmissions_total rollcall_register_results_total
      rollcall_challenges_abandoned_total rollcall_register_response_seconds
      rollcall_register_handshake_seconds rollcall_register_in_flight rollcall_bindings rollcall_aors
      rollcall_aors_by_contacts rollcall_binding_changes_total rollcall_granted_expires_seconds
      rollcall_refresh_ratio rollcall_aor_auth_failures_total rollcall_aor_challenges_total
      rollcall_aor_binding_changes_total rollcall_series_budget rollcall_series_used
      rollcall_series_evictions_total rollcall_aor_registered rollcall_sources_suspicious
      rollcall_suspicious_events_total rollcall_compromise_suspected_total rollcall_storm_active
      rollcall_storm_recovered_ratio
      rollcall_registrar_up rollcall_registrar_active rollcall_warming_up rollcall_monitor_evictions_total
      rollcall_implicit_stale_outcomes_total rollcall_oversized_requests_total
      rollcall_events_suppressed_total rollcall_monitor_delay_seconds rollcall_secret_info rollcall_config_last_reload_successful
      rollcall_config_last_reload_success_timestamp_seconds`;
    assert.deepEqual(all.map(({ name }) => name).sort(), promised.trim().split(/\s+/).sort());
  });

  it('names nothing twice, and as Prometheus wants names', () => {
    assert.equal(new Set(all.map(({ name }) => name)).size, all.length);
    for (const { name, type, labels } of all) {
      assert.match(name, /^rollcall_[a-z_]+$/);
      assert.equal(name.endsWith('_total'), type === 'counter', name);
      for (const label of labels) assert.match(label.name, /^[a-z]+$/, name);
      assert.equal(new Set(labels.map((label) => label.name)).size, labels.length, name);
    }
  });

  it('says what each is in one line, in a group of the page', () => {
    for (const { name, help, group } of all) {
      assert.match(help, /^[A-Z0-9][^\n|]{10,}[^.\n]$/, name);
      assert.ok(GROUPS.includes(group), name);
    }
  });

  it('gives every histogram rising buckets, and nothing else any', () => {
    for (const { name, type, buckets } of all) {
      assert.equal(buckets !== undefined, type === 'histogram', name);
      for (let i = 1; i < (buckets?.length ?? 0); i++) assert.ok(buckets![i]! > buckets![i - 1]!, name);
    }
  });

  it('lists no label value twice and none that would need escaping', () => {
    for (const { name, labels } of all) {
      for (const label of labels) {
        if (!('values' in label)) continue;
        assert.equal(new Set(label.values).size, label.values.length, `${name} ${label.name}`);
        for (const value of label.values) assert.match(value, /^[\w+]+$/, `${name} ${label.name}`);
      }
    }
  });
});
