"""``python -m unrolled.characters``."""

from unrolled.characters.command import main

if __name__ == "__main__":
    raise SystemExit(main())
