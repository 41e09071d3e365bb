"""``python -m skydriver`` is the command line, too."""

from __future__ import annotations

from skydriver.cli.main import main

if __name__ == "__main__":
    main()
