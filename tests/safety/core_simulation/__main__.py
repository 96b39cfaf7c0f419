"""`python -m tests.safety.core_simulation --gateway razorpay --seeds 1000`: the long form, or one seed again."""

from tests.safety.campaigns import command
from tests.safety.core_simulation.campaign import SIDES, campaign


def main() -> int:
    parser = command.parser("tests.safety.core_simulation", __doc__)
    parser.add_argument("--gateway", choices=sorted(SIDES), default="stripe", help="whose side (default stripe)")
    asked = parser.parse_args()
    return command.run(campaign(asked.gateway), asked)


if __name__ == "__main__":
    raise SystemExit(main())
