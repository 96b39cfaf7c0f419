"""Every gateway's side of the matrix. A new gateway adds its own here and its table in `table.py`."""

from collections.abc import Mapping

from tests.safety.matrix.razorpay_side import RazorpaySide
from tests.safety.matrix.side import Delivery as Delivery  # part of what a side tells
from tests.safety.matrix.side import Side
from tests.safety.matrix.stripe_side import StripeSide

SIDES: Mapping[str, type[Side]] = {"stripe": StripeSide, "razorpay": RazorpaySide}
