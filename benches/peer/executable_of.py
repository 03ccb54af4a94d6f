"""Finds, in cargo's messages on standard input, the executable of a target."""

import json
import sys

wanted = sys.argv[1]
executable = None
for line in sys.stdin:
    message = json.loads(line)
    if message.get("reason") == "compiler-artifact" and message["target"]["name"] == wanted:
        executable = message.get("executable") or executable
if executable is None:
    sys.exit(f"cargo built no executable called {wanted}")
print(executable)
