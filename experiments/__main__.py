import sys

from experiments.engine import main

sys.exit(main(sys.argv[1:]))
