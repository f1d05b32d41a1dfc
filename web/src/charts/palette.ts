/* Eight colours that differ in hue and in lightness, so that they stay apart in greyscale and for most eyes. */

const LIGHT = ["#4f56c9", "#2aa198", "#e0a43a", "#b8456b", "#86a83c", "#8d5fc2", "#4f93c9", "#a5612f"];
const DARK = ["#7f86ee", "#3fb8ae", "#e6b55c", "#d56a8e", "#9cc054", "#ab83de", "#6fb1e6", "#c98352"];

export const OTHER_COLOR = { light: "#b4b7bf", dark: "#5a5e69" } as const;
export const MOST_SERIES = 8;

export function colorsOf(scheme: "light" | "dark"): readonly string[] {
  return scheme === "dark" ? DARK : LIGHT;
}
