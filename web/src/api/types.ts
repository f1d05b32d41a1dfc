/*
 * The shapes that the server answers with, under the names that the pages use. All but the last few are
 * generated from the server's own description: `npm run api` after `make reference`.
 */

import type { components } from "./schema";

type Schemas = components["schemas"];

export type Session = Schemas["SessionShape"];
export type ApiKey = Schemas["KeyShape"];
export type CreatedKey = Schemas["NewKeyShape"];
export type KeyScope = Schemas["KeyScope"];
export type Interval = Schemas["Interval"];
export type UsageRow = Schemas["UsageRow"];
export type UsageSummary = Omit<Schemas["UsageSummary"], "interval"> & { interval: Interval };
export type UnpricedItem = Schemas["UnpricedModel"];
export type Dimensions = Schemas["DimensionValues"];
export type TraceItem = Schemas["TraceRow"];
export type TracePage = Schemas["TracePage"];
export type TraceDetail = Schemas["TraceDetail"];
/** One line of the waterfall. Empty strings and zeros may be absent. */
export type WaterfallSpan = Schemas["WaterfallSpan"];
export type LiveSpan = Schemas["StreamedSpan"];
export type LiveBatch = Schemas["StreamedSpans"];
export type CustomPrice = Schemas["CustomPriceShape"];
export type PriceBucket = keyof Schemas["BucketPricesText"];
export type ListedPrice = Schemas["PriceItem"];
export type PriceData = Schemas["PriceDataShape"];
export type PriceList = Schemas["PriceListShape"];
export type Budget = Schemas["BudgetShape"];
export type BudgetWish = Schemas["BudgetWish"];
export type BudgetCounter = Schemas["BudgetStandingShape"];
export type BurnDown = Schemas["BurnDownShape"];
export type LedgerEntry = Schemas["LedgerEntryShape"];
export type LedgerPage = Schemas["LedgerEntryList"];
export type LedgerBalance = Schemas["BalanceShape"];
export type LedgerCharge = Schemas["ChargeShape"];
export type RerateJob = Schemas["RerateShape"];
export type Forecast = Schemas["ForecastShape"];
export type Anomaly = Schemas["AnomalyShape"];
export type AnomalyDetail = Schemas["AnomalyDetail"];
export type Saving = Schemas["SavingShape"];
export type SavingsFound = Schemas["SavingsShape"];
export type CurrencySettings = Schemas["CurrencyShape"];
export type SystemStatus = Schemas["SystemStatus"];
export type SystemPoint = Schemas["HistoryPoint"];
export type SampleState = Schemas["SampleShape"];

/** A message as the OTel GenAI conventions write it; the server keeps whatever else was in it. */
export interface MessagePart {
  type?: string;
  [field: string]: unknown;
}

export interface Message {
  role?: string;
  parts?: MessagePart[];
  [field: string]: unknown;
}

/** One span in full; the messages are JSON to the server and a conversation to the page. */
export type SpanDetail = Omit<Schemas["SpanDetail"], "input_messages" | "output_messages"> & {
  input_messages: Message[];
  output_messages: Message[];
};
