"""`python -m tests.load` is `python -m tests.load.bench`."""

import sys

from tests.load.bench import main

sys.exit(main())
