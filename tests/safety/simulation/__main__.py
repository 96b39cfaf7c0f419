"""`python -m tests.safety.simulation --seeds 500 --payments 100 --processes 2`: the long form, or one seed again."""

from tests.safety.campaigns import command
from tests.safety.simulation.campaign import CAMPAIGN


def main() -> int:
    return command.run(CAMPAIGN, command.parser("tests.safety.simulation", __doc__).parse_args())


if __name__ == "__main__":
    raise SystemExit(main())
