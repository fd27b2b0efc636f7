"""`python -m campaigns`; imports leave no garbage, so collecting it waits for `shared.service.run`."""

import gc

gc.disable()

from campaigns.main import main  # noqa: E402

if __name__ == "__main__":
    main()
