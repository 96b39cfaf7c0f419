"""What the simulation is looking for."""


class Violation(BaseException):
    """An invariant of the money safety page does not hold; `payment_id` is whose. No Exception: it may be raised deep
    inside the product, which must not be able to handle it."""

    def __init__(self, invariant: str, payment_id: str, told: str) -> None:
        super().__init__(f"{invariant} {payment_id}: {told}")
        self.invariant = invariant
        self.payment_id = payment_id
        self.told = told


class Bug(Violation):
    """The product raised what it may never raise."""

    def __init__(self, payment_id: str, told: str) -> None:
        super().__init__("bug", payment_id, told)
