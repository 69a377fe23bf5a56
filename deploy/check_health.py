"""Exits with 0 if the dashboard of this container answers, else with 1 and the reason. Standard library only.

Port and sub-path are read from the variables that configure the server, STREAMLIT_SERVER_PORT and
STREAMLIT_SERVER_BASE_URL_PATH.
"""

import os
import sys
import urllib.request

TIMEOUT_S = 5


def main() -> int:
    port = os.environ.get("STREAMLIT_SERVER_PORT", "8501")
    base_path = os.environ.get("STREAMLIT_SERVER_BASE_URL_PATH", "").strip("/")
    address = f"http://127.0.0.1:{port}/{base_path}/_stcore/health".replace("//_", "/_")
    try:
        # Not through the proxy of the environment.
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(address, timeout=TIMEOUT_S):
            return 0
    except OSError as error:
        print(f"{address} does not answer: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
