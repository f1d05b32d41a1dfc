// Fails when a language lacks a key, names one that English lacks, fills in other values, or when a page
// asks for a key that is not there or a key is asked for by no page.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const FOLDER = new URL("../src/i18n/words/", import.meta.url).pathname;
const SOURCE = new URL("../src/", import.meta.url).pathname;
const languages = Object.fromEntries(
  readdirSync(FOLDER).map((file) => [file.replace(".json", ""), JSON.parse(readFileSync(join(FOLDER, file), "utf8"))]),
);
const english = languages.en;
const problems = [];

const fillings = (text) => [...new Set(text.match(/\{\w+\}/g) ?? [])].sort().join();
const isSingular = (key) => key.endsWith("_one");

for (const expected of ["en", "zh-Hant", "zh-Hans"]) if (!languages[expected]) problems.push(`${expected}: no dictionary`);
for (const [language, words] of Object.entries(languages)) {
  const needsSingular = new Intl.PluralRules(language).resolvedOptions().pluralCategories.includes("one");
  for (const key of Object.keys(english)) {
    if (isSingular(key) && !needsSingular) continue;
    if (typeof words[key] !== "string" || words[key].trim() === "") problems.push(`${language}: "${key}" is missing`);
    else if (!isSingular(key) && fillings(words[key]) !== fillings(english[key]))
      problems.push(`${language}: "${key}" fills in ${fillings(words[key]) || "nothing"}, English ${fillings(english[key]) || "nothing"}`);
  }
  for (const key of Object.keys(words)) if (!(key in english)) problems.push(`${language}: "${key}" is not in English`);
}

const sources = readdirSync(SOURCE, { recursive: true })
  .filter((file) => /\.tsx?$/.test(file))
  .map((file) => readFileSync(join(SOURCE, file), "utf8"))
  .join("\n");
const asked = new Set([...sources.matchAll(/"([a-z]\w*(?:\.\w+)+)"/gi)].map((match) => match[1]));
const prefixes = [...sources.matchAll(/`([a-z]\w*\.[\w.]*)\$\{/gi)].map((match) => match[1]);
for (const key of Object.keys(english)) {
  const base = key.replace(/_one$/, "");
  if (!asked.has(base) && !prefixes.some((prefix) => base.startsWith(prefix))) problems.push(`"${key}" is asked for by no page`);
}

if (problems.length > 0) {
  console.error(problems.join("\n"));
  process.exit(1);
}
console.log(`words: ${Object.keys(english).length} keys in ${Object.keys(languages).join(", ")}`);
