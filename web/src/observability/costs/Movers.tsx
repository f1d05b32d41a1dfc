import { Skeleton } from "@mantine/core";
import { formatMoney, placesFor } from "../../format/money";
import { useLanguage } from "../../i18n/language";
import { Card } from "../../ui/Page";
import { Change } from "../../ui/Values";
import { type GroupCost, moversOf } from "./movers";

const SHOWN = 8;

interface MoversProps {
  now: readonly GroupCost[] | undefined;
  before: readonly GroupCost[] | undefined;
  currency: string;
  nameOf: (group: string) => string;
}

export function Movers({ now, before, currency, nameOf }: MoversProps) {
  const { t, language } = useLanguage();
  const movers = now && before ? moversOf(now, before, SHOWN) : undefined;
  const most = Math.max(...(movers ?? []).map(({ difference }) => Math.abs(Number(difference))), Number.MIN_VALUE);
  const places = Math.max(2, placesFor(most));
  return (
    <Card bare title={t("movers.title")} hint={t("compare.versus")}>
      {!movers ? (
        <div style={{ padding: "0 16px 16px" }}>
          <Skeleton height={160} />
        </div>
      ) : movers.length === 0 ? (
        <div className="state" style={{ padding: 24 }}>{t("movers.none")}</div>
      ) : (
        <table className="table">
          <tbody>
            {movers.map((mover) => {
              const difference = Number(mover.difference);
              return (
                <tr key={mover.name}>
                  <td className="cell-cut" title={nameOf(mover.name)}>{nameOf(mover.name)}</td>
                  <td style={{ width: "34%" }} aria-hidden>
                    <Diverging share={difference / most} />
                  </td>
                  <td className="num" title={`${mover.before} → ${mover.now} ${currency}`}>
                    <span className={difference > 0 ? "attention" : "good"}>
                      {difference > 0 ? "+" : ""}
                      {formatMoney(mover.difference, currency, language, places)}
                    </span>
                  </td>
                  <td className="num" style={{ width: 72 }}>
                    <Change now={Number(mover.now)} before={Number(mover.before)} rising="bad" />
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      )}
    </Card>
  );
}

/** A bar to the right for more, to the left for less, so that the direction is not told by colour alone. */
function Diverging({ share }: { share: number }) {
  const width = `${Math.abs(share) * 50}%`;
  return (
    <span style={{ position: "relative", display: "block", height: 8, borderLeft: 0 }}>
      <span style={{ position: "absolute", left: "50%", top: -4, bottom: -4, width: 1, background: "var(--mno-line-strong)" }} />
      <span
        style={{
          position: "absolute", top: 0, bottom: 0, width, borderRadius: 2,
          left: share > 0 ? "50%" : undefined, right: share > 0 ? undefined : "50%",
          background: share > 0 ? "var(--mno-attention)" : "var(--mno-good)", opacity: 0.75,
        }}
      />
    </span>
  );
}
