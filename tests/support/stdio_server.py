"""An MCP server that is a program: it answers line by line, of either era, and misbehaves as it is told.

Run as a script: python stdio_server.py modern|older|strict. `strict` ends at a question before `initialize` that it
does not know. Each tool is named after what it does.
"""

import json
import os
import queue
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

_ERA = sys.argv[1]
_WRITING = threading.Lock()
_TOOLS = ["echo", "slow", "die", "child", "long", "progress", "noise", "whoami", "change", "ask"]
_CANCELLED: list[Any] = []
_ANSWERS: dict[str, "queue.Queue[Any]"] = {}


def say(value: Any) -> None:
    with _WRITING:
        sys.stdout.write((value if isinstance(value, str) else json.dumps(value)) + "\n")
        sys.stdout.flush()


def answer(request: Any, result: Any) -> None:
    say({"jsonrpc": "2.0", "id": request["id"], "result": result})


def text(value: str) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": value}], "resultType": "complete"}


def call(request: Any) -> None:
    params = request["params"]
    arguments = params.get("arguments", {})
    match params["name"]:
        case "echo":
            answer(request, text(json.dumps(arguments)))
        case "slow":
            time.sleep(arguments.get("s", 60))
            answer(request, text(f"cancelled: {_CANCELLED}"))
        case "die":
            sys.stderr.write(f"dying with {os.environ.get('MY_TOKEN', 'nothing')}\n")
            sys.stderr.flush()
            os._exit(3)
        case "child":
            # leaves the group and closes what ties it to its parent, as a daemon does
            nothing = subprocess.DEVNULL
            command = ["sh", "-c", "trap '' TERM; sleep 600"] if arguments.get("stubborn") else ["sleep", "600"]
            child = subprocess.Popen(command, start_new_session=True, stdin=nothing, stdout=nothing, stderr=nothing)
            answer(request, text(f"{os.getpid()} {child.pid}"))
        case "long":
            answer(request, text("x" * arguments["bytes"]))
        case "progress":
            token = params.get("_meta", {}).get("progressToken")
            for step in range(3):
                told = {"progressToken": token, "progress": step + 1, "total": 3}
                say({"jsonrpc": "2.0", "method": "notifications/progress", "params": told})
            answer(request, text(f"token {token}"))
        case "noise":
            say("this is no JSON")
            say([1, 2])
            say({"jsonrpc": "2.0", "id": 999_999, "result": {}})
            answer(request, text("fine"))
        case "whoami":
            answer(request, text(json.dumps({"pid": os.getpid(), "cwd": str(Path.cwd()), "env": dict(os.environ)})))
        case "change":
            say({"jsonrpc": "2.0", "method": "notifications/tools/list_changed"})
            answer(request, text("changed"))
        case "ask":
            own_id = f"s{request['id']}"
            arrived = _ANSWERS[own_id] = queue.Queue()
            say({"jsonrpc": "2.0", "id": own_id, "method": "sampling/createMessage", "params": {"maxTokens": 1}})
            said = arrived.get()
            answer(request, text(json.dumps(said.get("result", said.get("error", {}).get("code")))))


def main() -> None:
    for line in sys.stdin:
        request = json.loads(line)
        if "method" not in request:
            _ANSWERS[request["id"]].put(request)
            continue
        match request["method"]:
            case "server/discover" if _ERA == "modern":
                versions = {"supportedVersions": ["2026-07-28"], "capabilities": {"tools": {}}}
                answer(request, {**versions, "resultType": "complete"})
            case "server/discover" if _ERA == "strict":
                sys.exit(1)
            case "initialize" if _ERA != "modern":
                answer(
                    request,
                    {
                        "protocolVersion": "2025-06-18",
                        "capabilities": {"tools": {}},
                        "serverInfo": {"name": "test", "version": "1"},
                    },
                )
            case "tools/list":
                answer(request, {"tools": [{"name": name, "inputSchema": {"type": "object"}} for name in _TOOLS]})
            case "tools/call":
                threading.Thread(target=call, args=(request,), daemon=True).start()
            case "notifications/cancelled":
                _CANCELLED.append(request["params"]["requestId"])
            case _ if "id" in request:
                error = {"code": -32601, "message": "Method not found"}
                say({"jsonrpc": "2.0", "id": request["id"], "error": error})


if __name__ == "__main__":
    main()
