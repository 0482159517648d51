"""`python -m limber_bridge` is the command `limber`."""

import sys

from limber_bridge.cli import main

sys.exit(main())
