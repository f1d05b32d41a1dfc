// A stand-in for the model providers: it answers as OpenAI, Anthropic and Gemini do, and can be told to fail.

import { createServer } from "node:http";

const TEXT = "Hello from the stand-in.";

function answerTo(path, request) {
  if (path.startsWith("/v1/messages")) {
    return {
      id: "msg_1", type: "message", role: "assistant", model: request.model, stop_reason: "end_turn", stop_sequence: null,
      content: [{ type: "text", text: TEXT }], usage: { input_tokens: 1200, output_tokens: 80 },
    };
  }
  if (path.includes(":generateContent")) {
    return {
      candidates: [{ content: { role: "model", parts: [{ text: TEXT }] }, finishReason: "STOP", index: 0 }],
      usageMetadata: { promptTokenCount: 1200, candidatesTokenCount: 80, totalTokenCount: 1280 }, modelVersion: "gemini-2.5-flash", responseId: "r-1",
    };
  }
  return {
    id: "chatcmpl-1", object: "chat.completion", created: 1_760_000_000, model: request.model,
    choices: [{ index: 0, message: { role: "assistant", content: TEXT }, finish_reason: "stop", logprobs: null }],
    usage: { prompt_tokens: 1200, completion_tokens: 80, total_tokens: 1280 },
  };
}

/** Starts it at a free port. `credentials` collects what the hub showed; models in `failing` are answered with 500. */
export async function startProvider() {
  const credentials = new Set();
  const failing = new Set();
  const server = createServer((request, response) => {
    const parts = [];
    request.on("data", (part) => parts.push(part));
    request.on("end", () => {
      const { authorization, "x-api-key": anthropic, "x-goog-api-key": google } = request.headers;
      credentials.add(authorization?.replace("Bearer ", "") ?? anthropic ?? google ?? "");
      const asked = JSON.parse(Buffer.concat(parts).toString() || "{}");
      const isFailing = failing.has(asked.model);
      response.writeHead(isFailing ? 500 : 200, { "content-type": "application/json" });
      response.end(JSON.stringify(isFailing ? { error: { message: "It is out of order." } } : answerTo(request.url, asked)));
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    text: TEXT, credentials, failing,
    url: `http://127.0.0.1:${server.address().port}`,
    stop: () => new Promise((resolve) => {
      server.closeAllConnections();
      server.close(resolve);
    }),
  };
}
