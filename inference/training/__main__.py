"""`python -m inference.training RUN_DIR`: train what the folder's spec.json asks for."""

import sys

from inference.program import main
from inference.training.start import train

if __name__ == "__main__":
    sys.exit(main(train))
