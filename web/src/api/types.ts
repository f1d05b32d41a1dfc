/* The shapes that the server answers with, named for the pages. */

export interface Session {
  user: { id: string; name: string; email: string };
  team: { id: string; name: string };
  project: { id: string; name: string };
  permissions: string[];
}

export interface ApiKey {
  id: string;
  name: string;
  prefix: string;
  scopes: string[];
  created_at: string;
  last_used_at: string | null;
  revoked_at: string | null;
}

export interface CreatedKey extends ApiKey {
  key: string;
}

export interface UsageRow {
  bucket?: string;
  provider?: string;
  model?: string;
  project?: string;
  user?: string;
  session?: string;
  agent?: string;
  api_key?: string;
  environment?: string;
  calls: number;
  errors: number;
  unpriced_calls: number;
  input_tokens: number;
  output_tokens: number;
  cache_read_tokens: number;
  cache_write_tokens: number;
  reasoning_tokens: number;
  cost: string;
  cost_input: string;
  cost_cache_read: string;
  cost_cache_write: string;
  cost_output: string;
  latency_ms_p50: number | null;
  latency_ms_p95: number | null;
}

export interface UsageSummary {
  currency: string;
  rate: string | null;
  rate_date: string | null;
  from: string;
  to: string;
  interval: Interval;
  unpriced_calls: number;
  truncated: boolean;
  rows: UsageRow[];
}

export type Interval = "none" | "minute" | "hour" | "day";

export interface UnpricedItem {
  provider: string;
  model: string;
  reason: string;
  calls: number;
  input_tokens: number;
  output_tokens: number;
  first_seen: string;
  last_seen: string;
}

export interface Dimensions {
  models: string[];
  providers: string[];
  users: string[];
  agents: string[];
  environments: string[];
  api_keys: { id: string; name: string }[];
  tags: string[];
}

export interface TraceItem {
  trace_id: string;
  name: string;
  start_time: string;
  duration_ms: number;
  spans: number;
  errors: number;
  calls: number;
  unpriced_calls: number;
  input_tokens: number;
  output_tokens: number;
  cost: string;
  models: string[];
  user: string;
  session: string;
  agent: string;
  environment: string;
  service: string;
}

export interface TracePage {
  items: TraceItem[];
  next_cursor: string | null;
}

/** One line of the waterfall. Empty strings and zeros may be absent. */
export interface WaterfallSpan {
  span_id: string;
  parent_span_id?: string | null;
  depth: number;
  name: string;
  kind?: string;
  operation?: string;
  status?: string;
  start_offset_ns: number;
  duration_ns: number;
  provider?: string;
  model?: string;
  agent?: string;
  tool?: string;
  service?: string;
  usage_kind?: string;
  counted?: boolean;
  input_tokens?: number;
  output_tokens?: number;
  cost?: string | null;
  has_messages?: boolean;
}

export interface TraceDetail {
  trace_id: string;
  name: string;
  start_time: string;
  duration_ms: number;
  totals: {
    spans: number;
    errors: number;
    calls: number;
    unpriced_calls: number;
    input_tokens: number;
    output_tokens: number;
    cache_read_tokens: number;
    cache_write_tokens: number;
    reasoning_tokens: number;
    cost: string;
  };
  truncated: boolean;
  spans: WaterfallSpan[];
}

export interface MessagePart {
  type?: string;
  [field: string]: unknown;
}

export interface Message {
  role?: string;
  parts?: MessagePart[];
  [field: string]: unknown;
}

/** Everything about one span; columns that the page does not name are reached through the index. */
export interface SpanDetail {
  span_id: string;
  parent_span_id?: string | null;
  name: string;
  start_time: string;
  duration_ns?: number;
  kind?: string;
  status?: string;
  status_message?: string;
  service?: string;
  operation?: string;
  provider?: string;
  model?: string;
  request_model?: string;
  agent?: string;
  tool?: string;
  user?: string;
  session?: string;
  environment?: string;
  finish_reason?: string;
  service_tier?: string;
  usage_kind?: string;
  counted?: boolean;
  input_tokens?: number;
  cache_read_tokens?: number;
  cache_write_5m_tokens?: number;
  cache_write_1h_tokens?: number;
  input_audio_tokens?: number;
  output_tokens?: number;
  reasoning_tokens?: number;
  output_audio_tokens?: number;
  time_to_first_token_ns?: number;
  cost?: string | null;
  cost_parts?: { input: string; cache_read: string; cache_write: string; output: string };
  price_source?: string;
  price_version?: string;
  tags?: string[];
  input_messages?: Message[];
  output_messages?: Message[];
  attributes?: Record<string, unknown>;
  resource?: Record<string, unknown>;
  events?: unknown[];
  links?: unknown[];
}

export interface LiveSpan {
  trace_id: string;
  span_id: string;
  name: string;
  start_time: string;
  duration_ms: number;
  status: string;
  operation: string;
  provider: string;
  model: string;
  agent: string;
  user: string;
  session: string;
  input_tokens: number;
  output_tokens: number;
  cost: string | null;
  usage_kind: string;
  counted: boolean;
}

export interface LiveBatch {
  items: LiveSpan[];
  skipped: number;
  total: number;
}

export type PriceBucket =
  | "input"
  | "cache_read"
  | "cache_write_5m"
  | "cache_write_1h"
  | "output"
  | "input_audio"
  | "output_audio";

export interface CustomPrice {
  id: string;
  provider: string;
  model: string;
  valid_from: string;
  currency: string;
  prices: Partial<Record<PriceBucket, string | null>>;
  note: string;
  created_at: string;
  created_by: string;
}

export interface ListedPrice {
  provider: string;
  model: string;
  name: string;
  input: string | null;
  cache_read: string | null;
  cache_write: string | null;
  cache_write_1h: string | null;
  output: string | null;
  input_audio: string | null;
  output_audio: string | null;
  tiered: boolean;
  context_window: number | null;
}

export interface PriceData {
  source: string;
  version: string;
  date: string;
  age_days: number;
  imported: boolean;
}

export interface PriceList {
  data: PriceData;
  custom: CustomPrice[];
  items: ListedPrice[];
  total: number;
}

export interface RerateJob {
  id: string;
  state: "running" | "done" | "failed";
  total: number;
  done: number;
  changed: number;
  error?: string | null;
}

export interface CurrencySettings {
  display: string;
  rates: { currency: string; rate: string; date: string }[];
}

export interface SystemPoint {
  time: string;
  cpu_percent: number;
  memory_bytes: number;
  spans_per_second: number;
  queue_spans: number;
  answer_ms_p95: number | null;
}

export interface SystemStatus {
  version: string;
  started_at: string;
  uptime_s: number;
  cpu_percent: number;
  cores: number;
  memory_bytes: number;
  memory_total_bytes: number;
  postgres_memory_bytes: number;
  ingest: {
    accepted_spans: number;
    duplicate_spans: number;
    rejected_spans: number;
    refused_requests: number;
    spans_per_second: number;
    queue_spans: number;
    queue_limit: number;
    commit_ms_p50: number | null;
    commit_ms_p95: number | null;
    answer_ms_p50: number | null;
    answer_ms_p95: number | null;
  };
  stores: { postgres: { bytes: number }; clickhouse: { bytes: number; spans: number; parts: number; traces: number } };
  disk: { free_bytes: number; path: string };
  history: SystemPoint[];
}

export interface SampleState {
  id?: string;
  state: "idle" | "running" | "done" | "failed";
  total: number;
  sent: number;
  synthetic: string[];
  attribution: string;
  error?: string | null;
}
