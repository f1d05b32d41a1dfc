"""What the conformance suite starts as the client under test: it lets the gateway of the tests be that client.

python drive.py CONTROL-ADDRESS SERVER-ADDRESS
"""

import json
import os
import sys
import urllib.request


def main() -> None:
    told = {
        "scenario": os.environ["MCP_CONFORMANCE_SCENARIO"],
        "context": json.loads(os.environ.get("MCP_CONFORMANCE_CONTEXT") or "{}"),
        "address": sys.argv[2],
    }
    request = urllib.request.Request(sys.argv[1], json.dumps(told).encode(), method="POST")
    with urllib.request.urlopen(request, timeout=780) as answer:
        if trouble := answer.read().decode():
            sys.exit(trouble)


if __name__ == "__main__":
    main()
