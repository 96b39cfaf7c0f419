"""`python -m cli` is `payonce`, for children that must run under this very Python."""

from cli.main import main

if __name__ == "__main__":
    main()
