/* The frame of every page and of every block on it. */

import { type ReactNode, useEffect } from "react";

interface PageProps {
  title: string;
  text?: ReactNode;
  acts?: ReactNode;
  children: ReactNode;
}

export function Page({ title, text, acts, children }: PageProps) {
  useEffect(() => {
    document.title = `${title} · MachineNativeOps`;
  }, [title]);
  return (
    <div className="page">
      <header className="page-head">
        <div>
          <h1>{title}</h1>
          {text !== undefined && <p>{text}</p>}
        </div>
        {acts !== undefined && <div className="page-acts">{acts}</div>}
      </header>
      {children}
    </div>
  );
}

interface CardProps {
  title?: ReactNode;
  hint?: ReactNode;
  acts?: ReactNode;
  /** A table or a list reaches the edges; anything else keeps its distance. */
  bare?: boolean;
  children: ReactNode;
}

export function Card({ title, hint, acts, bare = false, children }: CardProps) {
  return (
    <section className="card">
      {title !== undefined && (
        <div className="card-head">
          <h2>{title}</h2>
          {hint !== undefined && <span className="hint cut">{hint}</span>}
          {acts !== undefined && <div className="card-acts">{acts}</div>}
        </div>
      )}
      <div className={bare ? "card-body bare" : "card-body"}>{children}</div>
    </section>
  );
}
