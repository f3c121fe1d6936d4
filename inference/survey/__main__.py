"""`python -m inference.survey RUN_DIR`: measure the pictures of the folder."""

import sys

from inference.program import main
from inference.survey.work import survey

if __name__ == "__main__":
    sys.exit(main(survey))
