"""`python -m projector`; imports leave no garbage, so collecting it waits for `shared.service.run`."""

import gc

gc.disable()

from projector.main import main  # noqa: E402

if __name__ == "__main__":
    main()
