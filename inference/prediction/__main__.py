"""`python -m inference.prediction RUN_DIR`: place landmarks on the folder's images."""

import sys

from inference.prediction.landmarks import predict
from inference.program import main

if __name__ == "__main__":
    sys.exit(main(predict))
