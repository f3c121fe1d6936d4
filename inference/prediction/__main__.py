"""`python -m inference.prediction RUN_DIR`: what a trained network makes of the folder's images."""

import sys

from inference.prediction.start import predict
from inference.program import main

if __name__ == "__main__":
    sys.exit(main(predict))
