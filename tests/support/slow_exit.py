"""A worker that closes its pipe and exits a moment later, as an interpreter does that ends by an error."""

import os
import sys
import time

if __name__ == "__main__":
    os.close(int(sys.argv[2]))
    time.sleep(0.5)
    sys.exit(3)
