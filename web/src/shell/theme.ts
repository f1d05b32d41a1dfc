/*
 * The look, in one place: one accent, neutral surfaces, colour only for meaning. Light and dark are two
 * designs over the same names; pages use the names (`--mno-…`) and never a colour of their own.
 */

import { createTheme, type CSSVariablesResolver, localStorageColorSchemeManager, type MantineColorsTuple } from "@mantine/core";

const iris: MantineColorsTuple = [
  "#eff0fd", "#dcdefa", "#b9bdf3", "#959beb", "#777ee3", "#6067d8", "#4f56c9", "#4249ae", "#363c90", "#292e6e",
];
const gray: MantineColorsTuple = [
  "#f7f7f8", "#f0f0f2", "#e6e6e9", "#d8d9dd", "#c3c5cb", "#9a9da6", "#5f636d", "#484b54", "#303239", "#1b1c20",
];
const dark: MantineColorsTuple = [
  "#e7e8ec", "#c2c5ce", "#9da1ad", "#747985", "#3a3d46", "#2a2c33", "#1d1f24", "#16171b", "#101114", "#0b0c0e",
];

export const theme = createTheme({
  colors: { iris, gray, dark },
  primaryColor: "iris",
  primaryShade: 6,
  autoContrast: true,
  black: "#1b1c20",
  fontFamily: "var(--mno-font)",
  fontFamilyMonospace: "var(--mno-mono)",
  headings: {
    fontFamily: "var(--mno-font)",
    fontWeight: "600",
    sizes: {
      h1: { fontSize: "20px", lineHeight: "28px" },
      h2: { fontSize: "14px", lineHeight: "20px" },
      h3: { fontSize: "13px", lineHeight: "20px" },
    },
  },
  fontSizes: { xs: "12px", sm: "13px", md: "14px", lg: "16px", xl: "20px" },
  lineHeights: { xs: "16px", sm: "20px", md: "20px", lg: "24px", xl: "28px" },
  spacing: { xs: "8px", sm: "12px", md: "16px", lg: "20px", xl: "32px" },
  radius: { xs: "3px", sm: "5px", md: "6px", lg: "8px", xl: "12px" },
  defaultRadius: "md",
  cursorType: "pointer",
  components: {
    Button: { defaultProps: { size: "xs" }, styles: { label: { fontWeight: 500 } } },
    ActionIcon: { defaultProps: { variant: "subtle", color: "gray", size: 28 } },
    TextInput: { defaultProps: { size: "xs" } },
    Textarea: { defaultProps: { size: "xs" } },
    Select: { defaultProps: { size: "xs", checkIconPosition: "right" } },
    SegmentedControl: { defaultProps: { size: "xs" } },
    Checkbox: { defaultProps: { size: "xs" } },
    Switch: { defaultProps: { size: "xs" } },
    Modal: { defaultProps: { centered: true, radius: "lg", overlayProps: { backgroundOpacity: 0.4 }, transitionProps: { duration: 120 } } },
    Menu: { defaultProps: { radius: "md", shadow: "md", transitionProps: { duration: 80 } } },
    Popover: { defaultProps: { radius: "md", shadow: "md", transitionProps: { duration: 80 } } },
    Tooltip: { defaultProps: { openDelay: 300, withArrow: false, fz: 12 } },
  },
});

export const themeVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    "--mantine-color-body": "#ffffff",
    "--mantine-color-dimmed": "#5f636d",
    "--mantine-color-placeholder": "#666a75",
    "--mantine-color-default-border": "#d3d4d9",
    "--mantine-color-anchor": "#4249ae",
    "--mno-canvas": "#f7f7f8",
    "--mno-surface": "#ffffff",
    "--mno-raised": "#f3f3f5",
    "--mno-line": "#e6e6e9",
    "--mno-line-strong": "#d3d4d9",
    "--mno-text": "#1b1c20",
    "--mno-dim": "#5f636d",
    "--mno-faint": "#666a75",
    "--mno-hover": "#f4f4f6",
    "--mno-chosen": "#eff0fd",
    "--mno-accent": "#4f56c9",
    "--mno-accent-text": "#4249ae",
    "--mno-good": "#17784a",
    "--mno-good-soft": "#e3f4ea",
    "--mno-attention": "#8f5a00",
    "--mno-attention-soft": "#fdf1d8",
    "--mno-broken": "#b9292f",
    "--mno-broken-soft": "#fcebeb",
    "--mno-information": "#1a66b3",
    "--mno-information-soft": "#e6f1fb",
    "--mno-shadow": "0 1px 2px rgb(20 20 30 / 4%)",
  },
  dark: {
    "--mantine-color-body": "#1a1b20",
    "--mantine-color-text": "#e7e8ec",
    "--mantine-color-dimmed": "#9da1ad",
    "--mantine-color-placeholder": "#868b97",
    "--mantine-color-default": "#202227",
    "--mantine-color-default-hover": "#282a31",
    "--mantine-color-default-border": "#34373f",
    "--mantine-color-anchor": "#a9aef5",
    "--mno-canvas": "#101114",
    "--mno-surface": "#17181c",
    "--mno-raised": "#1f2126",
    "--mno-line": "#26282e",
    "--mno-line-strong": "#383b44",
    "--mno-text": "#e7e8ec",
    "--mno-dim": "#9da1ad",
    "--mno-faint": "#868b97",
    "--mno-hover": "#1e2025",
    "--mno-chosen": "#24264a",
    "--mno-accent": "#7f86ee",
    "--mno-accent-text": "#a9aef5",
    "--mno-good": "#5cc990",
    "--mno-good-soft": "#153324",
    "--mno-attention": "#e5b258",
    "--mno-attention-soft": "#362a12",
    "--mno-broken": "#f28a8a",
    "--mno-broken-soft": "#3d1c1f",
    "--mno-information": "#7db8f0",
    "--mno-information-soft": "#152c42",
    "--mno-shadow": "none",
  },
});

export const themeStore = localStorageColorSchemeManager({ key: "mno.theme" });
