"""How good the skills are: seeded worlds with known truth, baselines, and the bars each skill has to pass."""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # small matrices: a second thread only waits
