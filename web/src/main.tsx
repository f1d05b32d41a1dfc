import "@mantine/core/styles.css";
import "@mantine/notifications/styles.css";
import "@mantine/spotlight/styles.css";
import "./shell/look.css";
import { MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { QueryCache, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Problem } from "./api/client";
import { LanguageProvider } from "./i18n/language";
import { router } from "./shell/router";
import { theme, themeStore, themeVariables } from "./shell/theme";

const queries = new QueryClient({
  queryCache: new QueryCache({
    onError: (failure, query) => {
      // A session that ended while the page was open: ask anew, and the shell shows the way back in.
      const isSession = query.queryKey[0] === "session";
      if (failure instanceof Problem && failure.status === 401 && !isSession) {
        void queries.invalidateQueries({ queryKey: ["session"] });
      }
    },
  }),
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      refetchOnWindowFocus: false,
      retry: (attempts, failure) => attempts < 2 && failure instanceof Problem && (failure.status === 0 || failure.status === 503),
      retryDelay: (attempt) => 500 * 2 ** attempt,
    },
  },
});

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");
createRoot(root).render(
  <StrictMode>
    <MantineProvider theme={theme} cssVariablesResolver={themeVariables} colorSchemeManager={themeStore} defaultColorScheme="auto">
      <LanguageProvider>
        <QueryClientProvider client={queries}>
          <Notifications position="bottom-right" limit={3} />
          <RouterProvider router={router} />
        </QueryClientProvider>
      </LanguageProvider>
    </MantineProvider>
  </StrictMode>,
);
