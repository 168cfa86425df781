"""`python -m modelgate` is `modelgate`."""

import sys

from modelgate.cli import main

sys.exit(main())
