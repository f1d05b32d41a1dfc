/*
 * The waterfall. Only the rows in sight are in the page, each a fixed height, so that fifty thousand
 * spans scroll as easily as fifty. One element holds the focus; the arrows walk and fold.
 */

import { ActionIcon, TextInput, Tooltip } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import {
  IconBox, IconChevronDown, IconChevronRight, IconChevronUp, IconFoldDown, IconFoldUp, IconRobot, IconSearch, IconSparkles, IconTool,
} from "@tabler/icons-react";
import { type KeyboardEvent, memo, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import type { TraceDetail, WaterfallSpan } from "../../api/types";
import { columnPlaces, formatMoney } from "../../format/money";
import { formatCompact, formatDuration } from "../../format/number";
import { useLanguage } from "../../i18n/language";
import { allFolded, hasChildren, matchesOf, rowOf, type SpanTone, ticksOf, toneOf, treeOf, unfoldedTo, visibleOf } from "./waterfall";

const ROW_PX = 28;
const INDENT_PX = 14;
const DEEPEST_INDENT = 14;
/** Rows kept beyond both edges, and the step in which the window moves. */
const BEYOND = 12;
const STEP = 6;
const ICONS = { call: IconSparkles, agent: IconRobot, tool: IconTool, other: IconBox } satisfies Record<SpanTone, unknown>;

interface WaterfallProps {
  trace: TraceDetail;
  selected: string;
  onSelect: (spanId: string) => void;
}

export function Waterfall({ trace, selected, onSelect }: WaterfallProps) {
  const { t, language } = useLanguage();
  const { spans } = trace;
  const tree = useMemo(() => treeOf(spans), [spans]);
  const durationNs = useMemo(
    () => spans.reduce((most, span) => Math.max(most, span.start_offset_ns + span.duration_ns), 1),
    [spans],
  );
  const places = useMemo(() => columnPlaces(spans.map((span) => span.cost ?? null)), [spans]);
  const [folded, setFolded] = useState<ReadonlySet<number>>(() => new Set());
  const visible = useMemo(() => visibleOf(tree, folded), [tree, folded]);
  const selectedIndex = useMemo(() => spans.findIndex((span) => span.span_id === selected), [spans, selected]);

  const [text, setText] = useState("");
  const matches = useMemo(() => matchesOf(spans, text), [spans, text]);
  const matched = useMemo(() => new Set(matches), [matches]);

  const scroll = useRef<HTMLDivElement>(null);
  const { ref: sizeRef, height } = useElementSize();
  const [first, setFirst] = useState(0);
  const rowsInSight = Math.ceil((height || 600) / ROW_PX) + 2 * BEYOND + STEP;

  const onScroll = useCallback(() => {
    const row = Math.floor((scroll.current?.scrollTop ?? 0) / ROW_PX);
    setFirst(Math.max(0, Math.floor((row - BEYOND) / STEP) * STEP));
  }, []);

  const show = useCallback((row: number) => {
    const element = scroll.current;
    if (!element) return;
    const top = row * ROW_PX;
    if (top < element.scrollTop) element.scrollTop = top - ROW_PX;
    else if (top + ROW_PX > element.scrollTop + element.clientHeight) element.scrollTop = top - element.clientHeight + 2 * ROW_PX;
  }, []);

  // What is chosen is in sight, also when it was chosen by the address or by the search.
  const shownFor = useRef("");
  useLayoutEffect(() => {
    if (selectedIndex < 0 || shownFor.current === selected || height === 0) return;
    shownFor.current = selected;
    show(rowOf(visible, selectedIndex));
  }, [selected, selectedIndex, visible, show, height]);

  const select = useCallback(
    (index: number) => {
      const span = spans[index];
      if (span) onSelect(span.span_id);
    },
    [spans, onSelect],
  );
  const fold = useCallback((index: number) => {
    setFolded((before) => {
      const next = new Set(before);
      if (!next.delete(index)) next.add(index);
      return next;
    });
  }, []);

  function walk(by: number): void {
    const row = selectedIndex < 0 ? (by > 0 ? -1 : visible.length) : rowOf(visible, selectedIndex);
    const next = visible[Math.min(visible.length - 1, Math.max(0, row + by))];
    if (next !== undefined) select(next);
  }
  function onKey(event: KeyboardEvent): void {
    const index = selectedIndex;
    const page = Math.max(1, Math.floor(height / ROW_PX) - 1);
    const keys: Record<string, () => void> = {
      ArrowDown: () => walk(1),
      ArrowUp: () => walk(-1),
      PageDown: () => walk(page),
      PageUp: () => walk(-page),
      Home: () => walk(-visible.length),
      End: () => walk(visible.length),
      ArrowRight: () => {
        if (index < 0 || !hasChildren(tree, index)) return;
        if (folded.has(index)) fold(index);
        else walk(1);
      },
      ArrowLeft: () => {
        if (index < 0) return;
        if (hasChildren(tree, index) && !folded.has(index)) fold(index);
        else select(tree.parent[index] ?? -1);
      },
    };
    const act = keys[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  }
  function findNext(direction: 1 | -1): void {
    if (matches.length === 0) return;
    const next =
      direction === 1 ? (matches.find((index) => index > selectedIndex) ?? matches[0]) : (matches.findLast((index) => index < selectedIndex) ?? matches.at(-1));
    if (next === undefined) return;
    setFolded((before) => unfoldedTo(tree, before, next));
    select(next);
  }

  useEffect(onScroll, [visible, height, onScroll]);
  const ticks = ticksOf(durationNs, 5);
  const shown = visible.subarray(first, first + rowsInSight);
  const position = matches.indexOf(selectedIndex) + 1;
  return (
    <section className="card waterfall" aria-label={t("trace.waterfall")}>
      <div className="waterfall-head">
        <TextInput
          data-page-search
          className="grow"
          style={{ maxWidth: 300 }}
          value={text}
          placeholder={t("trace.search")}
          aria-label={t("trace.search")}
          leftSection={<IconSearch size={14} />}
          onChange={(event) => setText(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === "Enter") findNext(event.shiftKey ? -1 : 1);
            if (event.key === "Escape") setText("");
          }}
        />
        {text.trim() !== "" && (
          <>
            <span className="dim" role="status" style={{ fontSize: 12, padding: "0 4px", whiteSpace: "nowrap" }}>
              {t("trace.matches", { at: position, count: matches.length })}
            </span>
            <ActionIcon aria-label={t("trace.previous")} disabled={matches.length === 0} onClick={() => findNext(-1)}>
              <IconChevronUp size={16} />
            </ActionIcon>
            <ActionIcon aria-label={t("trace.next")} disabled={matches.length === 0} onClick={() => findNext(1)}>
              <IconChevronDown size={16} />
            </ActionIcon>
          </>
        )}
        <span className="grow" />
        <Tooltip label={t("trace.unfold")}>
          <ActionIcon aria-label={t("trace.unfold")} onClick={() => setFolded(new Set())}>
            <IconFoldDown size={16} />
          </ActionIcon>
        </Tooltip>
        <Tooltip label={t("trace.fold")}>
          <ActionIcon aria-label={t("trace.fold")} onClick={() => setFolded(allFolded(spans, tree, 0))}>
            <IconFoldUp size={16} />
          </ActionIcon>
        </Tooltip>
      </div>
      <div className="waterfall-axis" aria-hidden>
        <span>{t("traces.name")}</span>
        <span className="span-num">{t("metric.tokens")}</span>
        <span className="span-num">{t("traces.cost")}</span>
        <div className="waterfall-ticks">
          {ticks.map((at) => (
            <span key={at} style={{ left: `${(at / durationNs) * 100}%` }}>
              {formatDuration(at / 1e6, language)}
            </span>
          ))}
        </div>
      </div>
      <div
        ref={(element) => {
          scroll.current = element;
          (sizeRef as (element: HTMLDivElement | null) => void)(element);
        }}
        className="waterfall-scroll"
        role="tree"
        tabIndex={0}
        aria-label={t("trace.waterfall")}
        aria-activedescendant={selectedIndex >= 0 ? `span-${selectedIndex}` : undefined}
        onScroll={onScroll}
        onKeyDown={onKey}
      >
        <div style={{ height: visible.length * ROW_PX, position: "relative" }} role="presentation">
          {Array.from(shown, (index, position) => {
            const span = spans[index];
            return (
              span && (
                <Row
                  key={index}
                  index={index}
                  top={(first + position) * ROW_PX}
                  span={span}
                  durationNs={durationNs}
                  language={language}
                  places={places}
                  isSelected={index === selectedIndex}
                  isMatch={matched.has(index)}
                  fold={hasChildren(tree, index) ? (folded.has(index) ? "closed" : "open") : "leaf"}
                  notCounted={t("trace.notCountedShort")}
                  unpriced={t("cost.unpriced")}
                  onFold={fold}
                  onSelect={select}
                />
              )
            );
          })}
        </div>
      </div>
    </section>
  );
}

interface RowProps {
  index: number;
  top: number;
  span: WaterfallSpan;
  durationNs: number;
  language: string;
  places: number;
  isSelected: boolean;
  isMatch: boolean;
  fold: "open" | "closed" | "leaf";
  notCounted: string;
  unpriced: string;
  onFold: (index: number) => void;
  onSelect: (index: number) => void;
}

const Row = memo(function Row(props: RowProps) {
  const { index, top, span, durationNs, language, places, isSelected, isMatch, fold, notCounted, unpriced, onFold, onSelect } = props;
  const tone = toneOf(span);
  const Icon = ICONS[tone];
  const left = (span.start_offset_ns / durationNs) * 100;
  const width = (span.duration_ns / durationNs) * 100;
  const tokens = (span.input_tokens ?? 0) + (span.output_tokens ?? 0);
  const hasUsage = span.usage_kind !== undefined && span.usage_kind !== "none";
  const isError = span.status === "error";
  return (
    <div
      id={`span-${index}`}
      className="span"
      style={{ top }}
      role="treeitem"
      aria-level={span.depth + 1}
      aria-selected={isSelected}
      aria-expanded={fold === "leaf" ? undefined : fold === "open"}
      data-match={isMatch ? "" : undefined}
      onClick={() => onSelect(index)}
    >
      <div className="span-name" style={{ paddingLeft: 10 + Math.min(span.depth, DEEPEST_INDENT) * INDENT_PX }}>
        {fold === "leaf" ? (
          <span className="span-fold" />
        ) : (
          <span
            className="span-fold"
            onClick={(event) => {
              event.stopPropagation();
              onFold(index);
            }}
          >
            {fold === "open" ? <IconChevronDown size={14} /> : <IconChevronRight size={14} />}
          </span>
        )}
        <Icon size={14} className={`span-icon ${isError ? "tone-error broken" : `tone-${tone}`}`} aria-hidden />
        <span className={isError ? "span-text broken" : "span-text"} title={span.name}>
          {span.name}
        </span>
        {span.model !== undefined && span.model !== "" && !span.name.includes(span.model) && <span className="span-model">{span.model}</span>}
      </div>
      <span className={span.counted === false && hasUsage ? "span-num faint" : "span-num"}>{tokens > 0 ? formatCompact(tokens, language) : ""}</span>
      <span className="span-num" title={hasUsage && span.counted === false ? notCounted : undefined}>
        {!hasUsage ? (
          ""
        ) : span.counted === false ? (
          <s className="faint">{span.cost === null || span.cost === undefined ? "–" : formatMoney(span.cost, "USD", language, places)}</s>
        ) : span.cost === null || span.cost === undefined ? (
          <span className="attention">{unpriced}</span>
        ) : (
          formatMoney(span.cost, "USD", language, places)
        )}
      </span>
      <div className="span-track">
        <span className={`span-bar ${isError ? "tone-error" : `tone-${tone}`}`} style={{ left: `${left}%`, width: `${width}%` }} />
        <span className="span-time" style={left + width > 75 ? { right: `${100 - left}%` } : { left: `${left + width}%` }}>
          {formatDuration(span.duration_ns / 1e6, language)}
        </span>
      </div>
    </div>
  );
});
